/** How somebody comes in: the link is read once, taken out of the address bar and history, and kept in this tab as far as it is needed. */

import { b64u, unb64u } from "../accreditation/bytes.ts";
import { meetingOf, readInvitation } from "../accreditation/invitation.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import type { TabMemory } from "./memory.ts";

/** A meeting, by an invitation for a seat. */
export interface Entrance {
  readonly meeting: string;
  readonly authority: string;
  /** The seed of the link's key; undefined once it was used: then `invitation` names it. */
  readonly seed: Uint8Array<ArrayBuffer> | undefined;
  /** Thumbprint of the link's key, where this tab has enrolled with it. */
  readonly invitation: string | undefined;
}

/** Runs before the first paint, so that no screenshot and no shoulder sees the link. */
export function enter(
  location: Pick<Location, "pathname" | "search" | "hash">,
  history: Pick<History, "replaceState">,
  memory: TabMemory,
): Entrance | Refusal {
  if (location.hash !== "") {
    const refusal = keep(location, memory);
    history.replaceState(null, "", location.pathname + location.search);
    if (refusal) return refusal;
  }
  const meeting = meetingOf(location.pathname);
  if (isRefusal(meeting)) return meeting;
  const { now } = memory;
  const seed = now.seed === "" ? undefined : unb64u(now.seed);
  const invitation = now.invitation === "" ? undefined : now.invitation;
  if (now.meeting !== meeting || (!seed && invitation === undefined)) return refuse("link.missing");
  return { meeting, authority: now.authority, seed, invitation };
}

/** The same link once more: whether it was used already, the browser's storage knows. */
function keep({ pathname, hash }: Pick<Location, "pathname" | "hash">, memory: TabMemory): Refusal | undefined {
  const link = readInvitation(pathname, hash);
  if (isRefusal(link)) return link;
  const { meeting, authority } = link;
  memory.keep({ meeting, authority, seed: b64u(link.seed), invitation: "", isInside: false, sitting: "" });
  return undefined;
}
