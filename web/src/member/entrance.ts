/** How somebody comes in: the link is read once, taken out of the address bar and history, and kept in this tab as far as it is needed. */

import { b64u, unb64u } from "../accreditation/bytes.ts";
import { meetingOf, readInvitation, readTicketLink } from "../accreditation/invitation.ts";
import { readTicket, type Ticket } from "../accreditation/ticket.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import type { TabMemory } from "./memory.ts";

/** A room in clear, by a ticket for it. */
export interface ByTicket {
  readonly kind: "ticket";
  readonly meeting: string;
  readonly ticket: Ticket;
}

/** A meeting in private, by an invitation for a seat. */
export interface ByInvitation {
  readonly kind: "invitation";
  readonly meeting: string;
  readonly authority: string;
  /** The seed of the link's key; undefined once it was used: then `invitation` names it. */
  readonly seed: Uint8Array<ArrayBuffer> | undefined;
  /** Thumbprint of the link's key, where this tab has enrolled with it. */
  readonly invitation: string | undefined;
}

export type Entrance = ByTicket | ByInvitation;

/** Runs before the first paint, so that no screenshot and no shoulder sees the link. */
export function enter(
  location: Pick<Location, "pathname" | "search" | "hash">,
  history: Pick<History, "replaceState">,
  memory: TabMemory,
  now_ms: number,
): Entrance | Refusal {
  if (location.hash !== "") {
    const refusal = location.hash.startsWith("#ticket=")
      ? keepTicket(location, memory)
      : keepInvitation(location, memory);
    history.replaceState(null, "", location.pathname + location.search);
    if (refusal) return refusal;
  }
  const meeting = meetingOf(location.pathname);
  if (isRefusal(meeting)) return meeting;
  const { now } = memory;
  if (now.meeting !== meeting) return refuse("link.missing");
  return now.authority === "" ? byTicket(meeting, now.token, now_ms) : byInvitation(meeting, memory);
}

function keepTicket({ pathname, hash }: Pick<Location, "pathname" | "hash">, memory: TabMemory): Refusal | undefined {
  const link = readTicketLink(pathname, hash);
  if (isRefusal(link)) return link;
  if (link.token !== memory.now.token)
    memory.keep({ ...link, authority: "", invitation: "", seed: "", isInside: false, sitting: "" });
  return undefined;
}

function keepInvitation(
  { pathname, hash }: Pick<Location, "pathname" | "hash">,
  memory: TabMemory,
): Refusal | undefined {
  const link = readInvitation(pathname, hash);
  if (isRefusal(link)) return link;
  const { meeting, authority } = link;
  const seed = b64u(link.seed);
  // The same link once more: whether it was used already, the browser's storage knows.
  memory.keep({ meeting, authority, seed, token: "", invitation: "", isInside: false, sitting: "" });
  return undefined;
}

function byTicket(meeting: string, token: string, now_ms: number): Entrance | Refusal {
  if (token === "") return refuse("link.missing");
  const ticket = readTicket(token);
  if (isRefusal(ticket)) return ticket;
  if (ticket.expires_s !== undefined && ticket.expires_s * 1000 <= now_ms) return refuse("token.expired");
  return { kind: "ticket", meeting, ticket };
}

function byInvitation(meeting: string, { now }: TabMemory): Entrance | Refusal {
  const seed = now.seed === "" ? undefined : unb64u(now.seed);
  const invitation = now.invitation === "" ? undefined : now.invitation;
  if (!seed && invitation === undefined) return refuse("link.missing");
  return { kind: "invitation", meeting, authority: now.authority, seed, invitation };
}
