/** What screens see of a life: the attendee's word, in the values that they are drawn from. Pure. */
import type { Seat } from "../accreditation/seat.ts";
import { deviceOf } from "../media/seal.ts";
import { nobody } from "../meeting/seating.ts";
import { plateOf, type Sight } from "../meeting/sight.ts";
import type { Attendee } from "./attendee.ts";
import { accreditationOf } from "./holder.ts";
import { lobbyOf } from "./lobby.ts";
import type { Remembered } from "./memory.ts";
import type { Origin } from "./origin.ts";
import { isBlocking, type PlaneSnapshot } from "./plane.ts";

/** Before anything was read. */
export function beginning({ view, isLoudspeakerOn }: Remembered): PlaneSnapshot {
  return {
    stand: { at: "arriving" },
    accreditation: undefined,
    lobby: { doors: [], sitting: undefined, step: { at: "outside" } },
    record: undefined,
    contents: undefined,
    sitting: undefined,
    device: "",
    roster: [],
    epoch: undefined,
    words: undefined,
    titles: new Map(),
    alarms: [],
    isSending: false,
    isLive: false,
    refusal: undefined,
    away: undefined,
    network: { state: "running" },
    view,
    isLoudspeakerOn: isLoudspeakerOn ?? false,
    seating: nobody,
  };
}

/** Whether the group of the sitting where we are has us. */
export function isInside({ sitting }: Attendee): boolean {
  return sitting !== undefined && (sitting.phase === "member" || sitting.phase === "blocked");
}

/** `authority`: of the link. `now`: milliseconds since 1970. */
export function outlookOf(attendee: Attendee, authority: string, page: Origin["page"], now: number) {
  const { sitting, reader, me: device, isLive } = attendee;
  const isIn = isInside(attendee);
  const alarms = [...attendee.alarms, ...(sitting?.alarms ?? [])];
  const refusal = attendee.refusal ?? (isIn ? undefined : sitting?.deeds.refusal);
  return {
    accreditation: accreditationOf(attendee, authority, page),
    lobby: lobbyOf(attendee, now),
    record: sitting && reader.record(sitting.id),
    contents: reader.contents,
    sitting: sitting?.id,
    device,
    roster: sitting?.roster.map((seat) => seat.device) ?? [],
    epoch: isIn ? sitting?.epoch : undefined,
    ...(!isIn && { words: undefined }),
    alarms,
    isSending: (sitting?.canSend ?? false) && !alarms.some(isBlocking),
    isLive,
    refusal: refusal?.refused,
  } satisfies Partial<PlaneSnapshot>;
}

/** What names and plates are read from; undefined while we do not read the sitting. */
export function sightOf({ sitting, reader, me: device }: Attendee, language: string): Sight | undefined {
  const record = sitting && reader.record(sitting.id);
  return record && { record, contents: reader.contents, sitting: sitting.id, device, language };
}

/** The plate of a participant of the room; undefined: its device has no seat that we know of. */
export function seatOf(sight: Sight, identity: string): Seat | undefined {
  const plate = plateOf(sight, deviceOf(identity));
  if (!plate) return undefined;
  const { name, role, person, order } = plate;
  return { identity, delegation: name, role, order: order + 1, ...(person !== undefined && { person }) };
}
