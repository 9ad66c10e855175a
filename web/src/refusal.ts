/** A "no" that a person can act on. What happened, what it means and what to do stand in i18n under `refusal.<code>`. */

/** Stable codes, `noun.reason`; registered once, never reused. Where the server has the same one, it has the same name. */
export const codes = [
  "link.missing", // the address has no ticket, and this tab remembers none
  "link.malformed", // what stands in the address is not a ticket
  "token.expired", // the ticket's time is over
  "token.invalid", // the server does not know the ticket
  "room.full", // the room has as many participants as it may
  "server.unreachable", // no answer from the server
  "seat.taken_over", // the same seat was opened somewhere else
  "seat.withdrawn", // somebody who may removed this participant
  "sitting.closed", // the room was closed
  "browser.unsupported", // no WebRTC, or no frame encryption
  "form.malformed", // what was signed is not of its form
  "signature.malformed", // not a signature of this purpose
  "signature.wrong", // not signed by the key that it names
  "entry.broken", // an entry that does not follow its journal
  "head.broken", // a head that the registrar did not sign
] as const;

export type Code = (typeof codes)[number];

/** A value: `T | Refusal` cannot be used unchecked. */
export interface Refusal {
  readonly refused: Code;
}

export function refuse(code: Code): Refusal {
  return { refused: code };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "refused" in value;
}
