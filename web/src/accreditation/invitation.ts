/**
 * The link that brings somebody here: a capability for one seat (docs/reference/record.md, 1), `/m/<meeting>#<b64u>`. The fragment is not
 * sent to the server.
 */

import { type Refusal, refuse } from "../refusal.ts";
import { b64u, unb64u } from "./bytes.ts";

/** What a link says: which meeting, whom to trust, and the seat's one-time key. */
export interface Invitation {
  readonly meeting: string;
  /** Thumbprint of the authority. */
  readonly authority: string;
  /** The seed of the Ed25519 key that vouches for the seat's device. */
  readonly seed: Uint8Array<ArrayBuffer>;
}

const MEETING = /^\/m\/([A-Za-z0-9._~-]{1,128})\/?$/;

/** The meeting that an address names; the page is served at `/m/<meeting>`. */
export function meetingOf(path: string): string | Refusal {
  return MEETING.exec(path)?.[1] ?? refuse("link.malformed");
}

const VERSION = 1;
const KEY_LENGTH = 32;
const FRAGMENT_LENGTH = 1 + 2 * KEY_LENGTH;

/** What a link invites to. `fragment` is `location.hash`, with or without its `#`. */
export function readInvitation(path: string, fragment: string): Invitation | Refusal {
  const meeting = meetingOf(path);
  if (typeof meeting !== "string") return meeting;
  const data = unb64u(fragment.replace(/^#/, ""));
  const isNamed = unb64u(meeting)?.length === 16;
  if (!isNamed || data?.length !== FRAGMENT_LENGTH || data[0] !== VERSION) return refuse("invitation.malformed");
  return { meeting, authority: b64u(data.subarray(1, 1 + KEY_LENGTH)), seed: data.slice(1 + KEY_LENGTH) };
}
