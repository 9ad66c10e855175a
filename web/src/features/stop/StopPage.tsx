import { Download, LogOut, OctagonAlert, Phone, Square } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { hourMinute } from "../../i18n/time.ts";
import { AskedButton } from "../../ui/AskedButton.tsx";
import { announce, assertive } from "../../ui/announce.ts";
import { Banner } from "../../ui/Banner.tsx";
import { Button } from "../../ui/Button.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { formOf } from "../../ui/countries.ts";
import { OfferButton } from "../../ui/OfferButton.tsx";
import { RecordButton } from "../../ui/RecordButton.tsx";
import { technicianReport } from "../../ui/report.ts";
import type { Answer } from "../../ui/usePending.ts";
import styles from "./StopPage.module.css";
import type { StopView } from "./stopView.ts";

export interface StopActs {
  readonly close: () => Promise<Answer>;
  /** This device's record, with what it was shown of another one, to a file. */
  readonly keep: () => Promise<Answer>;
  /** The record that this device read, to a file that proves itself. */
  readonly save: () => Promise<Answer>;
  readonly leave: () => void;
}

interface Props {
  readonly title: string;
  readonly detail: string;
  readonly view: StopView;
  readonly acts: StopActs;
  readonly telephone: string | null;
  /** The foot of the page: the microphone, and who has the floor behind it. */
  readonly foot?: ReactNode;
}

/** Something was seen that must not be. The page blocks: no key and no press beside it makes it go away. */
export function StopPage({ title, detail, view, acts, telephone, foot }: Props) {
  const { t } = useTranslation();
  const who = view.by?.name ?? t("stop/somebody");
  const heading = titleOf(view, t);
  const first = useRef<HTMLDivElement>(null);
  useEffect(() => {
    announce(heading, assertive);
    first.current?.querySelector("button")?.focus();
  }, [heading]);
  const report = () =>
    technicianReport(t("report/title"), Date.now(), {
      cause: view.cause,
      code: view.code,
      seen: new Date(view.at_ms).toISOString(),
      journal: view.journal,
      entry: view.rows.at(-1)?.seq,
      ours: view.rows.at(-1)?.ours,
      theirs: view.rows.at(-1)?.theirs,
    });
  return (
    <div className={styles["page"]}>
      <Banner title={title} detail={detail}>
        <div className={styles["pill"]} data-control="status" data-state="stop">
          <OctagonAlert aria-hidden="true" size={22} />
          <div>
            <p className={styles["word"]}>{t("stop/pill")}</p>
            <p className={styles["quiet"]}>{t(`stop/${view.cause}/pill`)}</p>
          </div>
        </div>
      </Banner>
      <main className={styles["main"]} data-control="stop" data-why={view.cause}>
        <section
          className={styles["card"]}
          role="alertdialog"
          aria-labelledby="stop-title"
          aria-describedby="stop-what"
        >
          <div className={styles["head"]}>
            <OctagonAlert className={styles["sign"]} aria-hidden="true" size={44} />
            <div>
              <h1 className={styles["title"]} id="stop-title">
                {heading}
              </h1>
              <p className={styles["lead"]} id="stop-what">
                {whatOf(view, t)} {t("stop/seen", { time: t("clock/at", hourMinute(view.at_ms)) })}
              </p>
            </div>
          </div>
          <div className={styles["columns"]}>
            {view.rows.length > 0 && <Records view={view} who={who} />}
            <Part title={t("refusal/means")}>
              <p>{t(`stop/${view.cause}/means`)}</p>
              <p>{t(view.isSending ? "stop/sending" : "stop/silent")}</p>
            </Part>
            <Part title={t("refusal/do")}>
              <p>{t(`stop/${view.cause}/do`)}</p>
              {telephone !== null && (
                <p className={styles["phone"]}>
                  <Phone aria-hidden="true" size={20} />
                  {t("lobby/telephone", { number: telephone })}
                </p>
              )}
              {view.kept && <p>{t("stop/kept", { main: view.kept.main, sitting: view.kept.sitting })}</p>}
              {view.code !== undefined && <p className={styles["quiet"]}>{t("refusal/code", { code: view.code })}</p>}
            </Part>
          </div>
          <div className={styles["actions"]} ref={first}>
            {view.close && (
              <AskedButton
                weight="stop"
                refusal={view.close.refusal}
                act={acts.close}
                control="close-sitting"
                title={t("sitting/closeTitle")}
                text={t("sitting/closeText")}
                word={t("sitting/close")}
              >
                <Square aria-hidden="true" size={20} />
                {t("sitting/close")}
              </AskedButton>
            )}
            <OfferButton onPress={acts.keep} control="keep-proof">
              <Download aria-hidden="true" size={22} />
              {t("stop/keep")}
            </OfferButton>
            {view.kept && <RecordButton save={acts.save} />}
            <CopyButton report={report} />
            <Button onPress={acts.leave} control="leave">
              <LogOut aria-hidden="true" size={20} />
              {t("room/leave")}
            </Button>
          </div>
        </section>
      </main>
      {foot}
    </div>
  );
}

type Translate = ReturnType<typeof useTranslation>["t"];

/** Whole sentences: French has an article and a gender for each state that is named in one. */
function titleOf({ cause, by }: StopView, t: Translate): string {
  return by && (cause === "fork" || cause === "breach")
    ? t(`place/${formOf(by.delegation)}/${cause}`, { name: by.name })
    : t(`stop/${cause}/title`);
}

function whatOf({ cause, by }: StopView, t: Translate): string {
  return by && (cause === "fork" || cause === "breach")
    ? t(`place/${formOf(by.delegation)}/${cause}What`, { name: by.name })
    : t(`stop/${cause}/what`);
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className={styles["part"]}>
      <h2 className={styles["label"]}>{title}</h2>
      {children}
    </div>
  );
}

/** The hashes of both records where they part: who wants to compare by telephone reads the letters aloud. */
function Records({ view, who }: { readonly view: StopView; readonly who: string }) {
  const { t } = useTranslation();
  return (
    <table className={styles["records"]}>
      <caption className="unseen">{t("stop/records")}</caption>
      <thead>
        <tr>
          <th scope="col">{t("stop/entry")}</th>
          <th scope="col">{t("stop/ours")}</th>
          <th scope="col">{t("stop/theirs", { who })}</th>
        </tr>
      </thead>
      <tbody>
        {view.rows.map((row) => (
          <tr key={row.seq} data-differs={row.entries === "here" || undefined}>
            <th scope="row">{row.entries === "before" && row.seq > 1 ? t("stop/upTo", { seq: row.seq }) : row.seq}</th>
            <td>{row.entries === "before" ? t("stop/unparted") : row.ours}</td>
            <td>{row.entries === "before" ? t("stop/unparted") : row.theirs}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
