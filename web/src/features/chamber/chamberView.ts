/** Who sits where, and what their plates say: by the charter and the fold, never by what the server calls them. Pure. */
import type { Role } from "../../accreditation/charter.ts";
import type { Seat } from "../../accreditation/seat.ts";
import { type Plate, plateOf, type Sight, stateOf } from "../../meeting/sight.ts";
import type { Participant } from "../../member/plane.ts";
import { deviceOf } from "./occupants.ts";

/** The heads have the first places, in protocol order; the chair follows, then all the others, in the same order. */
const rank = (role: Role) => (role === "head" ? 0 : role === "chair" ? 1 : 2);

export interface ChamberView {
  readonly own: Seat;
  /** Those of the room whom the record knows. */
  readonly others: readonly Participant[];
  /** How many seats the sitting lists: all have a place from the beginning. */
  readonly places: number;
}

/** `identity`: our own in the room, or our device while we are in none; `countryOf`: the flag of a delegation. */
export function chamberView(
  sight: Sight,
  others: readonly Participant[],
  countryOf: (delegation: string) => string | undefined,
): ChamberView {
  const places = placesOf(sight);
  return {
    own: seatOf(sight.device) ?? { identity: sight.device, delegation: "" },
    others: others.flatMap((one) => {
      const seat = seatOf(one.seat.identity);
      return seat ? [{ ...one, seat }] : [];
    }),
    places: places.size,
  };

  function seatOf(identity: string): Seat | undefined {
    const plate = plateOf(sight, deviceOf(identity));
    return plate && { ...named(plate), identity, order: (places.get(plate.seat) ?? places.size) + 1 };
  }

  function named({ name, role, person, delegation }: Plate) {
    const flag = countryOf(delegation);
    return { delegation: name, role, ...(person !== undefined && { person }), ...(flag !== undefined && { flag }) };
  }
}

/** The place of each seat that the sitting lists, from 0: the same for every reader, whoever comes first. */
function placesOf(sight: Sight): ReadonlyMap<string, number> {
  const { terms } = stateOf(sight);
  const all = (sight.contents.seats?.seats ?? []).filter(({ seat }) => terms.listed.has(seat));
  const order = new Map((sight.contents.seats?.delegations ?? []).map(({ delegation }, index) => [delegation, index]));
  const sorted = all
    .map((seat, index) => ({ ...seat, index }))
    .sort(
      (a, b) =>
        rank(a.role) - rank(b.role) ||
        (order.get(a.delegation) ?? 0) - (order.get(b.delegation) ?? 0) ||
        a.index - b.index,
    );
  return new Map(sorted.map(({ seat }, place) => [seat, place]));
}
