/** The ticket for the media plane: a LiveKit access token, read (not verified: the server does that) for what it says of us. */

import { decodeJwt } from "jose";
import * as v from "valibot";
import { type Refusal, refuse } from "../refusal.ts";
import { readSeat, type Seat } from "./seat.ts";

export interface Ticket {
  /** The token as received; it goes to the server and nowhere else. */
  readonly token: string;
  readonly seat: Seat;
  readonly room: string;
  /** What the meeting is called on screen, where the ticket says so. */
  readonly title?: string;
  /** What the sitting is called on screen, where the ticket says so. */
  readonly sitting?: string;
  /** How many places the chamber has, where the ticket says so. */
  readonly places?: number;
  /** Seconds since 1970; no ticket is valid without an end. */
  readonly expires_s?: number;
}

const Claims = v.object({
  sub: v.pipe(v.string(), v.minLength(1)),
  name: v.optional(v.string(), ""),
  attributes: v.optional(v.record(v.string(), v.string()), {}),
  video: v.object({ room: v.pipe(v.string(), v.minLength(1)) }),
  exp: v.optional(v.number()),
});

/** Longest token that is read: LiveKit allows 64 kB of attributes; a link of ours is far below. */
const TOKEN_CHARS_MAX = 16_384;

export function readTicket(token: string): Ticket | Refusal {
  if (token.length > TOKEN_CHARS_MAX) return refuse("link.malformed");
  let payload: unknown;
  try {
    payload = decodeJwt(token);
  } catch {
    return refuse("link.malformed");
  }
  const claims = v.safeParse(Claims, payload);
  if (!claims.success) return refuse("link.malformed");
  const { sub, name, attributes, video, exp } = claims.output;
  const title = attributes["title"]?.trim();
  const sitting = attributes["sitting"]?.trim();
  const places = Number(attributes["places"]);
  return {
    token,
    seat: readSeat(sub, name, attributes),
    room: video.room,
    ...(title && { title }),
    ...(sitting && { sitting }),
    ...(Number.isInteger(places) && places >= 1 && { places }),
    ...(exp !== undefined && { expires_s: exp }),
  };
}
