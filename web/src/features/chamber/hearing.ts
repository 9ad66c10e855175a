/** What the microphone's level means for its holder: silent on air, or speaking while it is closed. Pure; time is passed in. */

/** Below it, on air: a covered or broken microphone. */
const SILENT_DBFS = -60;
const SILENT_AFTER_MS = 10_000;
/** Above it while closed, somebody speaks: well above a room's noise. */
const SPEAKING_DBFS = -35;
/** Speech is loud for most of a second or two; a cough, a door and a keyboard are not. */
const SPEAKING_SHARE = 0.6;
/** Below it the warning goes: a pause between words does not end it. */
const SPOKEN_SHARE = 0.2;
/** How much one look counts; looks come five times a second, so that about a second and a half is remembered. */
const LOOK_WEIGHT = 0.15;

export interface Hearing {
  readonly says: "nothing" | "silent" | "speaking";
  readonly isOpen: boolean;
  readonly soundAt_ms: number;
  /** How much of the last looks was loud, from 0 to 1. */
  readonly loudShare: number;
}

export function startHearing(isOpen: boolean, now_ms: number): Hearing {
  return { says: "nothing", isOpen, soundAt_ms: now_ms, loudShare: 0 };
}

/** One look at the level; `undefined` where it is not known, and then nothing is said. */
export function hear(before: Hearing, isOpen: boolean, level_dbfs: number | undefined, now_ms: number): Hearing {
  if (isOpen !== before.isOpen || level_dbfs === undefined) return startHearing(isOpen, now_ms);
  const soundAt_ms = level_dbfs > SILENT_DBFS ? now_ms : before.soundAt_ms;
  const loudShare = before.loudShare * (1 - LOOK_WEIGHT) + (level_dbfs > SPEAKING_DBFS ? LOOK_WEIGHT : 0);
  return { says: says(), isOpen, soundAt_ms, loudShare };

  function says(): Hearing["says"] {
    if (isOpen) return now_ms - soundAt_ms >= SILENT_AFTER_MS ? "silent" : "nothing";
    return loudShare > (before.says === "speaking" ? SPOKEN_SHARE : SPEAKING_SHARE) ? "speaking" : "nothing";
  }
}
