/**
 * Strict JSON: what is signed or hashed reads in one way only (docs/reference/record.md, 0). `JSON.parse` alone would take the last
 * of two members with one name, floats, and half a surrogate pair.
 */

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

export type JsonObject = ReadonlyMap<string, Json>;

/** A value that is not of its form: where it stands and what was expected. */
export class Malformed extends Error {
  readonly path: string;
  readonly expected: string;

  constructor(path: string, expected: string) {
    super(`${path || "it"}: ${expected}`);
    this.path = path;
    this.expected = expected;
  }
}

/** How deep arrays and objects may stand in one another: `{}` is 1. */
const DEPTH_MAX = 32;

const SPACE = /[ \t\n\r]*/y;
/** Where a string ends; what stands in it is JSON.parse's to judge. */
const STRING = /"(?:[^"\\]|\\.)*"/sy;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const INTEGER = /^(?:0|[1-9][0-9]{0,15})$/;
const WORD = /true|false|null/y;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The value of strict JSON; throws `Malformed` for anything else. */
export function parseJson(bytes: Uint8Array): Json {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new Malformed("", "not UTF-8");
  }
  return new Reader(text).whole();
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Json {
    const value = this.#value(0);
    this.#match(SPACE);
    if (this.#at !== this.#text.length) throw this.#broken();
    return value;
  }

  #value(depth: number): Json {
    this.#match(SPACE);
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth + 1);
      case "[":
        return this.#array(depth + 1);
      case '"':
        return this.#string();
      case "t":
      case "f":
      case "n":
        return this.#word();
      default:
        return this.#integer();
    }
  }

  #object(depth: number): JsonObject {
    this.#deeper(depth);
    const members = new Map<string, Json>();
    if (this.#opens("}")) return members;
    do {
      this.#match(SPACE);
      const name = this.#string();
      if (members.has(name)) throw new Malformed("", "a name stands twice in one object");
      this.#expect(":");
      members.set(name, this.#value(depth));
    } while (this.#goesOn("}"));
    return members;
  }

  #array(depth: number): readonly Json[] {
    this.#deeper(depth);
    const values: Json[] = [];
    if (this.#opens("]")) return values;
    do values.push(this.#value(depth));
    while (this.#goesOn("]"));
    return values;
  }

  #string(): string {
    const token = this.#match(STRING) ?? this.#fail();
    let text: string;
    try {
      text = JSON.parse(token) as string;
    } catch {
      throw this.#broken();
    }
    // Half a surrogate pair is a string for JavaScript, and no text in Rust.
    if (!text.isWellFormed()) throw new Malformed("", "half a surrogate pair");
    return text;
  }

  #integer(): number {
    const text = this.#match(NUMBER) ?? this.#fail();
    const value = Number(text);
    if (!INTEGER.test(text) || !Number.isSafeInteger(value))
      throw new Malformed("", "not an integer from 0 to below 2^53");
    return value;
  }

  #word(): boolean | null {
    const word = this.#match(WORD) ?? this.#fail();
    return word === "null" ? null : word === "true";
  }

  /** The opening bracket is passed; true if its pair follows at once. */
  #opens(closing: string): boolean {
    this.#at += 1;
    this.#match(SPACE);
    if (this.#text[this.#at] !== closing) return false;
    this.#at += 1;
    return true;
  }

  /** After an element: true at a comma, false at the closing bracket. */
  #goesOn(closing: string): boolean {
    this.#match(SPACE);
    const next = this.#text[this.#at];
    if (next !== "," && next !== closing) throw this.#broken();
    this.#at += 1;
    return next === ",";
  }

  #expect(mark: string): void {
    this.#match(SPACE);
    if (this.#text[this.#at] !== mark) throw this.#broken();
    this.#at += 1;
  }

  #deeper(depth: number): void {
    if (depth > DEPTH_MAX) throw new Malformed("", `deeper than ${DEPTH_MAX}`);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #fail(): never {
    throw this.#broken();
  }

  #broken(): Malformed {
    return new Malformed("", `not JSON at character ${this.#at}`);
  }
}
