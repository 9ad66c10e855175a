import { OctagonAlert } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Code } from "../refusal.ts";
import { Banner } from "./Banner.tsx";
import { CopyButton } from "./CopyButton.tsx";
import { LanguageChoice } from "./LanguageChoice.tsx";
import { RefusalText } from "./RefusalText.tsx";
import { refusalTitle } from "./refusalWords.ts";
import { technicianReport } from "./report.ts";
import styles from "./Sheet.module.css";

/** Why nothing can begin. */
export function RefusalPage({ code, telephone = null }: { readonly code: Code; readonly telephone?: string | null }) {
  const { t, i18n } = useTranslation();
  return (
    <div className={styles["page"]}>
      <Banner title={t("app/name")} detail="">
        <LanguageChoice />
      </Banner>
      <main className={styles["sheet"]} data-control="refusal" data-why={code}>
        <OctagonAlert className={styles["sign"]} aria-hidden="true" size={44} />
        <h1 className={styles["title"]}>{refusalTitle(i18n, code)}</h1>
        <RefusalText code={code} />
        {telephone !== null && <p>{t("lobby/telephone", { number: telephone })}</p>}
        <CopyButton report={() => technicianReport(t("report/title"), Date.now(), { code })} />
      </main>
    </div>
  );
}
