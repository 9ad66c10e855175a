/** Invitations that were used twice: what the record has of it, for chair, secretariat and the holder. Pure. */
import { linkOf } from "../../meeting/enrolment.ts";
import { delegationName, type Plate, plateOf, refusalOf, type Sight } from "../../meeting/sight.ts";
import type { Code } from "../../refusal.ts";

export interface ContestView {
  readonly seat: string;
  /** Of the device that was enrolled first. */
  readonly plate: Plate | undefined;
  readonly name: string;
  readonly tries: number;
  /** Of the last try. */
  readonly at: number;
  /** The link takes nothing more until the secretariat reopens it. */
  readonly isLocked: boolean;
  /** It is the reader's own link. */
  readonly isOurs: boolean;
  /** The secretariat's two answers: one more device may enrol; the enrolled one is revoked. */
  readonly reopen: { readonly refusal: Code | undefined } | undefined;
  readonly revoke: { readonly device: string; readonly refusal: Code | undefined } | undefined;
}

/** The newest first. Reopening a link forgives its second uses, so that they are gone from here. */
export function contestView(sight: Sight, now_ms: number): readonly ContestView[] {
  const { meeting } = sight.record;
  const own = plateOf(sight, sight.device);
  const sees = own?.role === "chair" || own?.role === "secretariat";
  return [...meeting.enrolment.links.keys()]
    .flatMap((seat): ContestView[] => {
      const { contests, isLocked } = linkOf(meeting.enrolment, seat);
      const last = contests.at(-1);
      const isOurs = seat === own?.seat;
      if (!last || !(sees || isOurs)) return [];
      const device = [...meeting.enrolment.devices.values()].find(
        (one) => one.seat === seat && !meeting.enrolment.revoked.has(one.thumbprint),
      )?.thumbprint;
      const runs = own?.role === "secretariat";
      return [
        {
          seat,
          plate: device === undefined ? undefined : plateOf(sight, device),
          name: delegationName(sight, meeting.terms.seats.get(seat)?.delegation ?? seat).name,
          tries: contests.length,
          at: last[0],
          isLocked,
          isOurs,
          reopen: runs ? { refusal: refusalOf(sight, "invitation.reopen", { seat }, now_ms) } : undefined,
          revoke:
            runs && device !== undefined && !isOurs
              ? { device, refusal: refusalOf(sight, "device.revoke", { device }, now_ms) }
              : undefined,
        },
      ];
    })
    .sort((a, b) => b.at - a.at);
}
