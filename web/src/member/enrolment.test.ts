/** From a link to a leaf in a group: what a page signs is what the members' core accepts. */
import { beforeAll, expect, test } from "vitest";
import { localCore } from "../../harness/localCore.ts";
import { ascii, b64u, unb64u } from "../accreditation/bytes.ts";
import type { Charter } from "../accreditation/charter.ts";
import { type PublicKey, type Signed, thumbprint } from "../accreditation/signature.ts";
import { leafPayload } from "../accreditation/statements.ts";
import type { Core } from "../e2ee/core.ts";
import type { Facts, Trust } from "../e2ee/facts.ts";
import { Group } from "../e2ee/group.ts";
import { isRefusal, type Refusal } from "../refusal.ts";
import { signWith } from "./device.ts";
import { type LinkKey, vouch, vouching } from "./enrolment.ts";
import { founderFacts, noteBytes, noteOf } from "./share.ts";
import { webcrypto } from "./webcrypto.ts";

const NOW = Date.now();
const MEETING = b64u(new Uint8Array(16).fill(1));
const SITTING = b64u(new Uint8Array(16).fill(2));
const CHARTER = b64u(new Uint8Array(32).fill(3));
const SEATS = new Map([
  ["chair", "org"],
  ["alb-head", "alb"],
]);

let core: Core;
let authority: LinkKey;
let charter: Signed<Charter>;
let trust: Trust;
beforeAll(async () => {
  core = localCore();
  authority = await newKey();
  const name = await thumbprint(authority.public, webcrypto);
  trust = { authority: name, key: authority.public, meeting: MEETING, charters: [CHARTER], seats: SEATS };
  const payload = { meeting: MEETING, authority: authority.public, until: NOW + 86_400_000 };
  charter = { payload, hash: CHARTER } as unknown as Signed<Charter>;
});

async function newKey(): Promise<LinkKey> {
  const pair = (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
  const octets = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { sign: pair.privateKey, public: { octets } };
}

function statement(issuer: string, key: PublicKey, more: object): Uint8Array<ArrayBuffer> {
  const claims = { v: 1, meeting: MEETING, iss: issuer, iat: NOW, nbf: NOW - 60_000, exp: NOW + 86_400_000 };
  const cnf = { jwk: { kty: "OKP", crv: "Ed25519", x: b64u(key.octets) } };
  return ascii(JSON.stringify({ ...claims, ...more, cnf }));
}

/** An invitation's key, and all the statements that a server has for it, among others that it made up; `of` changes the authority's. */
async function invited(seat: string, of: { readonly delegation?: object; readonly seat?: object } = {}) {
  const [link, delegation, stranger] = [await newKey(), await newKey(), await newKey()];
  const name = SEATS.get(seat);
  const issuer = await thumbprint(delegation.public, webcrypto);
  const strange = await thumbprint(stranger.public, webcrypto);
  const statements = [
    await signWith(
      stranger.sign,
      "delegation",
      statement(strange, stranger.public, { delegation: name, charter: CHARTER }),
    ),
    await signWith(stranger.sign, "seat", statement(strange, link.public, { delegation: name, seat })),
    await signWith(delegation.sign, "seat", statement(issuer, link.public, { delegation: name, seat, ...of.seat })),
    await signWith(
      authority.sign,
      "delegation",
      statement(trust.authority, delegation.public, { delegation: name, charter: CHARTER, ...of.delegation }),
    ),
  ];
  return { link, statements };
}

async function enrolled(seat: string) {
  const { link, statements } = await invited(seat);
  const found = await vouching(link.public, charter, statements, webcrypto);
  if (isRefusal(found)) throw new Error(found.refused);
  const device = await newKey();
  const { chain } = await vouch(link, found, charter, device.public, NOW, webcrypto);
  return { chain, device, name: await thumbprint(device.public, webcrypto) };
}

async function leaf(of: Awaited<ReturnType<typeof enrolled>>, group: string) {
  const prepared = await Group.prepare(core, trust, SITTING, undefined);
  if (isRefusal(prepared)) throw new Error(prepared.refused);
  const claims = { meeting: MEETING, issuer: of.name, issued: NOW, from: NOW - 60_000, until: NOW + 3_600_000 };
  const octets = unb64u(prepared.leafKey) as Uint8Array<ArrayBuffer>;
  const vouched = await signWith(of.device.sign, "leaf", leafPayload(claims, SITTING, group, { octets }));
  return { group: prepared.group, chain: `${of.chain}~${vouched}` };
}

function sure<T extends object | string>(answer: T | Refusal): T {
  if (isRefusal(answer)) throw new Error(JSON.stringify(answer));
  return answer as T;
}

test("of the statements that a server has, those count that the link's authority signed", async () => {
  const { link, statements } = await invited("alb-head");
  const found = sure(await vouching(link.public, charter, statements, webcrypto));
  expect(found.names).toEqual({ delegation: "alb", seat: "alb-head" });
  expect(found.delegation).toBe(statements[3]);
  expect(await vouching(link.public, charter, statements.slice(0, 2), webcrypto)).toEqual({ refused: "chain.issuer" });
});

test("a link's statements of another meeting, or of another delegation than its own, are refused", async () => {
  const meeting = b64u(new Uint8Array(16).fill(9));
  for (const [of, refused] of [
    [{ delegation: { meeting } }, "chain.meeting"],
    [{ seat: { meeting } }, "chain.meeting"],
    [{ seat: { delegation: "org" } }, "chain.seat"],
  ] as const) {
    const { link, statements } = await invited("alb-head", of);
    expect(await vouching(link.public, charter, statements, webcrypto)).toEqual({ refused });
  }
});

test("two devices of two links come into one group, and its state goes on from where it was sealed", async () => {
  const [chair, albania] = [await enrolled("chair"), await enrolled("alb-head")];
  const id = await Group.newId(core);
  const host = await leaf(chair, id);
  expect(await host.group.found(host.chain, founderFacts(chair.name, NOW))).toBeUndefined();
  expect(host.group.state).toMatchObject({ phase: "member", group: id, epoch: 0, leaf: 0 });

  const guest = await leaf(albania, id);
  const keyPackage = b64u(sure(await guest.group.knock(guest.chain, NOW)));
  const [knockAct, admitAct] = [b64u(new Uint8Array(32).fill(8)), b64u(new Uint8Array(32).fill(9))];
  const facts: Facts = {
    at: NOW,
    admitted: new Map([
      [chair.name, []],
      [albania.name, [admitAct]],
    ]),
    knocks: new Map([[knockAct, { device: albania.name, chain: guest.chain, keyPackage }]]),
    due: [],
    revoked: [],
  };
  const knock = { device: albania.name, chain: guest.chain, keyPackage };
  expect(await host.group.inspect(knock, facts)).toBeUndefined();
  expect(await host.group.inspect({ ...knock, device: chair.name }, facts)).toBeDefined();
  const heads = { main: null, sitting: null };
  const plan = { adds: [{ device: albania.name, knock: knockAct, admit: admitAct }], removes: [], item: null };
  const draft = sure(await host.group.commit(plan, facts, heads));
  expect(host.group.state.pending).not.toBeNull();

  const merged = sure(await host.group.process(chair.name, ascii(draft.claims), facts));
  expect(merged).toMatchObject({ advance: { epoch: 1, isOwn: true, adds: [{ device: albania.name, leaf: 1 }] } });
  const roster = [chair.name, albania.name].map((device, at) => ({ leaf: at, device, at: NOW }));
  const welcome = draft.welcome as Uint8Array<ArrayBuffer>;
  sure(await guest.group.join(welcome, chair.name, ascii(draft.claims), facts, roster));
  expect(guest.group.state.roster.map(({ seat }) => seat)).toEqual(["chair", "alb-head"]);
  expect(await guest.group.words("en")).toEqual(await host.group.words("en"));
  expect(await guest.group.words("en")).toHaveLength(8);

  // Frame keys are of one epoch and one identity, and the same for both.
  const participant = `${chair.name}.AAAAAAAAAAA`;
  const one = await host.group.frameKey(1, participant);
  expect(one).toHaveLength(32);
  expect(await guest.group.frameKey(1, participant)).toEqual(one);
  expect(await guest.group.frameKey(1, `${chair.name}.AAAAAAAAAAE`)).not.toEqual(one);
  expect(await guest.group.frameKey(0, participant)).toBeUndefined();

  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const note = { processed: 7, act: "a.b.c", knock: null };
  const sealed = sure(await guest.group.save(key, "device/sitting", noteBytes(note)));
  const loaded = sure(await Group.load(core, key, "device/sitting", sealed, trust, SITTING));
  expect(noteOf(loaded.note)).toEqual(note);
  expect(loaded.group.state).toMatchObject({ phase: "member", epoch: 1, leaf: 1, mustUpdate: true });
  // Under another name, or with a changed byte, it is nothing.
  const unread = { refused: "state.unreadable" };
  expect(await Group.load(core, key, "another", sealed, trust, SITTING)).toMatchObject(unread);
  sealed[40] = (sealed[40] ?? 0) ^ 1;
  expect(await Group.load(core, key, "device/sitting", sealed, trust, SITTING)).toMatchObject(unread);
});
