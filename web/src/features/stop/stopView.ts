/** The stop page: what was seen, by whom, and what it means for what can still be trusted. Pure. */
import type { Alarm, Cause } from "../../meeting/alarm.ts";
import { type Plate, plateOf, refusalOf, type Sight, sittingOf } from "../../meeting/sight.ts";
import { OPENERS } from "../../meeting/sittings.ts";
import type { Code } from "../../refusal.ts";

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
  /** The hashes of both records, side by side, where they part. */
  readonly rows: readonly Row[];
  readonly code: string | undefined;
  /** Whether this device still sends pictures and sound. */
  readonly isSending: boolean;
  /** The record that this device keeps as proof, by the newest entry of each journal that it was shown. */
  readonly kept: { readonly main: number; readonly sitting: number } | undefined;
  /** Chair and secretariat may end the sitting here. */
  readonly close: { readonly refusal: Code | undefined } | undefined;
}

/** A hash, short enough to be read aloud. */
const SHOWN = 10;

/** `isSending`: the media plane's own word, not ours. */
export function stopView(alarm: Alarm, sight: Sight | undefined, isSending: boolean, now_ms: number): StopView {
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
    isSending,
    kept: sight && { main: sight.record.meeting.tail.seq, sitting: sittingOf(sight).tail.seq },
    close: mayClose(),
  };

  function mayClose(): StopView["close"] {
    const role = sight && plateOf(sight, sight.device)?.role;
    if (!sight || !role || !OPENERS.has(role)) return undefined;
    return { refusal: refusalOf(sight, "sitting.close", {}, now_ms) };
  }
}

/** The worst first: where sending has stopped, then what convicts somebody, then what may pass. */
const WEIGHT: readonly Cause[] = ["breach", "stopped", "record", "head", "fork", "words", "fault", "stalled"];

export function worst(alarms: readonly Alarm[]): Alarm | undefined {
  return [...alarms].sort((a, b) => WEIGHT.indexOf(a.cause) - WEIGHT.indexOf(b.cause) || a.at_ms - b.at_ms)[0];
}
