/** Who stands at the door, as chair and secretariat see it. Pure. */
import { awaitsHand } from "../../meeting/lobby.ts";
import { type Plate, plateOf, refusalOf, type Sight, sittingOf, stateOf } from "../../meeting/sight.ts";
import type { Code } from "../../refusal.ts";

export interface KnockView extends Plate {
  /** The knock act's hash: what a refusal answers. */
  readonly knock: string;
  readonly since: number;
  /** A person decides; else a client that may admit signs by itself, and this one is on its way in. */
  readonly awaitsHand: boolean;
  /** It was sent out of this sitting before. */
  readonly wasExcluded: boolean;
  readonly mayNotAdmit: Code | undefined;
  readonly mayNotRefuse: Code | undefined;
}

export interface DoorView {
  readonly knocks: readonly KnockView[];
  /** How many wait for a person. */
  readonly waiting: number;
  /** Devices that one press admits: those who wait for a person and were never sent out. */
  readonly all: readonly string[];
}

/** `isKnownElsewhere`: admitted to another sitting before, by the journals that this client reads. */
export function doorView(sight: Sight, isKnownElsewhere: (device: string) => boolean, now_ms: number): DoorView {
  const state = stateOf(sight);
  const { lobby } = sittingOf(sight);
  const knocks = [...lobby.knocks].flatMap(([device, { act, at }]): KnockView[] => {
    const plate = plateOf(sight, device);
    if (!plate) return [];
    const isAwaited = awaitsHand(state, device, isKnownElsewhere(device));
    return [
      {
        ...plate,
        knock: act,
        since: at,
        awaitsHand: isAwaited,
        wasExcluded: isAwaited && lobby.admittedOnce.has(device),
        mayNotAdmit: refusalOf(sight, "lobby.admit", { device }, now_ms),
        mayNotRefuse: refusalOf(sight, "lobby.refuse", { knock: act, code: "not_now" }, now_ms),
      },
    ];
  });
  const waiting = knocks.filter((knock) => knock.awaitsHand);
  return {
    knocks,
    waiting: waiting.length,
    all: waiting.filter((one) => !one.wasExcluded && one.mayNotAdmit === undefined).map(({ device }) => device),
  };
}

/** Those who wait for a person now and did not before. */
export function newcomers(before: DoorView, after: DoorView): readonly KnockView[] {
  const known = new Set(before.knocks.filter((knock) => knock.awaitsHand).map(({ knock }) => knock));
  return after.knocks.filter((knock) => knock.awaitsHand && !known.has(knock.knock));
}

/** Whom the key A asks about: the first that waits for a person and may be admitted. */
export function firstAtDoor({ knocks }: DoorView): KnockView | undefined {
  return knocks.find((knock) => knock.awaitsHand && knock.mayNotAdmit === undefined);
}
