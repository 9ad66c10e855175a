import { expect, test } from "vitest";
import { byProtocol, readSeat } from "./seat.ts";

test("a seat without attributes is still named", () => {
  expect(readSeat("p1", "", {})).toEqual({ identity: "p1", delegation: "p1" });
  expect(readSeat("p1", " Norway ", {})).toEqual({ identity: "p1", delegation: "Norway" });
});

test("an attribute that is not understood is left out, not believed", () => {
  const seat = readSeat("p1", "Norway", { role: "emperor", order: "-1", code: "../../no", person: " " });
  expect(seat).toEqual({ identity: "p1", delegation: "Norway" });
});

test("protocol order is the place, then the name, then the identity", () => {
  const seats = [
    readSeat("d", "Aland", {}),
    readSeat("c", "Belgium", { order: "2" }),
    readSeat("b", "Belgium", { order: "2" }),
    readSeat("a", "Zambia", { order: "1" }),
  ];
  expect(seats.sort(byProtocol).map(({ identity }) => identity)).toEqual(["a", "b", "c", "d"]);
});
