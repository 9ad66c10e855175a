import { LayoutGrid, LogOut, User, Video, VideoOff, Volume2, VolumeX } from "lucide-react";
import type { ReactNode } from "react";
import { Button as AriaButton, ToggleButton } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { useMember } from "../../member/context.ts";
import { useStore } from "../../ui/useStore.ts";
import styles from "./Controls.module.css";
import { LineState } from "./LineState.tsx";
import { MicrophoneButton } from "./MicrophoneButton.tsx";
import { MorePanel } from "./MorePanel.tsx";
import type { Microphone } from "./useMicrophone.ts";

interface Props {
  readonly microphone: Microphone;
  readonly onKeys: () => void;
  /** What the sitting offers: the floor, the next item. */
  readonly offers?: ReactNode;
  /** What the record's own connection has to say. */
  readonly news?: ReactNode;
  /** The other sittings that are open to this seat. */
  readonly elsewhere?: ReactNode;
}

/** Everything that belongs to the reader: microphone, camera, loudspeaker, view, devices, and the way out. */
export function Controls({ microphone, onKeys, offers, news, elsewhere }: Props) {
  const { t } = useTranslation();
  const member = useMember();
  const { view } = useStore(member.store);
  return (
    <section className={styles["controls"]} aria-label={t("landmark/controls")} id="controls" tabIndex={-1}>
      <MicrophoneButton microphone={microphone} />
      <CameraButton />
      <LoudspeakerButton />
      <AriaButton
        className={`${styles["control"]} ${styles["viewSwitch"]}`}
        onPress={() => member.setView(view === "speaker" ? "chamber" : "speaker")}
        data-control="view-switch"
      >
        {view === "speaker" ? <LayoutGrid aria-hidden="true" size={24} /> : <User aria-hidden="true" size={24} />}
        <span className={styles["short"]}>{t(view === "speaker" ? "room/chamber" : "room/speaker")}</span>
      </AriaButton>
      <MorePanel onKeys={onKeys} elsewhere={elsewhere} />
      <LineState>{news}</LineState>
      <div className={styles["offers"]}>{offers}</div>
      <AriaButton
        className={`${styles["control"]} ${styles["leave"]}`}
        onPress={() => void member.leave()}
        data-control="leave"
      >
        <LogOut className={styles["leaveIcon"]} aria-hidden="true" size={24} />
        <span>{t("room/leave")}</span>
      </AriaButton>
    </section>
  );
}

function CameraButton() {
  const { t } = useTranslation();
  const member = useMember();
  const { state } = useStore(member.devices).camera;
  const isOn = state === "ready";
  const word = isOn ? "camera/on" : state === "off" || state === "asking" ? "camera/off" : "camera/blocked";
  return (
    <ToggleButton
      className={styles["control"] ?? ""}
      data-control="camera"
      isSelected={isOn}
      onChange={(on) => void member.setCameraOn(on)}
    >
      {isOn ? <Video aria-hidden="true" size={24} /> : <VideoOff aria-hidden="true" size={24} />}
      <span className={styles["words"]}>{t(word)}</span>
      <span className={styles["short"]} aria-hidden="true">
        {t("camera/short")}
      </span>
    </ToggleButton>
  );
}

function LoudspeakerButton() {
  const { t } = useTranslation();
  const member = useMember();
  const { isLoudspeakerOn } = useStore(member.store);
  const { soundBlocked } = useStore(member.room);
  const isHeard = isLoudspeakerOn && !soundBlocked;
  const word = isHeard ? "loudspeaker/on" : isLoudspeakerOn ? "loudspeaker/blocked" : "loudspeaker/off";
  return (
    <ToggleButton
      className={styles["control"] ?? ""}
      data-control="loudspeaker"
      isSelected={isHeard}
      onChange={() => member.setLoudspeakerOn(!isHeard)}
    >
      {isHeard ? <Volume2 aria-hidden="true" size={24} /> : <VolumeX aria-hidden="true" size={24} />}
      <span className={styles["words"]}>{t(word)}</span>
      <span className={styles["short"]} aria-hidden="true">
        {t("loudspeaker/short")}
      </span>
    </ToggleButton>
  );
}
