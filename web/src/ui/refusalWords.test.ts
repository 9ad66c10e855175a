/** Every refusal that this page can raise or receive has words, in both languages. */
import { readFileSync } from "node:fs";
import { createInstance, type i18n } from "i18next";
import { expect, test } from "vitest";
import en from "../i18n/en.json";
import fr from "../i18n/fr.json";
import { type Code, codes, memberCodes, recordCodes } from "../refusal.ts";
import { refusalSentence, refusalTitle, refusalWords } from "./refusalWords.ts";

const known: readonly Code[] = [...codes, ...recordCodes, ...memberCodes];

async function speaking(lng: string): Promise<i18n> {
  const one = createInstance();
  await one.init({ lng, keySeparator: "/", resources: { en: { translation: en }, fr: { translation: fr } } });
  return one;
}

test.each(["en", "fr"])(
  "each code has words of its own or of its noun in %s, not the general sentence",
  async (lng) => {
    const told = await speaking(lng);
    const general = (code: Code) => told.t("refusal/other/what", { code });
    const unsaid = known.filter((code) => refusalWords(told, code, "what") === general(code));
    expect(unsaid).toEqual([]);
  },
);

test.each(["en", "fr"])("each code that ends a page in %s says what happened and what to do", async (lng) => {
  const told = await speaking(lng);
  for (const code of known) {
    expect(refusalTitle(told, code), code).toMatch(/\p{L}{3}/u);
    expect(refusalSentence(told, code), code).toMatch(/^\p{Lu}.+[.]$/u);
  }
});

/** The server's table (docs/reference/refusals.md), a section each. */
const sections = readFileSync(new URL("../../../docs/reference/refusals.md", import.meta.url), "utf8").split(/^## /m);
const PAGES = ["The chain of statements", "The record", "Acts:", "A member's share"];
/** Of these sections: what only the command line, the operator's files or an uploaded charter meet. */
const ELSEWHERE = /^(archive|storage\.in_use|settings)/;

test("each code of the server's table that a record, an act or a group is refused by is known to the page", () => {
  const told = sections.filter((section) => PAGES.some((title) => section.startsWith(title)));
  expect(told).toHaveLength(PAGES.length);
  const listed = told.flatMap((section) => [...section.matchAll(/^\| `([a-z_.]+)` \|/gm)].map((row) => row[1] ?? ""));
  expect(listed.length).toBeGreaterThan(60);
  expect(listed.filter((code) => !ELSEWHERE.test(code) && !known.includes(code as Code))).toEqual([]);
});
