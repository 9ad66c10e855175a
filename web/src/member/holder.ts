/** Whose place this is, as far as this device may know it: before its first admission it knows its delegation and seat by id alone. */
import type { Attendee } from "./attendee.ts";
import type { Origin } from "./origin.ts";
import type { Accreditation } from "./plane.ts";

/** Undefined until the link's meeting was read. */
export function accreditationOf(
  attendee: Attendee,
  authority: string,
  page: Origin["page"],
): Accreditation | undefined {
  const { reader, device, vouching } = attendee;
  const names = device ?? vouching?.names;
  const charter = reader.charters.at(-1)?.payload;
  if (!names || !charter) return undefined;
  const { open, seats, delegations } = reader.contents;
  const { seat, delegation } = names;
  const name = seats?.delegations.find((one) => one.delegation === delegation)?.name;
  const role = seats?.seats.find((one) => one.seat === seat)?.role;
  const person = delegations.get(delegation)?.persons.get(seat);
  return {
    title: open?.title ?? new Map([["", charter.organisation]]),
    authority: authority,
    delegation,
    seat,
    ...(name && { name }),
    ...(role && { role }),
    ...(person !== undefined && { person }),
    telephone: open?.telephone ?? null,
    languages: open?.languages ?? [],
    isEnrolled: attendee.isEnrolled || device !== undefined,
    page,
    serverPage: charter.policies.page,
  };
}
