/** The charter's formats, held to the vectors that Python makes. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { webcrypto } from "../member/webcrypto";
import { isRefusal } from "../refusal";
import { unb64u } from "./bytes";
import { openCharter, openContents, succeeds } from "./charter";

// biome-ignore lint/suspicious/noExplicitAny: vectors are data of many forms
const given: any = JSON.parse(readFileSync(new URL("../../../tests/vectors/charter.json", import.meta.url), "utf8"));
const open = (jws: string) => openCharter(jws, given.authority, webcrypto);

describe("charters", () => {
  test.each(given.cases as { name: string; charter: string; outcome: object }[])(
    "$name",
    async ({ charter, outcome }) => {
      const signed = await open(charter);
      if (isRefusal(signed)) expect({ refusal: signed.refused }).toEqual(outcome);
      else {
        const { number, parts } = signed.payload;
        expect({ hash: signed.hash, number, parts: Object.fromEntries(parts) }).toEqual(outcome);
      }
    },
  );

  test("replace one another in order", async () => {
    const [first, second] = await Promise.all([open(given.cases[0].charter), open(given.cases[1].charter)]);
    if (isRefusal(first) || isRefusal(second)) throw new Error("refused");
    expect(succeeds([first, second])).toBe(true);
    expect(succeeds([second])).toBe(false);
    expect(succeeds([first, first])).toBe(false);
  });

  test.each(given.parts as { name: string; charter: string; parts: Record<string, string>; outcome: object }[])(
    "parts: $name",
    async ({ charter, parts, outcome }) => {
      const signed = await open(charter);
      if (isRefusal(signed)) throw new Error(signed.refused);
      const bytes = new Map(
        Object.entries(parts).map(([id, text]) => [id, unb64u(text) as Uint8Array<ArrayBuffer>] as const),
      );
      const contents = await openContents(bytes, signed.payload, webcrypto);
      if (isRefusal(contents)) expect({ refusal: contents.refused }).toEqual(outcome);
      else {
        const known = {
          sittings: [...contents.sittings.keys()],
          delegations: [...contents.delegations.keys()].sort(),
        };
        expect(known).toEqual(outcome);
      }
    },
  );
});
