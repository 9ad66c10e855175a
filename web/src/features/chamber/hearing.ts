/** What the microphone's level means for its holder: silent on air, or speaking while it is closed. Pure; time is passed in. */

/** Below it, on air: a covered or broken microphone. */
const SILENT_DBFS = -60;
/** Above it while closed: somebody speaks. Well above a room's noise. */
const SPEAKING_DBFS = -35;
const SILENT_AFTER_MS = 10_000;
/** So much speech in a row before we say so: a cough is none. */
const SPEAKING_AFTER_MS = 600;
/** A pause between words ends no sentence. */
const PAUSE_MS = 1200;

export interface Hearing {
  readonly says: "nothing" | "silent" | "speaking";
  readonly isOpen: boolean;
  readonly soundAt_ms: number;
  readonly speechFrom_ms: number | undefined;
  readonly speechTo_ms: number;
}

export function startHearing(isOpen: boolean, now_ms: number): Hearing {
  return {
    says: "nothing",
    isOpen,
    soundAt_ms: now_ms,
    speechFrom_ms: undefined,
    speechTo_ms: Number.NEGATIVE_INFINITY,
  };
}

/** One look at the level; `undefined` where it is not known, and then nothing is said. */
export function hear(before: Hearing, isOpen: boolean, level_dbfs: number | undefined, now_ms: number): Hearing {
  if (isOpen !== before.isOpen || level_dbfs === undefined) return startHearing(isOpen, now_ms);
  const soundAt_ms = level_dbfs > SILENT_DBFS ? now_ms : before.soundAt_ms;
  const isSpeech = level_dbfs > SPEAKING_DBFS;
  const isOver = now_ms - before.speechTo_ms > PAUSE_MS;
  const speechFrom_ms = isSpeech ? (isOver ? now_ms : before.speechFrom_ms) : isOver ? undefined : before.speechFrom_ms;
  const speechTo_ms = isSpeech ? now_ms : before.speechTo_ms;
  const isSilent = isOpen && now_ms - soundAt_ms >= SILENT_AFTER_MS;
  const isSpeaking = !isOpen && speechFrom_ms !== undefined && speechTo_ms - speechFrom_ms >= SPEAKING_AFTER_MS;
  return {
    says: isSilent ? "silent" : isSpeaking ? "speaking" : "nothing",
    isOpen,
    soundAt_ms,
    speechFrom_ms,
    speechTo_ms,
  };
}
