/**
 * Our own microphone, between its holder and the floor: it is open only while both want it. Pure.
 *
 * No act opens a microphone against its holder's will (e2ee.md): who asked for the floor and is given it is on air; who did not ask
 * has it closed until the holder presses.
 */
import type { Code } from "../refusal.ts";

export interface Microphone {
  readonly isOpen: boolean;
  /** The holder asked for the floor: it opens when that comes. */
  readonly isArmed: boolean;
  readonly maySpeak: boolean;
}

export type MicrophoneEvent = "pressed" | "asked" | "withdrew" | "may_speak" | "may_not_speak";

export const closedMicrophone: Microphone = { isOpen: false, isArmed: false, maySpeak: false };

export function microphoneAfter(before: Microphone, event: MicrophoneEvent): Microphone {
  switch (event) {
    case "pressed":
      return { ...before, isOpen: before.maySpeak && !before.isOpen };
    case "asked":
      return { ...before, isArmed: true };
    case "withdrew":
      return { ...before, isArmed: false };
    case "may_speak":
      return before.maySpeak ? before : { isOpen: before.isArmed, isArmed: false, maySpeak: true };
    case "may_not_speak":
      return { ...before, isOpen: false, maySpeak: false };
  }
}

/** Why a press does not open it; undefined when it does. */
export function whyClosed({ maySpeak }: Microphone): Code | undefined {
  return maySpeak ? undefined : "floor.not_yours";
}
