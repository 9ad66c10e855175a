/**
 * What this device was shown: its own record, the registrar's heads (of another record its signature alone), and the alarms with the
 * hash that somebody else was shown. One file, to be kept as proof.
 */
import { b64u } from "../accreditation/bytes.ts";
import type { Attendee } from "./attendee.ts";
import { testimony } from "./testimony.ts";
import { webcrypto } from "./webcrypto.ts";

/** Lines of compact JSON: what was seen, the heads (those that were not true of the entries, last), the charter with its parts, then the entries as they came. */
export function proofOf({ reader, alarms, sittings, me }: Attendee): Blob {
  const seen = [...alarms, ...[...sittings.values()].flatMap((sitting) => sitting.alarms)];
  const head = {
    incamera: "proof",
    v: 1,
    meeting: reader.meeting,
    device: me,
    alarms: seen,
    heads: [...[...reader.heads.values()].map(({ jws }) => jws), ...reader.forked],
    charters: reader.charters.map(({ jws }) => jws),
    parts: Object.fromEntries([...reader.parts].map(([name, data]) => [name, b64u(data)])),
  };
  const entries = [...reader.entries.values()].flat();
  const lines = entries.map(({ headerBytes, body }) => JSON.stringify({ h: b64u(headerBytes), b: body }));
  return new Blob([[JSON.stringify(head), ...lines, ""].join("\n")], { type: "application/x-ndjson" });
}

/** The record that this device read, as `incamera record verify` takes it; undefined: it has read none. */
export async function recordOf({ reader, device }: Attendee): Promise<Blob | undefined> {
  if (!device) return undefined;
  const { meeting, parts, entries } = reader;
  const charters = reader.charters.map(({ jws }) => jws);
  const heads = reader.heads.values();
  const text = await testimony({ meeting, charters, parts, chain: device.chain, entries, heads }, webcrypto);
  return text === undefined ? undefined : new Blob([text], { type: "application/x-ndjson" });
}
