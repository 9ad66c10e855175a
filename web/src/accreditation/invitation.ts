/**
 * The link that brings somebody here: `/m/<meeting>#ticket=<token>`.
 *
 * The fragment is not sent to the server. For now it carries the ticket for the room itself; invitations, which carry a seat's
 * one-time key, will be read here too.
 */

import { type Refusal, refuse } from "../refusal.ts";

export interface Invitation {
  readonly meeting: string;
  /** The ticket for the media plane, unread. */
  readonly token: string;
}

const MEETING = /^\/m\/([A-Za-z0-9._~-]{1,128})\/?$/;

/** The meeting that an address names; the page is served at `/m/<meeting>`. */
export function meetingOf(path: string): string | Refusal {
  return MEETING.exec(path)?.[1] ?? refuse("link.malformed");
}

/** What a link invites to. `fragment` is `location.hash`, with or without its `#`. */
export function readLink(path: string, fragment: string): Invitation | Refusal {
  const meeting = meetingOf(path);
  if (typeof meeting !== "string") return meeting;
  const token = new URLSearchParams(fragment.replace(/^#/, "")).get("ticket");
  if (token === null || token === "") return refuse("link.missing");
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) ? { meeting, token } : refuse("link.malformed");
}
