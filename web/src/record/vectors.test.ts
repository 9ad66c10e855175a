/** Python and the page are held together by tests/vectors: same bytes, same hashes, same refusals. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ascii, b64u, unb64u } from "../accreditation/bytes";
import { parseJson } from "../accreditation/json";
import { type Members, read } from "../accreditation/members";
import { openSigned, type PublicKey, thumbprint } from "../accreditation/signature";
import { readAct, wireForm } from "../meeting/acts";
import { webcrypto } from "../member/webcrypto";
import { isRefusal, type Refusal } from "../refusal";
import { type Entry, openEntry, type Place, parseWire, placeOf } from "./entry";
import { beginning, check, compare, contradiction, merge, openHead, type Tail } from "./journal";

// biome-ignore lint/suspicious/noExplicitAny: vectors are data of many forms
const vectors = (name: string): any =>
  JSON.parse(readFileSync(new URL(`../../../tests/vectors/${name}.json`, import.meta.url), "utf8"));
const keyOf = (jwk: { x: string }): PublicKey => ({ octets: unb64u(jwk.x) as Uint8Array<ArrayBuffer> });
const bytes = (text: string) => new TextEncoder().encode(text);

async function entryOf(wire: { h: string; b: string | null }): Promise<Entry> {
  const entry = await openEntry(unb64u(wire.h) as Uint8Array<ArrayBuffer>, wire.b, webcrypto);
  if (isRefusal(entry)) throw new Error(`refused: ${entry.refused}`);
  return entry;
}

describe("strict JSON and b64u", () => {
  const given = vectors("strict");
  test.each(given.json as { json: string; accepted: boolean }[])("$json", ({ json, accepted }) => {
    const text = unb64u(json) as Uint8Array;
    const parse = () => parseJson(text);
    if (accepted) parse();
    else expect(parse).toThrow();
  });
  test.each(given.b64u as { text: string; bytes: string | null }[])("b64u $text", ({ text, bytes: hex }) => {
    const data = unb64u(text);
    expect(data === undefined ? null : Buffer.from(data).toString("hex")).toBe(hex);
  });
});

describe("acts", () => {
  const given = vectors("act");
  test.each(given.cases as { name: string; jws: string; outcome: { hash?: string; refusal?: string } }[])(
    "$name",
    async ({ jws, outcome }) => {
      const signed = await openSigned(jws, "act", readAct, () => keyOf(given.key), webcrypto);
      expect(isRefusal(signed) ? { refusal: signed.refused } : { hash: signed.hash }).toEqual(outcome);
    },
  );
  test("are written as Python writes them", () => {
    const act = read(bytes(JSON.stringify(given.payload)), readAct);
    if (isRefusal(act)) throw new Error(act.refused);
    expect(new TextDecoder().decode(wireForm(act))).toBe(JSON.stringify(given.payload));
  });
  test("name their author by its key's thumbprint", async () => {
    expect(await thumbprint(keyOf(given.key), webcrypto)).toBe(given.thumbprint);
  });
});

describe("entries", () => {
  const given = vectors("entry");
  test.each(given.cases as { name: string; entry: string; outcome: Record<string, unknown> }[])(
    "$name",
    async ({ entry, outcome }) => {
      const wire = read(bytes(entry), parseWire);
      const opened: Entry | Refusal = isRefusal(wire) ? wire : await openEntry(wire.h, wire.b, webcrypto);
      if (isRefusal(opened)) expect({ refusal: opened.refused }).toEqual(outcome);
      else {
        expect({ hash: opened.hash, body: opened.body, header: { v: 1, ...opened.header } }).toEqual(outcome);
      }
    },
  );
});

describe("journals", () => {
  const given = vectors("journal");

  async function follow(entries: readonly { h: string; b: string | null }[]) {
    const tails = new Map<string, Tail>();
    const chains = new Map<string, Entry[]>();
    for (const journal of [given.meeting, given.sitting]) {
      tails.set(journal, await beginning(given.meeting, journal, webcrypto));
      chains.set(journal, []);
    }
    const main = chains.get(given.meeting) as Entry[];
    const mainHolds = ([seq, hash]: Place) => main[seq - 1]?.hash === hash;
    for (const [at, wire] of entries.entries()) {
      const entry = await entryOf(wire);
      // An entry of a journal that nobody reads here is judged against main, as Python's vectors do.
      const journal = tails.has(entry.header.journal) ? entry.header.journal : given.meeting;
      const tail = check(tails.get(journal) as Tail, entry, mainHolds);
      if (isRefusal(tail)) return { refusal: tail.refused, at };
      tails.set(journal, tail);
      chains.get(journal)?.push(entry);
    }
    return { chains, heads: Object.fromEntries([...tails].map(([journal, { seq, hash }]) => [journal, [seq, hash]])) };
  }

  test.each(given.cases as { name: string; entries: []; outcome: { rule?: string } }[])(
    "$name",
    async ({ entries, outcome: { rule: _, ...outcome } }) => {
      const { chains: _chains, ...followed } = await follow(entries);
      expect(followed).toEqual(outcome);
    },
  );

  test("are folded in the order of the merge, and forks are named", async () => {
    const { chains } = await follow(given.cases[0].entries);
    const main = chains?.get(given.meeting) as Entry[];
    const sitting = chains?.get(given.sitting) as Entry[];
    expect([...merge(main, sitting)].map((entry) => entry.hash)).toEqual(given.merged);
    for (const { seen, fork } of given.forks) {
      const found = compare(given.sitting, (seq) => sitting[seq - 1]?.hash, seen) ?? null;
      if (fork === null) expect(found).toBeNull();
      else expect(found).toMatchObject(fork);
    }
  });

  test.each(Object.entries(given.genesis as Record<string, string>))("begin: %s", async (journal, genesis) => {
    expect((await beginning(given.meeting, journal, webcrypto)).hash).toBe(genesis);
  });
});

describe("heads", () => {
  const given = vectors("head");
  const open = (jws: string) => openHead(jws, keyOf(given.registrar), given.meeting, webcrypto);
  test.each(given.cases as { name: string; head: string; outcome: Record<string, unknown> }[])(
    "$name",
    async ({ head, outcome }) => {
      const first = await open(given.cases[0].head);
      const signed = await open(head);
      if (isRefusal(first) || isRefusal(signed)) {
        expect(isRefusal(signed) && { refusal: signed.refused }).toEqual(outcome);
        return;
      }
      const fork = contradiction(first.payload, signed.payload);
      expect(Object.fromEntries(signed.payload.heads)).toEqual(outcome["heads"]);
      expect(fork ? { journal: fork.journal, seq: fork.seq } : null).toEqual(outcome["contradicts_the_first"]);
    },
  );
});

// The members' parser is exercised by every case above; this holds its one subtlety.
test("texts are counted in code points", () => {
  const parse = (members: Members) => members.text("t", 2);
  expect(isRefusal(read(bytes('{"t":"🕊🕊"}'), parse))).toBe(false);
  expect(isRefusal(read(bytes('{"t":"🕊🕊🕊"}'), parse))).toBe(true);
  expect(b64u(ascii("é"))).toBe("w6k");
  expect(placeOf({ header: { seq: 1 }, hash: "h" } as Entry)).toEqual([1, "h"]);
});
