/** What the charter says, as far as a fold asks: who has which role, which sitting lists whom, which items there are. */
import type { Charter, Contents, Item, Policies, Seat } from "../accreditation/charter.ts";
import type { PublicKey, Signed } from "../accreditation/signature.ts";
import { type Refusal, refuse } from "../refusal.ts";

export interface SittingTerms {
  readonly sitting: string;
  /** The seats whose devices may knock; the chairs and the secretariat among them may open it. */
  readonly listed: ReadonlySet<string>;
  readonly items: ReadonlyMap<string, Item>;
  readonly opens: number;
  readonly closes: number;
}

export interface MeetingTerms {
  readonly meeting: string;
  readonly authority: PublicKey;
  readonly registrar: PublicKey | null;
  /** Hashes of the first charter and of each that replaced one: the last is in force. */
  readonly charters: readonly string[];
  readonly policies: Policies;
  readonly seats: ReadonlyMap<string, Seat>;
  readonly sittings: ReadonlyMap<string, SittingTerms>;
}

/** The terms of the last of these charters, oldest first, and of the parts that this device has. */
export function meetingTerms(charters: readonly Signed<Charter>[], contents: Contents): MeetingTerms | Refusal {
  const charter = charters.at(-1)?.payload;
  if (!charter || !contents.seats) return refuse("charter.part");
  return {
    meeting: charter.meeting,
    authority: charter.authority,
    registrar: charter.registrar,
    charters: charters.map((signed) => signed.hash),
    policies: charter.policies,
    seats: new Map(contents.seats.seats.map((seat) => [seat.seat, seat])),
    sittings: new Map(
      [...contents.sittings].map(([sitting, part]) => [
        sitting,
        {
          sitting,
          listed: new Set(part.admission),
          items: new Map(part.items.map((item) => [item.item, item])),
          opens: part.opens,
          closes: part.closes,
        },
      ]),
    ),
  };
}
