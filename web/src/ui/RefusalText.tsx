import { useTranslation } from "react-i18next";
import type { Code } from "../refusal.ts";
import styles from "./RefusalText.module.css";

/** What happened, what it means, what to do: in this order, and the stable code. */
export function RefusalText({ code }: { readonly code: Code }) {
  const { t } = useTranslation();
  return (
    <>
      <dl className={styles["text"]}>
        <dt>{t("refusal/happened")}</dt>
        <dd>{t(`refusal/${code}/what`)}</dd>
        <dt>{t("refusal/means")}</dt>
        <dd>{t(`refusal/${code}/means`)}</dd>
        <dt>{t("refusal/do")}</dt>
        <dd>{t(`refusal/${code}/do`)}</dd>
      </dl>
      <p className={styles["code"]}>{t("refusal/code", { code })}</p>
    </>
  );
}
