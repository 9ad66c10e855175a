/** How somebody comes in: the link is read once, taken out of the address bar and history, and kept in this tab. */

import { meetingOf, readLink } from "../accreditation/invitation.ts";
import { readTicket, type Ticket } from "../accreditation/ticket.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import type { TabMemory } from "./memory.ts";

export interface Entrance {
  readonly meeting: string;
  readonly ticket: Ticket;
}

/** Runs before the first paint, so that no screenshot and no shoulder sees the link. */
export function enter(
  location: Pick<Location, "pathname" | "search" | "hash">,
  history: Pick<History, "replaceState">,
  memory: TabMemory,
  now_ms: number,
): Entrance | Refusal {
  if (location.hash !== "") {
    const link = readLink(location.pathname, location.hash);
    history.replaceState(null, "", location.pathname + location.search);
    if (isRefusal(link)) return link;
    if (link.token !== memory.now.token) memory.keep({ ...link, isInside: false });
  }
  const meeting = meetingOf(location.pathname);
  if (isRefusal(meeting)) return meeting;
  if (memory.now.token === "" || memory.now.meeting !== meeting) return refuse("link.missing");
  const ticket = readTicket(memory.now.token);
  if (isRefusal(ticket)) return ticket;
  if (ticket.expires_s !== undefined && ticket.expires_s * 1000 <= now_ms) return refuse("token.expired");
  return { meeting, ticket };
}
