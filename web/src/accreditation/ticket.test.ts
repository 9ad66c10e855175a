import fc from "fast-check";
import { UnsecuredJWT } from "jose";
import { expect, test } from "vitest";
import { isRefusal, refuse } from "../refusal.ts";
import { readTicket } from "./ticket.ts";

function token(claims: Record<string, unknown>): string {
  return `${new UnsecuredJWT(claims).encode()}c2lnbmF0dXJl`;
}

test("a ticket says who we are, where we sit and which room it opens", () => {
  const ticket = readTicket(
    token({
      sub: "ee-head",
      name: "Estonia",
      exp: 1613570000,
      attributes: { code: "ee", role: "head", order: "8", title: "Meeting", sitting: "Sitting 1", places: "30" },
      video: { room: "s1", roomJoin: true },
    }),
  );
  expect(ticket).toMatchObject({
    seat: { identity: "ee-head", delegation: "Estonia", flag: "ee", role: "head", order: 8 },
    room: "s1",
    title: "Meeting",
    sitting: "Sitting 1",
    places: 30,
    expires_s: 1613570000,
  });
});

test("a token that is no ticket for a room is refused", () => {
  expect(readTicket(token({ sub: "a" }))).toEqual(refuse("link.malformed"));
  expect(readTicket(token({ video: { room: "s1" } }))).toEqual(refuse("link.malformed"));
  expect(readTicket(token({ sub: "a", attributes: { order: 1 }, video: { room: "s1" } }))).toEqual(
    refuse("link.malformed"),
  );
});

test("no text, however made, is anything but a ticket or a refusal", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.jsonValue().map((value) => token({ video: value })),
      ),
      (text) => {
        const outcome = readTicket(text);
        expect(isRefusal(outcome) || outcome.token === text).toBe(true);
      },
    ),
  );
});
