/** The meeting plane over HTTP: requests out, typed answers or refusals in. Addresses are relative to the page's own origin. */
import { ascii, b64u, unb64u } from "../accreditation/bytes.ts";
import { type Json, Malformed } from "../accreditation/json.ts";
import { idOf, type Members, read, textOf } from "../accreditation/members.ts";
import { type Entry, openEntry, parseWire } from "../record/entry.ts";
import { type Code, isRefusal, knownCode, type Refusal, refuse } from "../refusal.ts";
import type { Device } from "./device.ts";
import { webcrypto } from "./webcrypto.ts";

const PARTS_MAX = 302;
const STATEMENTS_MAX = 700;
const CHARTERS_MAX = 1_000;
const CHARTER_LENGTH_MAX = 2 * 1024 * 1024;
/** A token lives five minutes: it is renewed a minute before. */
const TOKEN_MARGIN_MS = 60_000;
const TIMEOUT_MS = 20_000;

/** What the holder of a link needs to enrol. */
export interface Invited {
  readonly charters: readonly string[];
  readonly statements: readonly string[];
}

/** The charter's cores from number 0 on, and the parts that this device may read. */
export interface Shown {
  readonly charters: readonly string[];
  readonly parts: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** An act stands: its entry as the server filed it, and the head that came with the answer. */
export interface Posted {
  readonly entry: Entry;
  readonly head: string;
}

export interface RoomTicket {
  readonly identity: string;
  readonly token: string;
  /** Of a media server elsewhere; null: the page's own origin. */
  readonly url: string | null;
}

/** One device's requests to one server. Whatever had no answer may be asked again: an act's bytes are its idempotency key. */
export class Client {
  readonly #meeting: string;
  readonly #audience: string;
  readonly #now: () => number;
  #token: { readonly text: string; readonly until: number } | undefined;
  #proving: Promise<string | Refusal> | undefined;

  /** `audience`: the server's origin, which a proof names (not the forwarder's: `/join.json` tells). */
  constructor(meeting: string, audience: string, now: () => number) {
    this.#meeting = meeting;
    this.#audience = audience;
    this.#now = now;
  }

  enrolment(invitation: string): Promise<Invited | Refusal> {
    return this.#ask(`enrolment/${invitation}`, {}, (members) => ({
      charters: members.array("charters", jwsIn, CHARTERS_MAX),
      statements: members.array("statements", jwsIn, STATEMENTS_MAX),
    }));
  }

  /** Posts an act. The same bytes may be posted again: the record has them once. */
  async post(jws: string): Promise<Posted | Refusal> {
    const answer = await this.#ask("acts", { method: "POST", body: jws }, (members) => {
      const wire = parseWire(members.object("entry"));
      return { ...wire, head: members.text("head", CHARTER_LENGTH_MAX) };
    });
    if (isRefusal(answer)) return answer;
    const entry = await openEntry(answer.h, answer.b, webcrypto);
    return isRefusal(entry) ? entry : { entry, head: answer.head };
  }

  charters(device: Device): Promise<Shown | Refusal> {
    return this.#askAs(device, "charters", {}, (members) => ({
      charters: members.array("charters", jwsIn, CHARTERS_MAX),
      parts: new Map(members.object("parts").each(partIn, PARTS_MAX)),
    }));
  }

  /** A Welcome goes up before the commit that names it; its hash comes back. */
  uploadWelcome(device: Device, welcome: Uint8Array<ArrayBuffer>): Promise<string | Refusal> {
    return this.#askAs(device, "blobs", { method: "POST", body: welcome }, (members) => members.hash("hash"));
  }

  /** The Welcome of an accepted commit that added this device. */
  async welcome(device: Device, hash: string): Promise<Uint8Array<ArrayBuffer> | Refusal> {
    const answer = await this.#fetchAs(device, `blobs/${hash}`, {});
    return isRefusal(answer) ? answer : new Uint8Array(await answer.arrayBuffer());
  }

  ticket(device: Device, sitting: string, instance: string): Promise<RoomTicket | Refusal> {
    const body = JSON.stringify({ sitting, instance });
    return this.#askAs(device, "tickets", { method: "POST", body }, (members) => {
      const [identity, token] = [members.text("identity", 200), members.text("token", 8192)];
      const url = members.optional("url", (name) => members.text(name));
      members.integer("expires");
      return { identity, token, url };
    });
  }

  /** A token that is good for at least another minute. */
  async token(device: Device): Promise<string | Refusal> {
    if (this.#token && this.#token.until - TOKEN_MARGIN_MS > this.#now()) return this.#token.text;
    return this.prove(device);
  }

  /** A new token, with all of its time before it. */
  prove(device: Device): Promise<string | Refusal> {
    this.#proving ??= this.#prove(device).finally(() => {
      this.#proving = undefined;
    });
    return this.#proving;
  }

  async #prove(device: Device): Promise<string | Refusal> {
    const challenge = await this.#ask("proof", {}, (members) => {
      members.integer("seconds");
      return members.text("nonce", 200);
    });
    if (isRefusal(challenge)) return challenge;
    const at = this.#now();
    const payload = { v: 1, meeting: this.#meeting, aud: this.#audience, nonce: challenge, by: device.thumbprint, at };
    const proof = await device.sign("proof", ascii(JSON.stringify(payload)));
    const answer = await this.#ask("proof", { method: "POST", body: JSON.stringify({ proof }) }, (members) => ({
      text: members.text("token", 1024),
      seconds: members.integer("seconds"),
    }));
    if (isRefusal(answer)) return answer;
    this.#token = { text: answer.text, until: at + answer.seconds * 1000 };
    return answer.text;
  }

  async #askAs<T>(device: Device, path: string, init: RequestInit, parse: (m: Members) => T): Promise<T | Refusal> {
    return parsed(await this.#fetchAs(device, path, init), parse);
  }

  async #ask<T>(path: string, init: RequestInit, parse: (members: Members) => T): Promise<T | Refusal> {
    return parsed(await this.#fetch(path, init), parse);
  }

  /** With the token; a restarted server knows its old ones no more, so that a new one is made once. */
  async #fetchAs(device: Device, path: string, init: RequestInit): Promise<Response | Refusal> {
    for (let attempt = 0; ; attempt += 1) {
      const token = await this.token(device);
      if (isRefusal(token)) return token;
      const answer = await this.#fetch(path, { ...init, headers: { Authorization: `Bearer ${token}` } });
      const isUnproven = isRefusal(answer) && ["proof.missing", "proof.expired"].includes(answer.refused);
      if (!isUnproven || attempt > 0) return answer;
      this.#token = undefined;
    }
  }

  async #fetch(path: string, init: RequestInit): Promise<Response | Refusal> {
    let answer: Response;
    try {
      const bounds = { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) } as const;
      answer = await fetch(`/api/v1/meetings/${this.#meeting}/${path}`, { ...init, ...bounds });
    } catch {
      return refuse("server.unreachable");
    }
    return answer.ok ? answer : problemOf(answer);
  }
}

/** Problem details (RFC 9457) as a refusal; a code that this page does not know is the server's newer word for "no". */
async function problemOf(answer: Response): Promise<Refusal> {
  try {
    const { code }: { code?: unknown } = await answer.json();
    const known: Code | undefined = typeof code === "string" ? knownCode(code) : undefined;
    return refuse(known ?? "server.refused");
  } catch {
    return refuse("server.unreachable");
  }
}

async function parsed<T>(answer: Response | Refusal, parse: (members: Members) => T): Promise<T | Refusal> {
  if (isRefusal(answer)) return answer;
  try {
    return read(new Uint8Array(await answer.arrayBuffer()), parse);
  } catch {
    return refuse("server.unreachable"); // it broke off in the middle
  }
}

function jwsIn(value: Json, path: string): string {
  return textOf(value, path, CHARTER_LENGTH_MAX);
}

function partIn(name: string, value: Json, path: string): [string, Uint8Array<ArrayBuffer>] {
  if (name !== "open" && name !== "seats") idOf(name, path.slice(0, 80), 16);
  const data = typeof value === "string" ? unb64u(value) : undefined;
  if (!data) throw new Malformed(path.slice(0, 80), "not b64u");
  return [name, data];
}

/** A name for this page load: the participant's identity in the room is `<device>.<instance>`. */
export function newInstance(): string {
  return b64u(crypto.getRandomValues(new Uint8Array(8)));
}
