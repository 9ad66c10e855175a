/**
 * The export of a record, `.incamera`: one file that proves itself (docs/reference/record.md, 4). Lines of compact JSON, members in the
 * order given, each ended by one newline. `incamera record verify` reads it; here it is written only.
 */
import { ascii, b64u, type Primitives } from "../accreditation/bytes.ts";
import type { Entry } from "./entry.ts";

/** The first line: which meeting, and what vouches for those in it. */
export interface Title {
  readonly meeting: string;
  /** JWS, from number 0 on. */
  readonly charters: readonly string[];
  readonly parts: ReadonlyMap<string, Uint8Array>;
  readonly statements: readonly string[];
}

/** The file's text. `head`: the registrar's JWS over just these entries' journals. */
export async function archive(
  { meeting, charters, parts, statements }: Title,
  entries: readonly Entry[],
  head: string,
  primitives: Primitives,
): Promise<string> {
  const encoded = Object.fromEntries([...parts].map(([name, data]) => [name, b64u(data)]));
  const title = JSON.stringify({ incamera: "record", v: 1, meeting, charters, parts: encoded, statements });
  const lines = entries.map(({ headerBytes, body }) => JSON.stringify({ h: b64u(headerBytes), b: body }));
  const before = [title, ...lines, ""].join("\n");
  const file = b64u(await primitives.sha256(ascii(before)));
  return `${before}${JSON.stringify({ head, file })}\n`;
}

/**
 * One order for several journals, in which each folds: main, and right after each of its entries those that name it; of several
 * sittings, by their times. It is the server's but for entries of different sittings.
 */
export function inOneOrder(meeting: string, journals: Iterable<readonly Entry[]>): readonly Entry[] {
  return [...journals].flat().sort(({ header: one }, { header: other }) => {
    const named = (header: Entry["header"]) => (header.journal === meeting ? header.seq : (header.main?.[0] ?? 0));
    const isSitting = ({ journal }: Entry["header"]) => Number(journal !== meeting);
    return (
      named(one) - named(other) ||
      isSitting(one) - isSitting(other) ||
      one.at - other.at ||
      (one.journal === other.journal ? one.seq - other.seq : one.journal < other.journal ? -1 : 1)
    );
  });
}
