import type { TFunction } from "i18next";
import { inLanguage } from "../meeting/sight.ts";
import type { Accreditation } from "../member/plane.ts";
import { countryOf } from "./countries.ts";

/**
 * How the holder of a link is named. Until its first admission a device may not read what the charter calls its delegation: a state's
 * common name stands for it then, another's id.
 */
export function delegationOf({ name, delegation }: Accreditation, language: string): string {
  if (name) return inLanguage(name, language);
  const country = countryOf(delegation)?.toUpperCase();
  const common = country && new Intl.DisplayNames([language], { type: "region", fallback: "none" }).of(country);
  return common ?? delegation.charAt(0).toLocaleUpperCase(language) + delegation.slice(1);
}

export function holderWords(holder: Accreditation, language: string, t: TFunction): { name: string; detail: string } {
  return {
    name: delegationOf(holder, language),
    detail: holder.role ? t(`role/${holder.role}`) : t("seat/named", { seat: holder.seat }),
  };
}
