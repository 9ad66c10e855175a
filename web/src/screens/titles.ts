import type { Text } from "../accreditation/charter.ts";
import { inLanguage } from "../meeting/sight.ts";

/** Opened titles of restricted items, in the reader's language. */
export function titlesIn(titles: ReadonlyMap<string, Text>, language: string): ReadonlyMap<string, string> {
  return new Map([...titles].map(([item, text]) => [item, inLanguage(text, language)]));
}
