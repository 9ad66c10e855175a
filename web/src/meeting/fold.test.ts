/** The fold, held to the stories that Python tells (tests/vectors/fold): same states, same refusals, same lies found. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ascii, b64u, unb64u } from "../accreditation/bytes";
import { openCharter, openContents } from "../accreditation/charter";
import { read } from "../accreditation/members";
import { jwkMember, openSigned, type PublicKey, thumbprint } from "../accreditation/signature";
import { parseDelegationStatement, parseSeatStatement } from "../accreditation/statements";
import { webcrypto } from "../member/webcrypto";
import { type Entry, openEntry } from "../record/entry";
import { beginning } from "../record/journal";
import { isRefusal, type Refusal, refuse } from "../refusal";
import { type Breach, fold } from "./fold";
import { outline } from "./outline";
import { type Checks, decide, type Expected, openAct, prove } from "./rules";
import { type Credential, initial, type RecordState } from "./state";
import { meetingTerms } from "./terms";

interface Story {
  readonly name: string;
  readonly authority: string;
  readonly meeting: string;
  readonly charters: readonly string[];
  readonly parts: Readonly<Record<string, string>>;
  readonly entries: readonly Wire[];
  readonly state: object;
  readonly acts: readonly { name: string; after: number; at: number; act: string; refusal: string | null }[];
  readonly lies: readonly { name: string; after: number; entry: Wire; code: string }[];
}
interface Wire {
  readonly h: string;
  readonly b: string | null;
}

const FOLDER = new URL("../../../tests/vectors/fold/", import.meta.url);
const SKEW_MS = 300_000;

/** The members' validator is crates/e2ee's; this one, for the stories' honest chains and a few broken ones, stands in for it. */
async function validate(chain: string, expected: Expected, at: number): Promise<Credential | Refusal> {
  const [one = "", two = "", three = "", four] = chain.split("~");
  if ((four === undefined) !== (expected.leaf === null)) return refuse("chain.length");
  const leaf = (members: Parameters<typeof parseSeatStatement>[0]) => {
    members.constant("v", 1);
    const meeting = members.id("meeting");
    members.hash("iss");
    const times = [members.integer("iat"), members.integer("nbf"), members.integer("exp")] as const;
    const place = { sitting: members.id("sitting"), group: members.id("group") };
    return { meeting, until: times[2], from: times[1], ...place, key: jwkMember(members.object("cnf"), "jwk") };
  };
  const delegation = await openSigned(one, "delegation", parseDelegationStatement, () => expected.authority, webcrypto);
  if (isRefusal(delegation)) return refuse(delegation.refused === "signature.wrong" ? "chain.authority" : "chain.form");
  const seat = await openSigned(two, "seat", parseSeatStatement, () => delegation.payload.key, webcrypto);
  if (isRefusal(seat)) return refuse("chain.signature");
  const device = await openSigned(three, "device", parseSeatStatement, () => seat.payload.key, webcrypto);
  if (isRefusal(device)) return refuse("chain.signature");
  const last = four === undefined ? null : await openSigned(four, "leaf", leaf, () => device.payload.key, webcrypto);
  if (isRefusal(last)) return refuse("chain.signature");
  const periods = [delegation, seat, device, ...(last ? [last] : [])].map(({ payload }) => payload);
  if (periods.some(({ from, until }) => at < from - SKEW_MS || at >= until + SKEW_MS)) return refuse("chain.time");
  const named = await thumbprint(device.payload.key, webcrypto);
  if (
    last &&
    expected.leaf &&
    (last.payload.sitting !== expected.leaf.sitting || last.payload.group !== expected.leaf.group)
  )
    return refuse("chain.sitting");
  if (expected.enrolled && !expected.enrolled.includes(named)) return refuse("chain.enrolled");
  if (expected.revoked.includes(named)) return refuse("chain.revoked");
  return {
    delegation: device.payload.delegation,
    seat: device.payload.seat,
    device: named,
    key: device.payload.key,
    leaf: last && (await thumbprint(last.payload.key, webcrypto)),
    until: Math.min(...periods.map(({ until }) => until)),
  };
}

const checks: Checks = { ...webcrypto, validate };

async function begin(story: Story): Promise<RecordState> {
  const charters = await Promise.all(story.charters.map((jws) => openCharter(jws, story.authority, webcrypto)));
  const opened = charters.flatMap((charter) => (isRefusal(charter) ? [] : [charter]));
  const parts = new Map(Object.entries(story.parts).map(([id, text]) => [id, unb64u(text) as Uint8Array<ArrayBuffer>]));
  const charter = opened.at(-1)?.payload;
  if (!charter) throw new Error("no charter");
  const contents = await openContents(parts, charter, webcrypto);
  if (isRefusal(contents)) throw new Error(contents.refused);
  const terms = meetingTerms(opened, contents);
  if (isRefusal(terms)) throw new Error(terms.refused);
  const begins = async (sitting: string) => [sitting, await beginning(story.meeting, sitting, webcrypto)] as const;
  const sittings = new Map(await Promise.all([...terms.sittings.keys()].map(begins)));
  return initial(terms, await beginning(story.meeting, story.meeting, webcrypto), sittings);
}

async function entryOf(wire: Wire): Promise<Entry> {
  const entry = await openEntry(unb64u(wire.h) as Uint8Array<ArrayBuffer>, wire.b, webcrypto);
  if (isRefusal(entry)) throw new Error(entry.refused);
  return entry;
}

/** The states on the way: before the first entry, after it, and so on. */
async function told(story: Story): Promise<readonly RecordState[]> {
  const states = [await begin(story)];
  for (const wire of story.entries) {
    const next: RecordState | Breach = await fold(states.at(-1) as RecordState, await entryOf(wire), checks);
    if ("breach" in next) throw new Error(`entry ${next.seq} of ${next.journal}: ${next.breach}`);
    states.push(next);
  }
  return states;
}

const names = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));

describe.each(names)("%s", (name) => {
  const story: Story = JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));

  test("comes to the state that Python comes to", async () => {
    expect(
      await outline((await told(story)).at(-1) as RecordState, (key: PublicKey) => thumbprint(key, webcrypto)),
    ).toEqual(story.state);
  });

  test("answers each act as Python does", async () => {
    const states = await told(story);
    const answers: Record<string, string | null> = {};
    for (const { name: act, after: entries, act: jws, at } of story.acts) {
      const record = states[entries] as RecordState;
      const signed = await openAct(record.meeting, jws, at, checks);
      const answer = isRefusal(signed)
        ? signed
        : decide(record, signed, at, await prove(record, signed.payload, at, checks));
      answers[act] = isRefusal(answer) ? answer.refused : null;
    }
    expect(answers).toEqual(Object.fromEntries(story.acts.map((act) => [act.name, act.refusal])));
  });

  test("finds each lie", async () => {
    const states = await told(story);
    for (const { name: lie, after: entries, entry: wire, code } of story.lies) {
      const record = states[entries] as RecordState;
      const entry = await openEntry(unb64u(wire.h) as Uint8Array<ArrayBuffer>, wire.b, webcrypto);
      const next = isRefusal(entry) ? { breach: entry.refused } : await fold(record, entry, checks);
      expect("breach" in next ? next.breach : "it stands", lie).toBe(code);
    }
  });
});

test("the stories are there", () => {
  expect(names.length).toBeGreaterThanOrEqual(8);
  expect(b64u(ascii("x"))).toBe("eA");
  expect(isRefusal(read(ascii("{}"), (members) => members.text("x")))).toBe(true);
});
