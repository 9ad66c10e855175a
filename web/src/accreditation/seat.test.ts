import { expect, test } from "vitest";
import { byProtocol, type Seat } from "./seat.ts";

test("protocol order is the place, then the role, then the name, then the identity", () => {
  const seats: Seat[] = [
    { identity: "e", delegation: "Aland" },
    { identity: "d", delegation: "Belgium", order: 2, role: "adviser" },
    { identity: "c", delegation: "Belgium", order: 2, role: "head" },
    { identity: "b", delegation: "Belgium", order: 2, role: "head" },
    { identity: "a", delegation: "Zambia", order: 1 },
  ];
  expect(seats.sort(byProtocol).map(({ identity }) => identity)).toEqual(["a", "b", "c", "d", "e"]);
});
