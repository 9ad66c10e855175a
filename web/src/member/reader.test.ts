/** The reader, held to the stories that Python tells (tests/vectors/fold), with the members' own validator of chains. */
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { localCore } from "../../harness/localCore.ts";
import { unb64u } from "../accreditation/bytes.ts";
import { type PublicKey, thumbprint } from "../accreditation/signature.ts";
import { checksWith } from "../e2ee/chains.ts";
import { outline } from "../meeting/outline.ts";
import type { Checks } from "../meeting/rules.ts";
import type { RecordState } from "../meeting/state.ts";
import { type Entry, openEntry } from "../record/entry.ts";
import { isRefusal } from "../refusal.ts";
import { Reader } from "./reader.ts";
import { webcrypto } from "./webcrypto.ts";

interface Wire {
  readonly h: string;
  readonly b: string | null;
}
interface Story {
  readonly authority: string;
  readonly meeting: string;
  readonly charters: readonly string[];
  readonly parts: Readonly<Record<string, string>>;
  readonly entries: readonly Wire[];
  readonly state: { readonly sittings: Readonly<Record<string, object>> };
}

const FOLDER = new URL("../../../tests/vectors/fold/", import.meta.url);
const names = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
const bytes = (text: string) => unb64u(text) as Uint8Array<ArrayBuffer>;
let checks: Checks;
beforeAll(() => {
  checks = checksWith(localCore(), webcrypto);
});

async function entriesOf(story: Story): Promise<readonly Entry[]> {
  return Promise.all(
    story.entries.map(async ({ h, b }) => {
      const entry = await openEntry(bytes(h), b, webcrypto);
      if (isRefusal(entry)) throw new Error(entry.refused);
      return entry;
    }),
  );
}

async function readerOf(story: Story): Promise<Reader> {
  const reader = new Reader(story.authority, story.meeting, checks);
  const parts = new Map(Object.entries(story.parts).map(([id, text]) => [id, bytes(text)]));
  expect(await reader.learn(story.charters, parts)).toBeUndefined();
  return reader;
}

async function sittingsOf(reader: Reader): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const sitting of reader.sittings) {
    const record = reader.record(sitting) as RecordState;
    const told = (await outline(record, (key: PublicKey) => thumbprint(key, webcrypto))) as Story["state"];
    found[sitting] = told.sittings[sitting];
  }
  return found;
}

describe.each(names)("%s", (name) => {
  const story: Story = JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
  const folded = (of: readonly string[]) => Object.fromEntries(of.map((id) => [id, story.state.sittings[id]]));

  test("as it comes, each sitting folds to the state that Python comes to, each entry told once", async () => {
    const reader = await readerOf(story);
    const entries = await entriesOf(story);
    let told = 0;
    for (const entry of entries) {
      const { steps, breach } = await reader.take([entry]);
      expect(breach).toBeUndefined();
      told += steps.length;
    }
    expect(await sittingsOf(reader)).toEqual(folded(reader.sittings));
    expect(told).toBe(entries.filter(({ header }) => header.main !== null).length);
  });

  test("read late, main first and then the sittings, it is the same", async () => {
    const reader = await readerOf(story);
    const entries = await entriesOf(story);
    const main = entries.filter(({ header }) => header.main === null);
    const others = entries.filter(({ header }) => header.main !== null);
    const { steps, breach } = await reader.take([...main, ...others]);
    expect(breach).toBeUndefined();
    expect(await sittingsOf(reader)).toEqual(folded(reader.sittings));
    expect(steps.length).toBe(others.length);
  });

  test("the same entries once more change nothing; one left out, and another one for a known place, break it", async () => {
    const reader = await readerOf(story);
    const entries = await entriesOf(story);
    expect((await reader.take(entries)).breach).toBeUndefined();
    const before = reader.after();
    expect(await reader.take(entries)).toEqual({ steps: [] });
    expect(reader.after()).toEqual(before);

    const [first] = entries;
    if (!first) return;
    const other: Entry = { ...first, hash: "another" };
    expect((await reader.take([other])).breach).toMatchObject({ breach: "entry.broken", seq: 1 });
    const gap = await (await readerOf(story)).take(entries.slice(1));
    expect(gap.breach?.breach).toBe("entry.broken");
  });
});

test("a receipt is held to what the journal shows once it is read", async () => {
  const story: Story = JSON.parse(readFileSync(new URL(names[0] as string, FOLDER), "utf8"));
  const [first] = await entriesOf(story);
  if (!first) throw new Error("a story has entries");
  const reader = await readerOf(story);
  expect(reader.receipt({ ...first, hash: "another" })).toBeUndefined();
  expect((await reader.take([first])).breach).toMatchObject({ breach: "entry.broken" });
});

test("a charter of another authority, and a part that is not the charter's, are refused", async () => {
  const story: Story = JSON.parse(readFileSync(new URL(names[0] as string, FOLDER), "utf8"));
  const stranger = new Reader(story.meeting, story.meeting, checks);
  expect(await stranger.learn(story.charters, new Map())).toEqual({ refused: "charter.authority" });
  const reader = await readerOf(story);
  const forged = new Map([["open", new Uint8Array([123, 125])]]);
  expect(await reader.learn(story.charters, forged)).toEqual({ refused: "charter.part" });
});
