/**
 * An entry: a header, whose bytes are hashed and chained, and a body (docs/reference/record.md, 4). The bytes are kept as received:
 * what was hashed is never written anew.
 */
import { ascii, b64u, type Primitives } from "../accreditation/bytes.ts";
import { type Json, Malformed } from "../accreditation/json.ts";
import { idOf, integerOf, type Members, read } from "../accreditation/members.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";

/** A place in a journal: seq, from 1, and the hash of the entry there. */
export type Place = readonly [seq: number, hash: string];

/** A header is about 320 bytes. */
const HEADER_LENGTH_MAX = 1024;
/** The longest body: an `mls.commit` has at most 512 KiB as an act. */
const BODY_LENGTH_MAX = 1024 * 1024;

/** What the server says of an entry's place. */
export interface Header {
  readonly meeting: string;
  /** The meeting's id for the main journal, else the sitting's. */
  readonly journal: string;
  readonly seq: number;
  /** The hash of the entry before; for the first, `genesis`. */
  readonly prev: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The last entry of the main journal before this one; null in the main journal itself. */
  readonly main: Place | null;
  /** SHA-256 of the body's UTF-8. */
  readonly body: string;
}

export interface Entry {
  readonly headerBytes: Uint8Array<ArrayBuffer>;
  readonly header: Header;
  /** An act's JWS, or a server's own JSON; null if it was erased. */
  readonly body: string | null;
  readonly hash: string;
}

export function placeOf(entry: Entry): Place {
  return [entry.header.seq, entry.hash];
}

/** Header and body of an entry within a message of the feed; `openEntry` makes the entry of them. */
export function parseWire(members: Members): { readonly h: Uint8Array<ArrayBuffer>; readonly b: string | null } {
  const h = members.octets("h", 2, HEADER_LENGTH_MAX);
  return { h, b: members.optional("b", (name) => members.text(name, BODY_LENGTH_MAX)) };
}

/** An entry of these bytes (rules ENTRY-1, ENTRY-2): a header of its form, and the body that it names, or none. */
export async function openEntry(
  headerBytes: Uint8Array<ArrayBuffer>,
  body: string | null,
  primitives: Primitives,
): Promise<Entry | Refusal> {
  const header = headerBytes.length > HEADER_LENGTH_MAX ? refuse("entry.broken") : read(headerBytes, parseHeader);
  if (isRefusal(header)) return refuse("entry.broken");
  if (body !== null && b64u(await primitives.sha256(ascii(body))) !== header.body) return refuse("entry.broken");
  return { headerBytes, header, body, hash: b64u(await primitives.sha256(headerBytes)) };
}

/** A place, `[seq, hash]`, as an element. */
export function placeIn(value: Json, path: string): Place {
  if (!Array.isArray(value) || value.length !== 2) throw new Malformed(path, "not [seq, hash]");
  return [integerOf(value[0], `${path}[0]`, 1), idOf(value[1], `${path}[1]`, 32)];
}

export function placeMember(members: Members, name: string): Place {
  return placeIn(members.take(name), members.at(name));
}

function parseHeader(members: Members): Header {
  members.constant("v", 1);
  return {
    meeting: members.id("meeting"),
    journal: members.id("journal"),
    seq: members.integer("seq", 1),
    prev: members.hash("prev"),
    at: members.integer("at"),
    main: members.optional("main", (name) => placeMember(members, name)),
    body: members.hash("body"),
  };
}
