/** Words for a refusal: its own, where people meet it; else one general sentence, with the code. */
import type { i18n as Translation } from "i18next";
import type { Code } from "../refusal.ts";

export type Part = "title" | "what" | "means" | "do";

/** Undefined for a part that a refusal does not need: what a greyed button says is short. */
export function refusalWords(i18n: Translation, code: Code, part: Part): string | undefined {
  if (i18n.exists(`refusal/${code}/what`))
    return i18n.exists(`refusal/${code}/${part}`) ? i18n.t(`refusal/${code}/${part}`) : undefined;
  return part === "means" ? undefined : i18n.t(`refusal/other/${part}`, { code });
}

/** What a button says: what is so, and what to do about it. */
export function refusalSentence(i18n: Translation, code: Code): string {
  return [refusalWords(i18n, code, "what"), refusalWords(i18n, code, "do")].filter(Boolean).join(" ");
}

/** The title of a page that ends here. */
export function refusalTitle(i18n: Translation, code: Code): string {
  return refusalWords(i18n, code, "title") ?? i18n.t("refusal/other/title");
}
