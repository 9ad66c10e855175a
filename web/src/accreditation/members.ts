/**
 * The members of one JSON object, each to be taken once, by name and type; what nobody took is refused.
 *
 * Contract: a function that parses a payload is given `Members`; a member that is missing or of another type throws `Malformed`.
 * Only `read` catches it: its callers see a value or a `Refusal`.
 */
import { type Refusal, refuse } from "../refusal.ts";
import { unb64u } from "./bytes.ts";
import { type Json, type JsonObject, Malformed, parseJson } from "./json.ts";

const INTEGER_MAX = Number.MAX_SAFE_INTEGER;
const SLUG = /^[a-z0-9-]{1,32}$/;

export class Members {
  readonly #left: Map<string, Json>;
  readonly #path: string;
  readonly #nested: Members[] = [];

  constructor(value: Json, path = "") {
    if (!(value instanceof Map)) throw new Malformed(path, "not an object");
    this.#left = new Map(value as JsonObject);
    this.#path = path;
  }

  at(name: string): string {
    return this.#path ? `${this.#path}.${name}` : name;
  }

  take(name: string): Json {
    const value = this.#left.get(name);
    if (value === undefined) throw new Malformed(this.at(name), "missing");
    this.#left.delete(name);
    return value;
  }

  text(name: string, longest = 1024): string {
    return textOf(this.take(name), this.at(name), longest);
  }

  integer(name: string, least = 0, most = INTEGER_MAX): number {
    return integerOf(this.take(name), this.at(name), least, most);
  }

  boolean(name: string): boolean {
    const value = this.take(name);
    if (typeof value !== "boolean") throw new Malformed(this.at(name), "not true or false");
    return value;
  }

  /** A member that has one value only, such as `v`. */
  constant(name: string, value: string | number): void {
    if (this.take(name) !== value) throw new Malformed(this.at(name), `not ${value}`);
  }

  oneOf<Word extends string>(name: string, words: readonly Word[]): Word {
    const word = this.text(name) as Word;
    if (!words.includes(word)) throw new Malformed(this.at(name), `not one of ${words.join(", ")}`);
    return word;
  }

  /** The one of these names that is there: an object that is one of several messages. It is not taken by this. */
  only<Name extends string>(names: readonly Name[]): Name {
    const found = names.filter((name) => this.#left.has(name));
    const [name] = found;
    if (name === undefined || found.length > 1) throw new Malformed(this.#path, `not one of ${names.join(", ")}`);
    return name;
  }

  /** Bytes in b64u: exactly `least`, or between `least` and `most`. */
  octets(name: string, least: number, most = least): Uint8Array<ArrayBuffer> {
    const data = unb64u(textOf(this.take(name), this.at(name), most * 2 + 4, 0));
    if (!data || data.length < least || data.length > most)
      throw new Malformed(this.at(name), `not b64u of ${least} to ${most} bytes`);
    return data;
  }

  /** A hash or a thumbprint: b64u of 32 bytes, kept as text. */
  hash(name: string): string {
    return idOf(this.take(name), this.at(name), 32);
  }

  /** A meeting's, a sitting's or a group's id: b64u of 16 bytes, kept as text. */
  id(name: string): string {
    return idOf(this.take(name), this.at(name), 16);
  }

  /** A delegation's, seat's or item's id from the charter. */
  slug(name: string): string {
    return slugOf(this.take(name), this.at(name));
  }

  object(name: string): Members {
    const members = new Members(this.take(name), this.at(name));
    this.#nested.push(members);
    return members;
  }

  objects(name: string, most: number): readonly Members[] {
    const found = this.array(name, (value, path) => new Members(value, path), most);
    this.#nested.push(...found);
    return found;
  }

  array<T>(name: string, readOne: (value: Json, path: string) => T, most: number): readonly T[] {
    const path = this.at(name);
    const values = this.take(name);
    if (!Array.isArray(values) || values.length > most) throw new Malformed(path, `not an array of at most ${most}`);
    return values.map((value: Json, index) => readOne(value, `${path}[${index}]`));
  }

  /** Null, or what `readMember` makes of it; the member itself must be there. */
  optional<T>(name: string, readMember: (name: string) => T): T | null {
    if (this.#left.get(name) !== null) return readMember(name);
    this.#left.delete(name);
    return null;
  }

  /** All that is left, for an object whose names are ids. */
  each<T>(readOne: (name: string, value: Json, path: string) => T, most: number): readonly T[] {
    if (this.#left.size > most) throw new Malformed(this.#path, `more than ${most} members`);
    const taken = [...this.#left];
    this.#left.clear();
    return taken.map(([name, value]) => readOne(name, value, this.at(name)));
  }

  /** Refuses what nobody took, here and below. */
  end(): void {
    for (const name of this.#left.keys())
      throw new Malformed(this.at(name).slice(0, 80), "not a member of this format");
    for (const members of this.#nested) members.end();
  }
}

/** A text of `least` to `longest` characters: code points, as Python and Rust count them. */
export function textOf(value: Json, path: string, longest = 1024, least = 1): string {
  if (typeof value === "string") {
    const length = value.length <= longest ? value.length : [...value].length;
    if (length >= least && length <= longest) return value;
  }
  throw new Malformed(path, `not a text of ${least} to ${longest} characters`);
}

export function integerOf(value: Json, path: string, least = 0, most = INTEGER_MAX): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw new Malformed(path, `not an integer from ${least} to ${most}`);
}

export function idOf(value: Json, path: string, octets: number): string {
  if (typeof value === "string" && unb64u(value)?.length === octets) return value;
  throw new Malformed(path, `not b64u of ${octets} bytes`);
}

export function slugOf(value: Json, path: string): string {
  if (typeof value === "string" && SLUG.test(value)) return value;
  throw new Malformed(path, "not an id of a-z, 0-9 and -, 1 to 32 characters");
}

/** A typed value of one strict JSON object, or the refusal. */
export function read<T>(bytes: Uint8Array, parse: (members: Members) => T): T | Refusal {
  try {
    return parseWhole(bytes, parse);
  } catch (error) {
    if (error instanceof Malformed) return refuse("form.malformed");
    throw error;
  }
}

/** As `read`, for parsers within parsers: throws `Malformed`. */
export function parseWhole<T>(bytes: Uint8Array, parse: (members: Members) => T): T {
  const members = new Members(parseJson(bytes));
  const value = parse(members);
  members.end();
  return value;
}
