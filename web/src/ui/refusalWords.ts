/** Words for a refusal: its own, where people meet it; else those of its noun ("a change of keys did not stand"), with the code beside. */
import type { i18n as Translation } from "i18next";
import type { Code } from "../refusal.ts";

export type Part = "title" | "what" | "means" | "do";

/** Undefined for a part that a refusal does not need: what a greyed button says is short. */
export function refusalWords(i18n: Translation, code: Code, part: Part): string | undefined {
  const noun = code.slice(0, code.indexOf("."));
  const key = [`refusal/${code}`, `refusal/of/${noun}`].find((words) => i18n.exists(`${words}/what`));
  if (key) return i18n.exists(`${key}/${part}`) ? i18n.t(`${key}/${part}`) : undefined;
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
