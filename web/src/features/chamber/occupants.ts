/** Who is in the chamber and what their tiles show: ourselves and the others in one list, each in its place. */

import { byProtocol, type Seat } from "../../accreditation/seat.ts";
import type { Seating } from "../../meeting/seating.ts";
import type { DevicesSnapshot, Participant } from "../../member/member.ts";

export interface Occupant extends Participant {
  readonly isSelf: boolean;
  /** From 0, in the order of the protocol; it does not change. */
  readonly place: number;
}

export function occupants(
  own: Seat,
  devices: Pick<DevicesSnapshot, "camera" | "microphone">,
  others: readonly Participant[],
  seating: Seating,
): readonly Occupant[] {
  const { camera, microphone } = devices;
  const self: Participant = {
    seat: own,
    picture: camera.state === "ready" ? "on" : camera.state === "off" ? "off" : "none",
    pictureKey: camera.id,
    sound: microphone.state === "ready",
  };
  return [self, ...others]
    .map((one) => ({ ...one, isSelf: one === self, place: seating.get(one.seat.identity) ?? 0 }))
    .sort((a, b) => byProtocol(a.seat, b.seat));
}

/** Key of the words that stand where the picture would; `undefined` while there is a picture. */
export function absenceOf({ picture, pictureKey, sound }: Omit<Participant, "seat">): string | undefined {
  switch (picture) {
    case "on":
      return pictureKey === "" ? "tile/opening" : undefined;
    case "paused":
      return "tile/paused";
    case "off":
      return "tile/cameraOff";
    case "none":
      return sound ? "tile/soundOnly" : "tile/listens";
  }
}

/** Whom the stage shows until the reader chooses: the chair, else the first of the others. */
export function firstOnStage(all: readonly Occupant[]): Occupant | undefined {
  const others = all.filter(({ isSelf }) => !isSelf);
  return others.find(({ seat }) => seat.role === "chair") ?? others[0];
}
