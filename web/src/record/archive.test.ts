/** An export as the page writes it is the one that Python writes of the same record. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { unb64u } from "../accreditation/bytes.ts";
import { webcrypto } from "../member/webcrypto.ts";
import { isRefusal } from "../refusal.ts";
import { archive, inOneOrder, type Title } from "./archive.ts";
import { type Entry, openEntry } from "./entry.ts";

const bytes = (text: string) => unb64u(text) as Uint8Array<ArrayBuffer>;
const vectors: { cases: { name: string; file: string }[] } = JSON.parse(
  readFileSync(new URL("../../../tests/vectors/export.json", import.meta.url), "utf8"),
);

async function entryOf({ h, b }: { h: string; b: string | null }): Promise<Entry> {
  const entry = await openEntry(bytes(h), b, webcrypto);
  if (isRefusal(entry)) throw new Error(entry.refused);
  return entry;
}

test("the lines of a file are written as Python writes them, to the byte", async () => {
  const whole = vectors.cases.find(({ name }) => name === "a whole export")?.file ?? "";
  const [first, ...rest] = whole.trimEnd().split("\n");
  const { meeting, charters, parts, statements } = JSON.parse(first ?? "");
  const title: Title = {
    meeting,
    charters,
    parts: new Map(Object.entries(parts as Record<string, string>).map(([name, data]) => [name, bytes(data)])),
    statements,
  };
  const entries = await Promise.all(rest.slice(0, -1).map((line) => entryOf(JSON.parse(line))));
  expect(entries.length).toBeGreaterThan(0);
  expect(await archive(title, entries, JSON.parse(rest.at(-1) ?? "").head, webcrypto)).toBe(whole);
});

test("each entry of a sitting stands right after the main entry that it names, those of several by their times", () => {
  const entry = (journal: string, seq: number, at: number, named?: number) =>
    ({ header: { journal, seq, at, main: named === undefined ? null : [named, ""] } }) as unknown as Entry;
  const main = [entry("main", 1, 1), entry("main", 2, 4), entry("main", 3, 9)];
  const one = [entry("one", 1, 5, 2), entry("one", 2, 7, 2), entry("one", 3, 7, 2)];
  const other = [entry("other", 1, 2, 1), entry("other", 2, 6, 2), entry("other", 3, 9, 3)];
  const told = inOneOrder("main", [other, main, one]).map(({ header }) => `${header.journal} ${header.seq}`);
  expect(told).toEqual(["main 1", "other 1", "main 2", "one 1", "other 2", "one 2", "one 3", "main 3", "other 3"]);
});
