import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMember } from "../../member/context.ts";
import { announce } from "../../ui/announce.ts";
import { Banner } from "../../ui/Banner.tsx";
import { useStore } from "../../ui/useStore.ts";
import { ChamberGrid } from "./ChamberGrid.tsx";
import styles from "./ChamberPage.module.css";
import { Controls } from "./Controls.tsx";
import { KeysDialog } from "./KeysDialog.tsx";
import type { KeyAction } from "./keys.ts";
import { occupants } from "./occupants.ts";
import { SpeakerStage } from "./SpeakerStage.tsx";
import { StatusPill } from "./StatusPill.tsx";
import { useAnnouncements } from "./useAnnouncements.ts";
import { useKeys } from "./useKeys.ts";
import { useMicrophone } from "./useMicrophone.ts";

/** The room: the head says which meeting and who can hear it, the middle shows the others, the foot is the reader's. */
export function ChamberPage() {
  const { t } = useTranslation();
  const member = useMember();
  const devices = useStore(member.devices);
  const { line, others } = useStore(member.room);
  const { view, seating, isLoudspeakerOn } = useStore(member.store);
  const microphone = useMicrophone();
  const [areKeysShown, setKeysShown] = useState(false);
  const title = useRef<HTMLHeadingElement>(null);
  useAnnouncements(line);
  useEffect(() => title.current?.focus(), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: said once, on entering
  useEffect(() => {
    if (!isLoudspeakerOn) announce(t("loudspeaker/otherTab"));
  }, []);
  const act = useCallback(
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
      }
    },
    [member, microphone],
  );
  useKeys(act);
  const all = occupants(member.seat, devices, others, seating);
  const isStale = line.state === "lost";
  return (
    <div className={styles["page"]}>
      <a className="skip" href="#controls">
        {t("skip/controls")}
      </a>
      {view === "speaker" && (
        <a className="skip" href="#list">
          {t("skip/list")}
        </a>
      )}
      <Banner title={member.title} detail={member.ticket.sitting ?? member.seat.delegation}>
        <StatusPill />
      </Banner>
      <main className={styles["main"]} data-control="room" data-line={line.state}>
        <h1 className="unseen" tabIndex={-1} ref={title}>
          {member.title}
        </h1>
        {view === "speaker" ? (
          <SpeakerStage all={all} isStale={isStale} />
        ) : (
          <ChamberGrid all={all} seating={seating} places={member.ticket.places} isStale={isStale} />
        )}
      </main>
      <Controls microphone={microphone} onKeys={() => setKeysShown(true)} />
      <KeysDialog isOpen={areKeysShown} onClose={() => setKeysShown(false)} />
    </div>
  );
}
