import type { TFunction } from "i18next";
import { hourMinute } from "../../i18n/time.ts";
import type { DoorFacts } from "../../meeting/doorway.ts";
import { inLanguage } from "../../meeting/sight.ts";

/** A knocker may know when a sitting begins, not what it is about. */
export function doorName({ title, opens }: DoorFacts, language: string, t: TFunction): string {
  return title ? inLanguage(title, language) : t("lobby/sitting", { time: t("clock/at", hourMinute(opens)) });
}
