/** The closed union of acts: what a device may say, in its wire form (docs/reference/record.md, 3), parsed strictly into values. */
import { b64u } from "../accreditation/bytes.ts";
import { idOf, type Members } from "../accreditation/members.ts";
import { type Place, placeMember } from "../record/entry.ts";

const LIMITS = {
  chain: 3 * 1024,
  keyPackage: 8 * 1024,
  message: 16 * 1024,
  commit: 288 * 1024,
  sealed: 4 * 1024,
  adds: 30,
  devices: 2000,
} as const;
/** A leaf index is a u32 of which half are leaves (RFC 9420, appendix C). */
const LEAF_MAX = 2 ** 31 - 1;
export const NONCE_LENGTH = 16;

export const regroupReasons = ["empty", "unreadable", "refused"] as const;
export const refusedCommits = ["claims", "chain", "signature", "malformed", "cannot_process"] as const;
export const refusedKnocks = ["not_now", "not_known", "not_listed", "key_package"] as const;
export const removalReasons = ["excluded", "left", "revoked", "silent", "replaced"] as const;

export type RegroupReason = (typeof regroupReasons)[number];
/** What is wrong with a commit; `cannot_process` speaks of the one who says it, the others of the commit. */
export type RefusedCommit = (typeof refusedCommits)[number];
export type RefusedKnock = (typeof refusedKnocks)[number];
export type RemovalReason = (typeof removalReasons)[number];

/** A body that only members of the sitting open: AES-256-GCM under an item key. */
export interface Sealed {
  readonly item: string;
  /** SHA-256 of the item key. */
  readonly key: string;
  /** b64u of nonce (12 bytes), ciphertext, tag. */
  readonly sealed: string;
}

/** A claim of a commit: this device is added at this leaf, as these two acts allow. */
export interface Add {
  readonly device: string;
  readonly leaf: number;
  readonly knock: string;
  readonly admit: string;
}

/** A claim of a commit: this device is removed from this leaf, for this reason, by this act. */
export interface Remove {
  readonly device: string;
  readonly leaf: number;
  readonly because: RemovalReason;
  readonly cites: string | null;
}

/** The body of each kind of act. */
export interface Bodies {
  "device.enrol": { readonly chain: string };
  "device.revoke": { readonly device: string };
  "invitation.reopen": { readonly seat: string };
  "sitting.open": { readonly group: string; readonly suite: string; readonly chain: string };
  "sitting.regroup": {
    readonly group: string;
    readonly suite: string;
    readonly chain: string;
    readonly because: RegroupReason;
    readonly without: readonly string[];
  };
  "sitting.close": Empty;
  "lobby.knock": { readonly chain: string; readonly key_package: string };
  "lobby.admit": { readonly device: string };
  "lobby.refuse": { readonly knock: string; readonly code: RefusedKnock };
  "lobby.exclude": { readonly device: string };
  "lobby.leave": Empty;
  "mls.commit": {
    readonly group: string;
    /** The epoch that it leaves. */
    readonly epoch: number;
    readonly message: string;
    readonly welcome: string | null;
    readonly adds: readonly Add[];
    readonly removes: readonly Remove[];
    readonly item: string | null;
  };
  "mls.refuse": { readonly commit: string; readonly code: RefusedCommit };
  "mls.message": { readonly group: string; readonly epoch: number; readonly message: string };
  "floor.request": Empty;
  "floor.withdraw": Empty;
  "floor.give": { readonly delegation: string; readonly device: string };
  "floor.take_back": Empty;
  "agenda.title": { readonly item: string; readonly title: Sealed };
  "agenda.open": { readonly item: string };
  "agenda.close": { readonly item: string };
}

export type Empty = Readonly<Record<never, never>>;
export type Kind = keyof Bodies;

/** What a device signed: who, which kind, which sitting, what its author had seen, when. */
export interface Act<K extends Kind = Kind> {
  readonly meeting: string;
  readonly by: string;
  readonly kind: K;
  readonly sitting: string | null;
  readonly seen: { readonly main: Place | null; readonly sitting: Place | null };
  /** Milliseconds since 1970, by the device's clock. */
  readonly at: number;
  readonly nonce: string;
  readonly body: Bodies[K];
}

const empty = (): Empty => ({});
const chain = (body: Members) => body.text("chain", LIMITS.chain);
const octets = (body: Members, name: string, most: number, least = 1) => b64u(body.octets(name, least, most));
const device = (body: Members) => ({ device: body.hash("device") });
const item = (body: Members) => ({ item: body.slug("item") });

const readers: { readonly [K in Kind]: (body: Members) => Bodies[K] } = {
  "device.enrol": (body) => ({ chain: chain(body) }),
  "device.revoke": device,
  "invitation.reopen": (body) => ({ seat: body.slug("seat") }),
  "sitting.open": (body) => ({ group: body.id("group"), suite: body.text("suite", 100), chain: chain(body) }),
  "sitting.regroup": (body) => ({
    group: body.id("group"),
    suite: body.text("suite", 100),
    chain: chain(body),
    because: body.oneOf("because", regroupReasons),
    without: body.array("without", (value, path) => idOf(value, path, 32), LIMITS.devices),
  }),
  "sitting.close": empty,
  "lobby.knock": (body) => ({ chain: chain(body), key_package: octets(body, "key_package", LIMITS.keyPackage) }),
  "lobby.admit": device,
  "lobby.refuse": (body) => ({ knock: body.hash("knock"), code: body.oneOf("code", refusedKnocks) }),
  "lobby.exclude": device,
  "lobby.leave": empty,
  "mls.commit": (body) => ({
    group: body.id("group"),
    epoch: body.integer("epoch"),
    message: octets(body, "message", LIMITS.commit),
    welcome: body.optional("welcome", (name) => body.hash(name)),
    adds: body.objects("adds", LIMITS.adds).map(readAdd),
    removes: body.objects("removes", LIMITS.devices).map(readRemove),
    item: body.optional("item", (name) => body.slug(name)),
  }),
  "mls.refuse": (body) => ({ commit: body.hash("commit"), code: body.oneOf("code", refusedCommits) }),
  "mls.message": (body) => ({
    group: body.id("group"),
    epoch: body.integer("epoch"),
    message: octets(body, "message", LIMITS.message),
  }),
  "floor.request": empty,
  "floor.withdraw": empty,
  "floor.give": (body) => ({ delegation: body.slug("delegation"), device: body.hash("device") }),
  "floor.take_back": empty,
  "agenda.title": (body) => ({ item: body.slug("item"), title: readSealed(body.object("title")) }),
  "agenda.open": item,
  "agenda.close": item,
};

export const kinds = Object.keys(readers) as readonly Kind[];

/** Reads the body of one kind of act. */
export function readBody<K extends Kind>(kind: K): (body: Members) => Bodies[K] {
  return readers[kind];
}

/** An act from its signed payload; throws `Malformed` for anything else. */
export function readAct(payload: Members): Act {
  payload.constant("v", 1);
  const meeting = payload.id("meeting");
  const by = payload.hash("by");
  const kind = payload.oneOf("kind", kinds);
  const sitting = payload.optional("sitting", (name) => payload.id(name));
  const seen = payload.object("seen");
  return {
    meeting,
    by,
    kind,
    sitting,
    seen: { main: readSeen(seen, "main"), sitting: readSeen(seen, "sitting") },
    at: payload.integer("at"),
    nonce: octets(payload, "nonce", NONCE_LENGTH, NONCE_LENGTH),
    body: readers[kind](payload.object("body")),
  };
}

/** The payload to sign, members in the order of docs/reference/record.md: `readAct` reads it back. */
export function wireForm(act: Act): Uint8Array<ArrayBuffer> {
  const { meeting, by, kind, sitting, seen, at, nonce, body } = act;
  const ordered = {
    v: 1,
    meeting,
    by,
    kind,
    sitting,
    seen: { main: seen.main, sitting: seen.sitting },
    at,
    nonce,
    body,
  };
  return new TextEncoder().encode(JSON.stringify(ordered));
}

function readSeen(seen: Members, name: string): Place | null {
  return seen.optional(name, () => placeMember(seen, name));
}

function readAdd(add: Members): Add {
  return {
    device: add.hash("device"),
    leaf: add.integer("leaf", 0, LEAF_MAX),
    knock: add.hash("knock"),
    admit: add.hash("admit"),
  };
}

function readRemove(remove: Members): Remove {
  return {
    device: remove.hash("device"),
    leaf: remove.integer("leaf", 0, LEAF_MAX),
    because: remove.oneOf("because", removalReasons),
    cites: remove.optional("cites", (name) => remove.hash(name)),
  };
}

export function readSealed(sealed: Members): Sealed {
  return { item: sealed.slug("item"), key: sealed.hash("key"), sealed: octets(sealed, "sealed", LIMITS.sealed, 29) };
}
