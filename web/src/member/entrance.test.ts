import { UnsecuredJWT } from "jose";
import { expect, test } from "vitest";
import { refuse } from "../refusal.ts";
import { enter } from "./entrance.ts";
import { TabMemory } from "./memory.ts";

const NOW_MS = 1_613_570_000_000;

function ticket(identity: string, exp = NOW_MS / 1000 + 60): string {
  return `${new UnsecuredJWT({ sub: identity, video: { room: "s1" }, exp }).encode()}c2ln`;
}

function storage(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  } as unknown as Storage;
}

function open(memory: TabMemory, hash: string, pathname = "/m/qz-7") {
  const shown: string[] = [];
  const history = { replaceState: (_: unknown, __: string, url?: string | URL | null) => void shown.push(String(url)) };
  return { outcome: enter({ pathname, search: "?debug", hash }, history, memory, NOW_MS), shown };
}

test("the link is taken out of the address at once, and the query stays", () => {
  const { outcome, shown } = open(new TabMemory(storage()), `#ticket=${ticket("ee")}`);
  expect(outcome).toMatchObject({ meeting: "qz-7", ticket: { seat: { identity: "ee" } } });
  expect(shown).toEqual(["/m/qz-7?debug"]);
});

test("a damaged link is taken out of the address too", () => {
  const { outcome, shown } = open(new TabMemory(storage()), "#ticket=aaa");
  expect(outcome).toEqual(refuse("link.malformed"));
  expect(shown).toEqual(["/m/qz-7?debug"]);
});

test("a reload finds the ticket that the tab remembers", () => {
  const kept = storage();
  open(new TabMemory(kept), `#ticket=${ticket("ee")}`);
  expect(open(new TabMemory(kept), "").outcome).toMatchObject({ ticket: { seat: { identity: "ee" } } });
  expect(open(new TabMemory(kept), "", "/m/another").outcome).toEqual(refuse("link.missing"));
});

test("another link in the same tab does not walk into the room by itself", () => {
  const memory = new TabMemory(storage());
  open(memory, `#ticket=${ticket("ee")}`);
  memory.keep({ isInside: true });
  open(memory, `#ticket=${ticket("no")}`);
  expect(memory.now.isInside).toBe(false);
});

test("a ticket whose time is over is refused before anybody waits for the server", () => {
  expect(open(new TabMemory(storage()), `#ticket=${ticket("ee", NOW_MS / 1000 - 1)}`).outcome).toEqual(
    refuse("token.expired"),
  );
});

test("what another version wrote into the tab's memory is not believed", () => {
  const kept = storage();
  kept.setItem("incamera.tab", JSON.stringify({ meeting: 7 }));
  expect(new TabMemory(kept).now).toMatchObject({ meeting: "", isInside: false, view: "chamber" });
  kept.setItem("incamera.tab", "not JSON");
  expect(new TabMemory(kept).now.token).toBe("");
});

const MEETING = "wB4WXMn7wWgf34iNE571Hg";
const INVITATION = "#AfZGvNZnu_sfbi2X2fP_cez-ByYX8kD-qndXMGQwinSYIl2SpLqSMR1SIEkI6U7WSseIVfeNn5Xd4SGLSsoKQBw";

test("an invitation leaves the address, and its seed stays in the tab until it is used", () => {
  const kept = storage();
  const { outcome, shown } = open(new TabMemory(kept), INVITATION, `/m/${MEETING}`);
  expect(shown).toEqual([`/m/${MEETING}?debug`]);
  expect(outcome).toMatchObject({ kind: "invitation", meeting: MEETING, invitation: undefined });
  expect(outcome).toHaveProperty("seed.length", 32);

  new TabMemory(kept).keep({ seed: "", invitation: "thumbprint", isInside: true });
  const again = open(new TabMemory(kept), "", `/m/${MEETING}`).outcome;
  expect(again).toMatchObject({ kind: "invitation", seed: undefined, invitation: "thumbprint" });
});

test("a ticket and an invitation put one another out of a tab", () => {
  const memory = new TabMemory(storage());
  open(memory, INVITATION, `/m/${MEETING}`);
  expect(open(memory, `#ticket=${ticket("ee")}`, `/m/${MEETING}`).outcome).toMatchObject({ kind: "ticket" });
  expect(memory.now.seed).toBe("");
  expect(open(memory, INVITATION, `/m/${MEETING}`).outcome).toMatchObject({ kind: "invitation" });
  expect(memory.now.token).toBe("");
});

test("a cut invitation is taken out of the address too", () => {
  const { outcome, shown } = open(new TabMemory(storage()), INVITATION.slice(0, -4), `/m/${MEETING}`);
  expect(outcome).toEqual(refuse("invitation.malformed"));
  expect(shown).toEqual([`/m/${MEETING}?debug`]);
});
