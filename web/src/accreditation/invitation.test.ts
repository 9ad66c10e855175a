import { expect, test } from "vitest";
import { refuse } from "../refusal.ts";
import { readTicketLink } from "./invitation.ts";

const token = "aaa.bbb.ccc";

test("a link names its meeting and carries the ticket in its fragment", () => {
  expect(readTicketLink("/m/qz-7", `#ticket=${token}`)).toEqual({ meeting: "qz-7", token });
});

test("a link without a ticket is told apart from a damaged one", () => {
  expect(readTicketLink("/m/qz-7", "")).toEqual(refuse("link.missing"));
  expect(readTicketLink("/m/qz-7", "#ticket=")).toEqual(refuse("link.missing"));
  expect(readTicketLink("/m/qz-7", "#ticket=aaa.bbb")).toEqual(refuse("link.malformed"));
  expect(readTicketLink("/m/qz-7", "#ticket=a a.b.c")).toEqual(refuse("link.malformed"));
});

test("an address that is no meeting's is refused", () => {
  for (const path of ["/", "/m/", "/m/a/b", "/x/a", "/m/%00"])
    expect(readTicketLink(path, `#ticket=${token}`)).toEqual(refuse("link.malformed"));
});
