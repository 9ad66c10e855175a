import { ArrowRight, OctagonAlert } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Code } from "../../refusal.ts";
import { Banner } from "../../ui/Banner.tsx";
import { Button } from "../../ui/Button.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { LanguageChoice } from "../../ui/LanguageChoice.tsx";
import { RecordButton } from "../../ui/RecordButton.tsx";
import { RefusalText } from "../../ui/RefusalText.tsx";
import { refusalTitle } from "../../ui/refusalWords.ts";
import { technicianReport } from "../../ui/report.ts";
import styles from "../../ui/Sheet.module.css";
import type { Answer } from "../../ui/usePending.ts";

interface Props {
  readonly title: string;
  readonly detail: string;
  readonly why: Code | undefined;
  /** Undefined where there is no way back. */
  readonly back: (() => void) | undefined;
  readonly telephone?: string | null;
  /** Where this device has read a record: it to a file. */
  readonly save: (() => Promise<Answer>) | undefined;
}

/** The last page: what happened, and the way back. */
export function DeparturePage({ title, detail, why, back, telephone, save }: Props) {
  const { t, i18n } = useTranslation();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <div className={styles["page"]}>
      <Banner title={title} detail={detail}>
        <LanguageChoice />
      </Banner>
      <main className={styles["sheet"]} data-control="departure" data-why={why ?? "left"}>
        {why && <OctagonAlert className={styles["sign"]} aria-hidden="true" size={44} />}
        <h1 className={styles["title"]} tabIndex={-1} ref={heading}>
          {why ? refusalTitle(i18n, why) : t("departure/title")}
        </h1>
        {why ? <RefusalText code={why} /> : <p className={styles["detail"]}>{t("departure/detail")}</p>}
        {why && telephone && <p>{t("lobby/telephone", { number: telephone })}</p>}
        <div className={styles["actions"]}>
          {back && (
            <Button weight="primary" onPress={back} control="back">
              {t("departure/back")}
              <ArrowRight aria-hidden="true" size={20} />
            </Button>
          )}
          {save && <RecordButton save={save} />}
          {why && <CopyButton report={() => technicianReport(t("report/title"), Date.now(), { code: why })} />}
        </div>
        {save && <p>{t("record/holds")}</p>}
      </main>
    </div>
  );
}
