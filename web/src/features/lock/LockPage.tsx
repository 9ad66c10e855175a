import {
  ArrowLeft,
  BookCheck,
  CircleOff,
  EyeOff,
  Laptop,
  LockKeyhole,
  Server,
  ServerCrash,
  TriangleAlert,
} from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Disclosure, DisclosurePanel } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { grouped } from "../../accreditation/bytes.ts";
import { hourMinute } from "../../i18n/time.ts";
import { Button } from "../../ui/Button.tsx";
import { Confirm } from "../../ui/Confirm.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { Fact } from "../../ui/Fact.tsx";
import { useClock } from "../../ui/useClock.ts";
import type { Answer } from "../../ui/usePending.ts";
import styles from "./LockPage.module.css";
import type { LockView } from "./lockView.ts";
import { RosterList } from "./RosterList.tsx";

export interface LockActs {
  readonly exclude: (device: string) => Promise<Answer>;
  /** A person heard other words than these. */
  readonly differ: () => void;
  readonly back: () => void;
}

export interface LockFacts {
  readonly epoch: number | undefined;
  readonly words: readonly string[] | undefined;
  /** Thumbprint of the link's authority. */
  readonly authority: string;
  readonly suite: string;
  readonly page: "program" | "server";
  /** The language of the words. */
  readonly language: string;
}

interface Props {
  readonly view: LockView;
  readonly facts: LockFacts;
  readonly acts: LockActs;
  /** Who has the floor, while one reads. */
  readonly aside?: ReactNode;
}

/** What the lock proves, by this device's own account; and what it does not. */
export function LockPage({ view, facts, acts, aside }: Props) {
  const { t } = useTranslation();
  const time = t("clock/at", hourMinute(useClock()));
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const report = () =>
    [
      t("report/title"),
      `epoch: ${facts.epoch}`,
      `suite: ${facts.suite}`,
      `authority: ${facts.authority}`,
      `main: ${view.heads.main}`,
      `sitting: ${view.heads.sitting}`,
      ...view.roster.flatMap(({ members }) => members.map(({ seat, device }) => `${seat}: ${device}`)),
    ].join("\n");
  return (
    <div className={styles["view"]} data-control="lock-page">
      <div className={styles["sheet"]}>
        <header className={styles["head"]}>
          <LockKeyhole className={styles["sign"]} aria-hidden="true" size={40} />
          <div>
            <h1 className={styles["title"]} tabIndex={-1} ref={heading}>
              {t("lock/title")}
            </h1>
            <p className={styles["quiet"]}>{t("lock/checked", { time })}</p>
          </div>
        </header>
        <div className={styles["columns"]}>
          <div className={styles["column"]}>
            <Counts view={view} />
            <Disclosure className={styles["roster"] ?? ""}>
              <h2>
                <Button slot="trigger" control="roster-open">
                  {t("lock/everyone")}
                </Button>
              </h2>
              <DisclosurePanel>
                <RosterList view={view} exclude={acts.exclude} />
              </DisclosurePanel>
            </Disclosure>
          </div>
          <div className={styles["column"]}>
            <Words facts={facts} time={time} differ={acts.differ} />
            <Fact icon={<BookCheck aria-hidden="true" size={24} />} title={t("lock/record")}>
              {t("lock/recordDetail", { count: view.entries })}
            </Fact>
            {facts.page === "program" ? (
              <Fact icon={<Laptop aria-hidden="true" size={24} />} title={t("lock/program")}>
                {t("lock/programDetail")}
              </Fact>
            ) : (
              <Fact caution icon={<TriangleAlert aria-hidden="true" size={24} />} title={t("lock/server")}>
                {t("lock/serverDetail")}
              </Fact>
            )}
          </div>
        </div>
        <section className={styles["limits"]} aria-labelledby="limits">
          <h2 id="limits">{t("lock/limits")}</h2>
          <div className={styles["columns"]}>
            <Fact icon={<Server aria-hidden="true" size={24} />} title={t("lock/metadata")} level={3}>
              {t("lock/metadataDetail")}
            </Fact>
            <Fact
              icon={<CircleOff aria-hidden="true" size={24} />}
              title={t(view.recorders.length > 0 ? "lock/recorded" : "lock/unrecorded")}
              level={3}
            >
              {t("lock/unrecordedDetail")}
            </Fact>
            <Fact icon={<EyeOff aria-hidden="true" size={24} />} title={t("lock/people")} level={3}>
              {t("lock/peopleDetail")}
            </Fact>
            <Fact icon={<ServerCrash aria-hidden="true" size={24} />} title={t("lock/device")} level={3}>
              {t("lock/deviceDetail")}
            </Fact>
          </div>
        </section>
        <section className={styles["officer"]} aria-labelledby="officer">
          <h2 id="officer">{t("lock/officer")}</h2>
          <dl className={styles["officerFacts"]}>
            <dt>{t("lock/epoch")}</dt>
            <dd data-control="epoch">{facts.epoch}</dd>
            <dt>{t("lock/suite")}</dt>
            <dd>{facts.suite}</dd>
            <dt>{t("lock/authority")}</dt>
            <dd>{grouped(facts.authority)}</dd>
          </dl>
          <CopyButton report={report} />
        </section>
      </div>
      <div className={styles["aside"]}>
        {aside}
        <Button onPress={acts.back} control="back-to-chamber">
          <ArrowLeft aria-hidden="true" size={20} />
          {t("lock/back")}
        </Button>
      </div>
    </div>
  );
}

/** A number for each kind of seat; that there is no recorder is a row, too. */
function Counts({ view }: { readonly view: LockView }) {
  const { t } = useTranslation();
  return (
    <table className={styles["counts"]} data-control="roster-counts">
      <thead>
        <tr>
          <th scope="col">{t("lock/inTheRoom")}</th>
          <th scope="col">{t("lock/seats")}</th>
          <th scope="col">{t("lock/devices")}</th>
        </tr>
      </thead>
      <tbody>
        {view.counts.map(({ role, seats, devices }) => (
          <tr key={role} data-role={role} data-none={devices === 0 || undefined}>
            <th scope="row">{t(`roles/${role}`)}</th>
            {devices === 0 ? (
              <td colSpan={2}>{t("lock/none")}</td>
            ) : (
              <>
                <td>{seats}</td>
                <td>{devices}</td>
              </>
            )}
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">{t("lock/all")}</th>
          <td>{view.seats}</td>
          <td>{view.devices}</td>
        </tr>
      </tfoot>
    </table>
  );
}

/** The eight words: somebody reads them aloud. That they are the same proves nothing to who does not listen. */
function Words({ facts, time, differ }: { facts: LockFacts; time: string; differ: () => void }) {
  const { t } = useTranslation();
  const [isAsked, setAsked] = useState(false);
  const [isSame, setSame] = useState<number>();
  return (
    <section className={styles["words"]} aria-labelledby="words">
      <h2 className={styles["label"]} id="words">
        {t("lock/words", { time })}
      </h2>
      {facts.words ? (
        <ol className={styles["eight"]} lang={facts.language} data-control="words">
          {facts.words.map((word, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: eight places, and a word may stand twice
            <li key={index}>{word}</li>
          ))}
        </ol>
      ) : (
        <p>{t("lock/noWords")}</p>
      )}
      <p className={styles["quiet"]}>{t("lock/wordsDetail")}</p>
      <div className={styles["actions"]}>
        <Button
          isDisabled={!facts.words || isSame === facts.epoch}
          onPress={() => setSame(facts.epoch)}
          control="words-same"
        >
          {t(isSame === facts.epoch && isSame !== undefined ? "lock/sameSaid" : "lock/same")}
        </Button>
        <Button weight="danger" isDisabled={!facts.words} onPress={() => setAsked(true)} control="words-differ">
          {t("lock/differ")}
        </Button>
      </div>
      {isAsked && (
        <Confirm
          title={t("lock/differTitle")}
          word={t("lock/differYes")}
          onConfirm={differ}
          onClose={() => setAsked(false)}
          control="confirm-differ"
        >
          <p>{t("lock/differText")}</p>
        </Confirm>
      )}
    </section>
  );
}
