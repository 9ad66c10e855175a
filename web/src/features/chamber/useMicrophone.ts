import { useCallback, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMember } from "../../member/context.ts";
import { announce } from "../../ui/announce.ts";
import { refusalSentence } from "../../ui/refusalWords.ts";
import { useStore } from "../../ui/useStore.ts";
import { useHearing } from "./useHearing.ts";

/** `held`: open for as long as V is held. */
export type MicrophoneState =
  | "closed"
  | "speaking"
  | "onAir"
  | "held"
  | "silent"
  | "blocked"
  | "unconnected"
  | "floorless"
  | "armed";

export interface Microphone {
  readonly state: MicrophoneState;
  readonly isOpen: boolean;
  readonly toggle: () => void;
  readonly talk: (isDown: boolean) => void;
}

/** What the floor allows: nobody's microphone opens without it. `armed`: who asked is on air once it is given. */
export interface FloorForUs {
  readonly maySpeak: boolean;
  readonly isWaiting: boolean;
}

/** Our microphone: what it does, and what its holder should know about it. */
export function useMicrophone(floor: FloorForUs): Microphone {
  const { t, i18n } = useTranslation();
  const isShut = !floor.maySpeak;
  const member = useMember();
  const { state, open } = useStore(member.devices).microphone;
  const { line } = useStore(member.room);
  const says = useHearing(open);
  const [isHeld, setHeld] = useState(false);
  const isHeldNow = useRef(false);

  const set = useCallback(
    (isOpen: boolean) => {
      if (isOpen && isShut) return announce(refusalSentence(i18n, "floor.not_yours"));
      void member.setMicrophoneOpen(isOpen);
      announce(t(isOpen ? "microphone/opened" : "microphone/nowClosed"));
    },
    [member, t, i18n, isShut],
  );
  const toggle = useCallback(() => set(!member.devices.snapshot().microphone.open), [member, set]);
  const talk = useCallback(
    (isDown: boolean) => {
      if (isDown === isHeldNow.current || (isDown && member.devices.snapshot().microphone.open)) return;
      isHeldNow.current = isDown;
      setHeld(isDown);
      set(isDown);
    },
    [member, set],
  );

  return { state: describe(), isOpen: open, toggle, talk };

  function describe(): MicrophoneState {
    if (state !== "ready") return "blocked";
    if (!open && isShut && says !== "speaking") return floor.isWaiting ? "armed" : "floorless";
    if (!open) return says === "speaking" ? "speaking" : "closed";
    if (line.state !== "open") return "unconnected";
    if (says === "silent") return "silent";
    return isHeld ? "held" : "onAir";
  }
}
