/** What of the things that a device read goes into its export, and up to where. That the file verifies, tests/browser hold. */
import { expect, test } from "vitest";
import type { Entry } from "../record/entry.ts";
import type { SignedHead } from "../record/journal.ts";
import { type Shown, testimony } from "./testimony.ts";
import { webcrypto } from "./webcrypto.ts";

const entry = (journal: string, seq: number) =>
  ({
    header: { journal, seq, at: seq, main: journal === "main" ? null : [1, ""] },
    headerBytes: new TextEncoder().encode(`${journal} ${seq}`),
    body: null,
  }) as unknown as Entry;
const journal = (name: string, length: number) => Array.from({ length }, (_, index) => entry(name, index + 1));
const head = (jws: string, at: number, ends: Readonly<Record<string, number>>): SignedHead => ({
  jws,
  head: { meeting: "main", at, heads: new Map(Object.entries(ends).map(([name, seq]) => [name, [seq, ""]])) },
});

const shown = (...heads: readonly SignedHead[]): Shown => ({
  meeting: "main",
  charters: ["charter"],
  parts: new Map([["open", Uint8Array.of(1)]]),
  chain: "delegation~seat~device",
  entries: new Map([
    ["main", journal("main", 3)],
    ["one", journal("one", 4)],
    ["other", journal("other", 2)],
  ]),
  heads,
});

async function told(...heads: readonly SignedHead[]) {
  const text = await testimony(shown(...heads), webcrypto);
  const lines = text?.trimEnd().split("\n") ?? [];
  const entries = lines.slice(1, -1).map((line) => atob(JSON.parse(line).h.replaceAll("-", "+").replaceAll("_", "/")));
  return { text, entries, head: lines.length > 0 ? JSON.parse(lines.at(-1) ?? "").head : undefined };
}

test("it ends where the head that it carries ends", async () => {
  const { entries, head: carried } = await told(head("newest", 9, { main: 2, one: 3 }));
  expect(entries).toEqual(["main 1", "one 1", "one 2", "one 3", "main 2"]);
  expect(carried).toBe("newest");
});

test("of several heads the one over most journals counts, and of these the newest", async () => {
  const wide = { main: 3, one: 4, other: 2 };
  const heads = [head("old", 1, wide), head("wide", 2, wide), head("newest", 3, { main: 3, one: 4 })];
  expect((await told(...heads)).head).toBe("wide");
});

test("a head that does not cover main, or is of entries that never came, counts for nothing", async () => {
  expect((await told(head("one", 1, { one: 4 }), head("ahead", 2, { main: 4 }))).text).toBeUndefined();
  expect((await told()).text).toBeUndefined();
});

test("of the device's own it has the two statements that vouch for its seat, and nothing else", async () => {
  const { text } = await told(head("newest", 9, { main: 1 }));
  const { statements, ...title } = JSON.parse(text?.split("\n")[0] ?? "");
  expect(statements).toEqual(["delegation", "seat"]);
  expect(title).toEqual({ incamera: "record", v: 1, meeting: "main", charters: ["charter"], parts: { open: "AQ" } });
});
