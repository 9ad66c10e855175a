/** What the lobby is drawn from: the doors that this device may know of, and how far it came at one. */
import type { DoorFacts, LobbyFacts, Step } from "../meeting/doorway.ts";
import type { Attendee } from "./attendee.ts";
import { isExcluded } from "./conduct.ts";
import type { Sitting } from "./sitting.ts";

/** `now`: milliseconds since 1970. */
export function lobbyOf(attendee: Attendee, now: number): LobbyFacts {
  const { reader, doors, sitting } = attendee;
  const known = new Set([...doors.keys(), ...reader.sittings]);
  return {
    doors: [...known].flatMap((name) => doorOf(attendee, name) ?? []),
    sitting: sitting?.id,
    step: sitting ? stepOf(sitting, attendee.me, now - attendee.elapsed) : { at: "outside" },
  };
}

function doorOf({ reader, doors }: Attendee, name: string): DoorFacts | undefined {
  const part = reader.contents.sittings.get(name);
  const title = part && { title: part.title };
  const folded = reader.state(name);
  const door = doors.get(name);
  // A door that is told is newer than a journal that was read until an exclusion.
  if (door) return { sitting: name, ...title, state: door.state, opens: door.opens, opener: door.opener };
  if (!folded || !part) return undefined;
  return { sitting: name, ...title, state: folded.sitting.stage, opens: part.opens, opener: "chair" };
}

/** `zero`: when the monotonic clock began, in milliseconds since 1970. */
function stepOf({ state, knockRefused, membership }: Sitting, me: string, zero: number): Step {
  if (state && isExcluded(state, me)) return { at: "excluded" };
  if (knockRefused !== undefined) return { at: "refused", code: knockRefused };
  const { knocked } = membership;
  if (!knocked) return { at: "outside" };
  const since = zero + knocked.at;
  return state?.sitting.lobby.admits.has(me) ? { at: "admitted", since } : { at: "knocking", since };
}
