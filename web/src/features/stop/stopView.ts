/** The stop page: what was seen, by whom, and what it means for what can still be trusted. Pure. */
import { type Plate, plateOf, type Sight } from "../../meeting/sight.ts";

/**
 * Something that must not be. `fork`: a member was shown another record. `breach`: a commit that does not do what it says. `stalled`,
 * `stopped`: what we send does not come back, for 30 s, for 100 s. `record`: an entry that may not stand. `head`: a head that the
 * registrar did not sign, or two of one place. `words`: somebody read other words aloud.
 */
export const causes = ["fork", "breach", "stalled", "stopped", "record", "head", "words"] as const;
export type Cause = (typeof causes)[number];

export interface Alarm {
  readonly cause: Cause;
  /** When it was seen, by this device's clock. */
  readonly at_ms: number;
  /** The device that it is about: who was shown another record, or who signed what is wrong. */
  readonly by?: string;
  /** Where in which journal, and both hashes, as far as they are known. */
  readonly place?: { readonly journal: "main" | "sitting"; readonly seq: number };
  readonly ours?: string;
  readonly theirs?: string;
  /** The stable code of a breach. */
  readonly code?: string;
}

export interface Row {
  readonly entries: "before" | "here";
  readonly seq: number;
  readonly ours: string | undefined;
  readonly theirs: string | undefined;
}

export interface StopView {
  readonly cause: Cause;
  readonly at_ms: number;
  /** Named, where a device is known. */
  readonly by: Plate | undefined;
  readonly journal: "main" | "sitting" | undefined;
  /** Both records, side by side, where they part. */
  readonly rows: readonly Row[];
  readonly code: string | undefined;
  /** Whether this device still sends pictures and sound. */
  readonly isSending: boolean;
}

/** A hash, short enough to be read aloud. */
const SHOWN = 10;

export function stopView(alarm: Alarm, sight: Sight | undefined): StopView {
  const { cause, at_ms, place, ours, theirs } = alarm;
  const by = sight && alarm.by !== undefined ? plateOf(sight, alarm.by) : undefined;
  const short = (hash: string | undefined) => hash?.slice(0, SHOWN);
  const here: Row[] =
    place === undefined ? [] : [{ entries: "here", seq: place.seq, ours: short(ours), theirs: short(theirs) }];
  const before: Row[] =
    cause === "fork" && place !== undefined && place.seq > 1
      ? [{ entries: "before", seq: place.seq - 1, ours: undefined, theirs: undefined }]
      : [];
  return {
    cause,
    at_ms,
    by,
    journal: place?.journal,
    rows: cause === "fork" ? [...before, ...here] : [],
    code: alarm.code,
    isSending: cause === "fork" || cause === "stalled" || cause === "words",
  };
}

/** The worst first: where sending has stopped, then what convicts somebody, then what may pass. */
const WEIGHT: readonly Cause[] = ["breach", "stopped", "record", "head", "fork", "words", "stalled"];

export function worst(alarms: readonly Alarm[]): Alarm | undefined {
  return [...alarms].sort((a, b) => WEIGHT.indexOf(a.cause) - WEIGHT.indexOf(b.cause) || a.at_ms - b.at_ms)[0];
}
