import { TriangleAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import { hourMinute } from "../../i18n/time.ts";
import { AskedButton } from "../../ui/AskedButton.tsx";
import { OfferButton } from "../../ui/OfferButton.tsx";
import type { Answer } from "../../ui/usePending.ts";
import styles from "./ContestCards.module.css";
import type { ContestView } from "./contestView.ts";

export interface ContestActs {
  readonly reopen: (seat: string) => Promise<Answer>;
  readonly revoke: (device: string) => Promise<Answer>;
}

/** An invitation was used twice: the second was refused, and whoever can ask by telephone is told. */
export function ContestCards({ all, acts }: { readonly all: readonly ContestView[]; readonly acts: ContestActs }) {
  const { t } = useTranslation();
  return all.map((one) => (
    <section key={one.seat} className={styles["card"]} data-control="contest" data-seat={one.seat}>
      <TriangleAlert className={styles["sign"]} aria-hidden="true" size={26} />
      <div className={styles["words"]}>
        <h2>{one.isOurs ? t("contest/ours") : t("contest/title", { name: one.name })}</h2>
        <p>{t("contest/what", { seat: one.seat, time: t("clock/at", hourMinute(one.at)), count: one.tries })}</p>
        {one.isLocked && <p>{t("contest/locked")}</p>}
        <p>{t(one.isOurs ? "contest/doOurs" : "contest/do")}</p>
        <div className={styles["answers"]}>
          {one.reopen && (
            <OfferButton refusal={one.reopen.refusal} onPress={() => acts.reopen(one.seat)} control="reopen">
              {t("contest/reopen")}
            </OfferButton>
          )}
          {one.revoke && <Revoke name={one.name} revoke={one.revoke} act={acts.revoke} />}
        </div>
      </div>
    </section>
  ));
}

interface RevokeProps {
  readonly name: string;
  readonly revoke: NonNullable<ContestView["revoke"]>;
  readonly act: ContestActs["revoke"];
}

function Revoke({ name, revoke, act }: RevokeProps) {
  const { t } = useTranslation();
  return (
    <AskedButton
      weight="danger"
      refusal={revoke.refusal}
      act={() => act(revoke.device)}
      control="revoke"
      title={t("contest/revokeTitle", { name })}
      text={t("contest/revokeText")}
      word={t("contest/revoke")}
    >
      {t("contest/revoke")}
    </AskedButton>
  );
}
