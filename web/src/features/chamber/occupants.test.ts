import { expect, test } from "vitest";
import type { Role } from "../../accreditation/charter.ts";
import type { Seat } from "../../accreditation/seat.ts";
import { nobody, place } from "../../meeting/seating.ts";
import type { Participant } from "../../member/plane.ts";
import { absenceOf, firstOnStage, occupants } from "./occupants.ts";

const own: Seat = { identity: "no", delegation: "Norway", order: 3 };
const ready = { state: "ready", id: "camera", choices: [] } as const;
const devices = { camera: ready, microphone: { ...ready, open: false } };

function participant(identity: string, order: number, role: Role = "head"): Participant {
  return { seat: { identity, delegation: identity, order, role }, picture: "on", pictureKey: identity, sound: true };
}

test("we sit among the others, in protocol order", () => {
  const others = [participant("poland", 4), participant("albania", 1)];
  const seating = place(nobody, [own, ...others.map(({ seat }) => seat)]);
  const all = occupants(own, devices, others, seating);
  expect(all.map(({ seat, place }) => [seat.identity, place])).toEqual([
    ["albania", 0],
    ["no", 2],
    ["poland", 3],
  ]);
  expect(all.filter(({ isSelf }) => isSelf)).toHaveLength(1);
});

test("the stage shows the chair, else the first of the others, and never ourselves", () => {
  const others = [participant("albania", 1), participant("chair", 9, "chair")];
  expect(firstOnStage(occupants(own, devices, others, nobody))?.seat.identity).toBe("chair");
  expect(firstOnStage(occupants(own, devices, others.slice(0, 1), nobody))?.seat.identity).toBe("albania");
  expect(firstOnStage(occupants(own, devices, [], nobody))).toBeUndefined();
});

test("whoever has the floor stands on the stage, ourselves too", () => {
  const others = [participant("poland.AAAA", 4), participant("chair.BBBB", 9, "chair")];
  const on = (device: string) =>
    firstOnStage(occupants(own, devices, others, nobody, new Map([[device, { is: "floor" }]])));
  expect(on("poland")?.seat.identity).toBe("poland.AAAA");
  expect(on("no")?.isSelf).toBe(true);
});

test("a tile without a picture says why", () => {
  const shown = { picture: "on", pictureKey: "track", sound: true } as const;
  expect(absenceOf(shown)).toBeUndefined();
  expect(absenceOf({ ...shown, pictureKey: "" })).toBe("tile/opening");
  expect(absenceOf({ ...shown, picture: "off" })).toBe("tile/cameraOff");
  expect(absenceOf({ ...shown, picture: "none" })).toBe("tile/soundOnly");
  expect(absenceOf({ ...shown, picture: "none", sound: false })).toBe("tile/listens");
});
