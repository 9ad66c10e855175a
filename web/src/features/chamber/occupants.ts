/** Who is in the chamber and what their tiles show: ourselves and the others in one list, each in its place. */

import { byProtocol, type Seat } from "../../accreditation/seat.ts";
import type { Seating } from "../../meeting/seating.ts";
import type { DevicesSnapshot, Participant } from "../../member/plane.ts";

/** What the record says of a device on the floor. */
export type FloorMark = { readonly is: "floor" } | { readonly is: "waiting"; readonly place: number };

export interface Occupant extends Participant {
  readonly isSelf: boolean;
  readonly mark?: FloorMark;
  /** From 0, in the order of the protocol; it does not change. */
  readonly place: number;
}

export function occupants(
  own: Seat,
  devices: Pick<DevicesSnapshot, "camera" | "microphone">,
  others: readonly Participant[],
  seating: Seating,
  marks: ReadonlyMap<string, FloorMark> = new Map(),
): readonly Occupant[] {
  const { camera, microphone } = devices;
  const self: Participant = {
    seat: own,
    picture: camera.state === "ready" ? "on" : camera.state === "off" ? "off" : "none",
    pictureKey: camera.id,
    sound: microphone.state === "ready",
  };
  return [self, ...others]
    .map((one): Occupant => {
      const mark = marks.get(deviceOf(one.seat.identity));
      const place = seating.get(deviceOf(one.seat.identity)) ?? seating.get(one.seat.identity) ?? 0;
      return { ...one, isSelf: one === self, place, ...(mark && { mark }) };
    })
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

/** The device of a participant: a reload is another participant, and the same device. */
export function deviceOf(identity: string): string {
  return identity.split(".", 1)[0] ?? identity;
}

/** Whom the stage shows: who has the floor; else the chair, else the first of the others. */
export function firstOnStage(all: readonly Occupant[]): Occupant | undefined {
  const holder = all.find(({ mark }) => mark?.is === "floor");
  if (holder) return holder;
  const others = all.filter(({ isSelf }) => !isSelf);
  return others.find(({ seat }) => seat.role === "chair") ?? others[0];
}
