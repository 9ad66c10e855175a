import type { TFunction } from "i18next";
import type { Role } from "../accreditation/charter.ts";

/** "Estonia, head of delegation"; `who`: a delegation, or a person where the delegation is named beside it. */
export function withRole(who: string, role: Role, t: TFunction): string {
  return t("seat/withRole", { who, role: t(`role/${role}`).toLocaleLowerCase() });
}

/** The same for a person, whose name may not be known here. */
export function personWithRole(person: string | undefined, role: Role, t: TFunction): string {
  return person === undefined ? t(`role/${role}`) : withRole(person, role, t);
}
