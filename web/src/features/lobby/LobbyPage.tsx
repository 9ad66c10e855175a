import {
  ArrowRight,
  BadgeCheck,
  CircleCheck,
  DoorOpen,
  Laptop,
  MicOff,
  Phone,
  SlidersHorizontal,
  TriangleAlert,
} from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { hourMinute } from "../../i18n/time.ts";
import type { DoorFacts } from "../../meeting/doorway.ts";
import { inLanguage } from "../../meeting/sight.ts";
import type { Accreditation } from "../../member/plane.ts";
import { announce } from "../../ui/announce.ts";
import { Banner } from "../../ui/Banner.tsx";
import { Button } from "../../ui/Button.tsx";
import { holderWords } from "../../ui/holderWords.ts";
import { LanguageChoice } from "../../ui/LanguageChoice.tsx";
import { OfferButton } from "../../ui/OfferButton.tsx";
import { RecordButton } from "../../ui/RecordButton.tsx";
import sheet from "../../ui/Sheet.module.css";
import type { Answer } from "../../ui/usePending.ts";
import { doorName } from "./doorName.ts";
import styles from "./LobbyPage.module.css";
import type { Equipment, LobbyView } from "./lobbyView.ts";

export interface LobbyActs {
  readonly knock: (sitting: string) => Promise<Answer>;
  readonly open: (sitting: string) => Promise<Answer>;
  readonly devices: () => void;
  readonly leave: () => void;
  /** Where this device has read a record: it to a file. */
  readonly save: (() => Promise<Answer>) | undefined;
}

interface Props {
  readonly holder: Accreditation;
  readonly view: LobbyView;
  readonly acts: LobbyActs;
  /** Our own picture, as others will see it. */
  readonly preview: ReactNode;
  readonly equipment: readonly Equipment[];
  /** The sitting's agenda, where this device may read it. */
  readonly agenda?: ReactNode;
}

/** The lobby: what is waited for, who lets one in, and nothing of the room. */
export function LobbyPage({ holder, view, acts, preview, equipment, agenda }: Props) {
  const { t, i18n } = useTranslation();
  const { says, door, since } = view;
  const time = since === undefined ? "" : t("clock/at", hourMinute(since));
  const opener = t(`lobby/opener/${door?.opener ?? "secretariat"}`);
  const heading = useRef<HTMLHeadingElement>(null);
  const title = t(`lobby/${says}/title`, { opener });
  useEffect(() => heading.current?.focus(), []);
  useEffect(() => announce(title), [title]);
  return (
    <div className={sheet["page"]}>
      <Banner title={inLanguage(holder.title, i18n.language)} detail={door ? doorName(door, i18n.language, t) : ""}>
        <LanguageChoice />
      </Banner>
      <div className={styles["columns"]}>
        <main className={styles["main"]} data-control="lobby" data-says={says}>
          <p className={styles["kicker"]}>{t("lobby/kicker")}</p>
          <h1 className={styles["title"]} tabIndex={-1} ref={heading}>
            {title}
          </h1>
          <p className={styles["text"]}>{t(`lobby/${says}/text`, { time, opener })}</p>
          <div className={styles["self"]}>
            {preview}
            <Facts holder={holder} />
          </div>
          <div className={styles["actions"]}>
            {door && view.opens !== "never" && (
              <OfferButton
                weight={view.opens === "here" ? "primary" : "usual"}
                onPress={() => acts.open(door.sitting)}
                control="open-sitting"
              >
                <DoorOpen aria-hidden="true" size={22} />
                {t(view.opens === "here" ? "lobby/open" : "lobby/openPerhaps")}
              </OfferButton>
            )}
            {door && view.mayKnock && (
              <OfferButton weight="primary" onPress={() => acts.knock(door.sitting)} control="knock">
                {t("lobby/knock")}
                <ArrowRight aria-hidden="true" size={20} />
              </OfferButton>
            )}
            <Button onPress={acts.devices} control="devices">
              <SlidersHorizontal aria-hidden="true" size={20} />
              {t("lobby/devices")}
            </Button>
            {acts.save && <RecordButton save={acts.save} />}
            <Button weight="quiet" onPress={acts.leave} control="leave">
              {t("room/leave")}
            </Button>
          </div>
          <p className={styles["foot"]}>{t("lobby/foot")}</p>
        </main>
        <aside className={styles["aside"]} aria-label={t("lobby/sittings")}>
          <Countdown view={view} />
          {holder.telephone !== null && (
            <p className={styles["phone"]}>
              <Phone aria-hidden="true" size={20} />
              {t("lobby/telephone", { number: holder.telephone })}
            </p>
          )}
          <section>
            <h2 className={styles["heading"]}>{t("lobby/sittings")}</h2>
            <ul data-control="doors">
              {view.doors.map((one) => (
                <Door key={one.sitting} door={one} isHere={one.sitting === door?.sitting} knock={acts.knock} />
              ))}
            </ul>
          </section>
          {agenda}
          <EquipmentList all={equipment} />
        </aside>
      </div>
    </div>
  );
}

function Facts({ holder }: { readonly holder: Accreditation }) {
  const { t, i18n } = useTranslation();
  const { name, detail } = holderWords(holder, i18n.language, t);
  return (
    <ul className={styles["facts"]}>
      <li>
        <BadgeCheck aria-hidden="true" size={22} />
        <div>
          <p className={styles["fact"]}>{holder.person ?? name}</p>
          <p className={styles["quiet"]}>
            {[holder.person && name, detail, t("lobby/proven")].filter(Boolean).join(". ")}
          </p>
        </div>
      </li>
      <li>
        <Laptop aria-hidden="true" size={22} />
        <div>
          <p className={styles["fact"]}>{t("lobby/enrolled")}</p>
          <p className={styles["quiet"]}>{t("lobby/enrolledDetail")}</p>
        </div>
      </li>
      <li>
        <MicOff aria-hidden="true" size={22} />
        <div>
          <p className={styles["fact"]}>{t("lobby/unsent")}</p>
          <p className={styles["quiet"]}>{t("lobby/unsentDetail")}</p>
        </div>
      </li>
    </ul>
  );
}

/** What was checked before, as it is now. */
function EquipmentList({ all }: { readonly all: readonly Equipment[] }) {
  const { t } = useTranslation();
  return (
    <section>
      <h2 className={styles["heading"]}>{t("lobby/equipment")}</h2>
      <ul className={styles["equipment"]} data-control="equipment">
        {all.map(({ is, works, says }) => (
          <li key={is} data-works={works}>
            {works ? <CircleCheck aria-hidden="true" size={22} /> : <TriangleAlert aria-hidden="true" size={22} />}
            <p>
              <strong>{t(`check/${is}/title`)}</strong> {t(says)}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Countdown({ view }: { readonly view: LobbyView }) {
  const { t } = useTranslation();
  if (view.minutesLeft === undefined || !view.door) return null;
  return (
    <div className={styles["countdown"]} role="timer" aria-live="off">
      <p className={styles["minutes"]}>{t("lobby/minutes", { count: view.minutesLeft })}</p>
      <p className={styles["quiet"]}>{t("lobby/until", { time: t("clock/at", hourMinute(view.door.opens)) })}</p>
    </div>
  );
}

function Door({ door, isHere, knock }: { door: DoorFacts; isHere: boolean; knock: LobbyActs["knock"] }) {
  const { t, i18n } = useTranslation();
  return (
    <li className={styles["door"]} data-sitting={door.sitting} data-here={isHere || undefined}>
      <span className={styles["hour"]}>{t("clock/at", hourMinute(door.opens))}</span>
      <div className={styles["doorWords"]}>
        <p className={styles["fact"]}>{doorName(door, i18n.language, t)}</p>
        <p className={styles["quiet"]}>{t(isHere ? "lobby/here" : `lobby/door/${door.state}`)}</p>
      </div>
      {!isHere && door.state === "open" && (
        <OfferButton onPress={() => knock(door.sitting)} control="go-to-door">
          {t("lobby/goTo")}
        </OfferButton>
      )}
    </li>
  );
}
