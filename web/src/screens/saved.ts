/** What a person takes away from this page: files by the browser's own "save". */
import type { PrivateMember } from "../member/plane.ts";
import { refuse } from "../refusal.ts";
import { saveAs } from "../ui/saveAs.ts";
import type { Answer } from "../ui/usePending.ts";

/** The record that this device read. */
export async function saveRecord({ record, now }: Pick<PrivateMember, "record" | "now">): Promise<Answer> {
  return saved(await record(), now(), "incamera");
}

/** This device's record, with what it was shown of another one and what else it saw. */
export async function saveProof({ proof }: Pick<PrivateMember, "proof">, seen_ms: number): Promise<Answer> {
  return saved(await proof(), seen_ms, "json");
}

function saved(file: Blob | undefined, time_ms: number, suffix: string): Answer {
  if (!file) return refuse("record.unread");
  saveAs(file, `incamera-record-${new Date(time_ms).toISOString().slice(0, 16).replaceAll(":", "")}.${suffix}`);
  return undefined;
}
