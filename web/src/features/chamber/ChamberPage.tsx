import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Seat } from "../../accreditation/seat.ts";
import type { Seating } from "../../meeting/seating.ts";
import { useMember } from "../../member/context.ts";
import type { Participant } from "../../member/plane.ts";
import { announce } from "../../ui/announce.ts";
import { Banner } from "../../ui/Banner.tsx";
import { useStore } from "../../ui/useStore.ts";
import { ChamberGrid } from "./ChamberGrid.tsx";
import styles from "./ChamberPage.module.css";
import { Controls } from "./Controls.tsx";
import { KeysDialog } from "./KeysDialog.tsx";
import type { KeyAction, SittingAction } from "./keys.ts";
import { type FloorMark, occupants } from "./occupants.ts";
import { SpeakerStage } from "./SpeakerStage.tsx";
import { Tile } from "./Tile.tsx";
import { useAnnouncements } from "./useAnnouncements.ts";
import { useKeys } from "./useKeys.ts";
import { type FloorForUs, useMicrophone } from "./useMicrophone.ts";

/** What a sitting's record adds to a room: each part is another feature's, put in its place here. */
export interface SittingParts {
  readonly marks: ReadonlyMap<string, FloorMark>;
  readonly floor: FloorForUs;
  /** Above the whole chamber. */
  readonly band: ReactNode;
  readonly plate: ReactNode;
  readonly tag: ReactNode;
  /** Beside the stage, and beside the chamber too for those who run the sitting. */
  readonly rail: ReactNode;
  readonly runs: boolean;
  readonly offers: ReactNode;
  readonly news: ReactNode;
  /** The other sittings that are open to this seat: among what is needed seldom. */
  readonly elsewhere: ReactNode;
  /** In place of the chamber: the lock's page. */
  readonly instead?: ReactNode;
  readonly actions: readonly SittingAction[];
  readonly act: (action: SittingAction) => void;
}

const FIRST_PAGE = 30;

interface Props {
  readonly title: string;
  readonly detail: string;
  readonly own: Seat;
  readonly others: readonly Participant[];
  readonly seating: Seating;
  /** How many places the sitting has. */
  readonly places: number;
  readonly pill: ReactNode;
  readonly sitting: SittingParts;
}

/** The room: the head says which meeting and who can hear it, the middle shows the others, the foot is the reader's. */
export function ChamberPage({ title, detail, own, others, seating, places, pill, sitting }: Props) {
  const { t } = useTranslation();
  const member = useMember();
  const devices = useStore(member.devices);
  const { line } = useStore(member.room);
  const { view, isLoudspeakerOn } = useStore(member.store);
  const microphone = useMicrophone(sitting.floor);
  const [areKeysShown, setKeysShown] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const hasEntered = useRef(false);
  const { act } = sitting;
  useAnnouncements(line);
  const isInside = sitting.instead === undefined;
  useEffect(() => {
    // On entering, and on coming back from the lock's page by a button that went away with it.
    if (isInside && (!hasEntered.current || document.activeElement === document.body)) heading.current?.focus();
    hasEntered.current = true;
  }, [isInside]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: said once, on entering
  useEffect(() => {
    if (!isLoudspeakerOn) announce(t("loudspeaker/otherTab"));
  }, []);
  const onKey = useCallback(
    (action: KeyAction, isDown: boolean) => {
      switch (action) {
        case "microphone":
          return microphone.toggle();
        case "talk":
          return microphone.talk(isDown);
        case "camera":
          return void member.setCameraOn(member.devices.snapshot().camera.state !== "ready");
        case "speaker":
        case "chamber":
          return member.setView(action);
        case "help":
          return setKeysShown(true);
        default:
          return act(action);
      }
    },
    [member, microphone, act],
  );
  useKeys(onKey);
  const all = occupants(own, devices, others, seating, sitting.marks);
  // Beside the band, where the first page is full of delegations.
  const chair = all.find(({ seat, place }) => seat.role === "chair" && place >= FIRST_PAGE);
  const isStale = line.state === "lost";
  const hasList = view === "speaker" || sitting.runs;
  return (
    <div className={styles["page"]}>
      <a className="skip" href="#controls">
        {t("skip/controls")}
      </a>
      {hasList && (
        <a className="skip" href="#list">
          {t("skip/list")}
        </a>
      )}
      <Banner title={title} detail={detail}>
        {pill}
      </Banner>
      <main className={styles["main"]} data-control="room" data-line={line.state} aria-label={t("landmark/floor")}>
        {isInside && (
          <h1 className="unseen" tabIndex={-1} ref={heading}>
            {title}
          </h1>
        )}
        {sitting.instead ??
          (view === "speaker" ? (
            <SpeakerStage all={all} isStale={isStale} floor={sitting} />
          ) : (
            <div className={styles["chamber"]} data-runs={sitting.runs || undefined}>
              <div className={styles["middle"]}>
                {sitting && (
                  <div className={styles["top"]}>
                    <div>{sitting.band}</div>
                    {chair && (
                      <ul className={styles["chair"]}>
                        <Tile occupant={chair} isStale={isStale} />
                      </ul>
                    )}
                  </div>
                )}
                <ChamberGrid all={all} seating={seating} places={places} isStale={isStale} />
              </div>
              {sitting.runs && (
                <aside className={styles["rail"]} aria-label={t("landmark/sitting")}>
                  {sitting.rail}
                </aside>
              )}
            </div>
          ))}
      </main>
      <Controls
        microphone={microphone}
        onKeys={() => setKeysShown(true)}
        offers={sitting.offers}
        news={sitting.news}
        elsewhere={sitting.elsewhere}
      />
      <KeysDialog isOpen={areKeysShown} onClose={() => setKeysShown(false)} actions={sitting.actions ?? []} />
    </div>
  );
}
