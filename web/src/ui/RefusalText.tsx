import { useTranslation } from "react-i18next";
import type { Code } from "../refusal.ts";
import styles from "./RefusalText.module.css";
import { refusalWords } from "./refusalWords.ts";

/** What happened, what it means, what to do: in this order, and the stable code. */
export function RefusalText({ code }: { readonly code: Code }) {
  const { t, i18n } = useTranslation();
  const parts = [
    { label: t("refusal/happened"), words: refusalWords(i18n, code, "what") },
    { label: t("refusal/means"), words: refusalWords(i18n, code, "means") },
    { label: t("refusal/do"), words: refusalWords(i18n, code, "do") },
  ];
  return (
    <>
      <dl className={styles["text"]}>
        {parts
          .filter(({ words }) => words !== undefined)
          .map(({ label, words }) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{words}</dd>
            </div>
          ))}
      </dl>
      <p className={styles["code"]}>{t("refusal/code", { code })}</p>
    </>
  );
}
