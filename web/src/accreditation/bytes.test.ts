import fc from "fast-check";
import { expect, test } from "vitest";
import { b64u, unb64u } from "./bytes";

test("base64url is what Node makes, and comes back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (data) => {
      const text = Buffer.from(data).toString("base64url");
      expect(b64u(data)).toBe(text);
      expect(unb64u(text)).toEqual(Uint8Array.from(data));
    }),
  );
});

test.each(["A", "AB==", "AB+", "AB/", "A B", "AB", "AAB", "Aé"])(
  "refuses %s: another text for a value, or none",
  (text) => {
    expect(unb64u(text)).toBeUndefined();
  },
);
