import { Mic, MicOff } from "lucide-react";
import { ToggleButton } from "react-aria-components";
import { useTranslation } from "react-i18next";
import styles from "./Controls.module.css";
import type { Microphone, MicrophoneState } from "./useMicrophone.ts";

/** Words by state: what it does, and what its holder should know. */
const WORDS: Readonly<Record<MicrophoneState, { word: string; hint: string; short: string }>> = {
  closed: { word: "microphone/closed", hint: "microphone/closedHint", short: "microphone/short" },
  speaking: { word: "microphone/speaking", hint: "microphone/speakingHint", short: "microphone/short" },
  onAir: { word: "microphone/onAir", hint: "microphone/onAirHint", short: "microphone/shortOpen" },
  held: { word: "microphone/onAir", hint: "microphone/held", short: "microphone/shortOpen" },
  silent: { word: "microphone/silent", hint: "microphone/silentHint", short: "microphone/shortOpen" },
  unconnected: { word: "microphone/onAir", hint: "microphone/unconnected", short: "microphone/shortOpen" },
  floorless: { word: "microphone/closed", hint: "microphone/floorlessHint", short: "microphone/short" },
  armed: { word: "microphone/closed", hint: "microphone/armedHint", short: "microphone/short" },
  blocked: { word: "microphone/blocked", hint: "microphone/blockedHint", short: "microphone/shortBlocked" },
};

/** Our microphone, the fifth of the five facts: open in brass, and in words. */
export function MicrophoneButton({ microphone }: { readonly microphone: Microphone }) {
  const { t } = useTranslation();
  const { word, hint, short } = WORDS[microphone.state];
  return (
    <ToggleButton
      className={`${styles["control"]} ${styles["microphone"]}`}
      data-control="microphone"
      data-state={microphone.state}
      isSelected={microphone.isOpen}
      isDisabled={microphone.state === "blocked"}
      onChange={microphone.toggle}
    >
      {microphone.isOpen ? <Mic aria-hidden="true" size={28} /> : <MicOff aria-hidden="true" size={28} />}
      <span className={styles["words"]}>
        <span className={styles["state"]}>{t(word)}</span>
        <span className={styles["hint"]}>{t(hint)}</span>
      </span>
      <span className={styles["short"]} aria-hidden="true">
        {t(short)}
      </span>
    </ToggleButton>
  );
}
