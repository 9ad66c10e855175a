import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Json, Malformed, parseJson } from "./json";

const parse = (text: string) => parseJson(new TextEncoder().encode(text));
const plain = (value: Json): unknown =>
  value instanceof Map
    ? Object.fromEntries([...value].map(([name, member]) => [name, plain(member)]))
    : Array.isArray(value)
      ? value.map(plain)
      : value;

describe("strict JSON", () => {
  test("reads what JSON.parse reads, where it is strict", () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: "binary" }),
        fc.maxSafeNat(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("any")),
        // `__proto__` as a literal's name would set the prototype of the plain object that we compare with.
        fc.dictionary(
          fc.string({ unit: "binary" }).filter((name) => name !== "__proto__"),
          tie("any"),
        ),
      ),
    })).any;
    fc.assert(
      fc.property(value, (any) => {
        expect(plain(parse(JSON.stringify(any, null, 1)))).toEqual(JSON.parse(JSON.stringify(any)));
      }),
    );
  });

  test("gives a value or Malformed for any bytes", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        (bytes) => {
          try {
            parseJson(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(Malformed);
          }
        },
      ),
    );
  });

  test.each([
    ["a name twice", '{"a":1,"a":1}'],
    ["a name twice, once escaped", '{"a":1,"\\u0061":1}'],
    ["a float", "1.0"],
    ["an exponent", "1e3"],
    ["a negative number", "-1"],
    ["minus nought", "-0"],
    ["2^53", "9007199254740992"],
    ["half a surrogate pair", '"\\ud800"'],
    ["a leading nought", "01"],
    ["a byte order mark", "\ufeff1"],
    ["something after the value", "1 1"],
    ["a control character in a string", '"\t"'],
    ["a comma too many", "[1,]"],
    ["nothing", ""],
    ["33 levels", "[".repeat(33) + "]".repeat(33)],
  ])("refuses %s", (_, text) => {
    expect(() => parse(text)).toThrow(Malformed);
  });

  test("takes 32 levels and 2^53 - 1", () => {
    expect(parse("[".repeat(32) + "]".repeat(32))).toBeDefined();
    expect(parse("9007199254740991")).toBe(2 ** 53 - 1);
  });

  test("refuses bytes that are not UTF-8", () => {
    expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(Malformed);
  });
});
