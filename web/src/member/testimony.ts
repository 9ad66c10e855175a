/**
 * A page's own export: what its device read of a meeting, up to an end that the server signed (docs/reference/record.md, 4). It has main
 * and the journals of the sittings that the device read. No secret goes into it: of the device's own it has the two statements that
 * vouch for its seat.
 */
import type { Primitives } from "../accreditation/bytes.ts";
import { archive, inOneOrder } from "../record/archive.ts";
import type { Entry } from "../record/entry.ts";
import type { SignedHead } from "../record/journal.ts";

/** What a device has read, as it was shown it. */
export interface Shown {
  readonly meeting: string;
  readonly charters: readonly string[];
  readonly parts: ReadonlyMap<string, Uint8Array>;
  /** The device's chain of three. */
  readonly chain: string;
  /** By journal; main's name is the meeting's. */
  readonly entries: ReadonlyMap<string, readonly Entry[]>;
  /** Heads that were true of these entries. */
  readonly heads: Iterable<SignedHead>;
}

/** The file's text; undefined where no end was signed: the device has read no record yet. */
export async function testimony(shown: Shown, primitives: Primitives): Promise<string | undefined> {
  const { meeting, charters, parts, chain, entries } = shown;
  const widest = widestOf(shown);
  if (!widest) return undefined;
  const statements = chain.split("~").slice(0, 2);
  const covered = [...widest.head.heads].map(([journal, [seq]]) => (entries.get(journal) ?? []).slice(0, seq));
  const title = { meeting, charters, parts, statements };
  return archive(title, inOneOrder(meeting, covered), widest.jws, primitives);
}

/** Of the heads that cover main, and all of whose entries are here, the one over most journals, and of these the newest. */
function widestOf({ meeting, entries, heads }: Shown): SignedHead | undefined {
  const isHere = ({ head }: SignedHead) =>
    head.heads.has(meeting) && [...head.heads].every(([journal, [seq]]) => (entries.get(journal)?.length ?? 0) >= seq);
  const [widest] = [...heads]
    .filter(isHere)
    .sort(({ head: one }, { head: other }) => other.heads.size - one.heads.size || other.at - one.at);
  return widest;
}
