import { expect, test } from "vitest";
import { refuse } from "../refusal.ts";
import { enter } from "./entrance.ts";
import { TabMemory } from "./memory.ts";

const MEETING = "wB4WXMn7wWgf34iNE571Hg";
const INVITATION = "#AfZGvNZnu_sfbi2X2fP_cez-ByYX8kD-qndXMGQwinSYIl2SpLqSMR1SIEkI6U7WSseIVfeNn5Xd4SGLSsoKQBw";

function storage(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  } as unknown as Storage;
}

function open(memory: TabMemory, hash: string, pathname = `/m/${MEETING}`) {
  const shown: string[] = [];
  const history = { replaceState: (_: unknown, __: string, url?: string | URL | null) => void shown.push(String(url)) };
  return { outcome: enter({ pathname, search: "?debug", hash }, history, memory), shown };
}

test("an invitation leaves the address, and its seed stays in the tab until it is used", () => {
  const kept = storage();
  const { outcome, shown } = open(new TabMemory(kept), INVITATION);
  expect(shown).toEqual([`/m/${MEETING}?debug`]);
  expect(outcome).toMatchObject({ meeting: MEETING, invitation: undefined });
  expect(outcome).toHaveProperty("seed.length", 32);

  new TabMemory(kept).keep({ seed: "", invitation: "thumbprint", isInside: true });
  expect(open(new TabMemory(kept), "").outcome).toMatchObject({ seed: undefined, invitation: "thumbprint" });
});

test("a reload finds the link that the tab remembers, for its own meeting only", () => {
  const kept = storage();
  open(new TabMemory(kept), INVITATION);
  expect(open(new TabMemory(kept), "").outcome).toMatchObject({ meeting: MEETING });
  expect(open(new TabMemory(kept), "", "/m/another").outcome).toEqual(refuse("link.missing"));
  expect(open(new TabMemory(storage()), "").outcome).toEqual(refuse("link.missing"));
});

test("a link in a tab that was inside does not walk into the room by itself", () => {
  const memory = new TabMemory(storage());
  open(memory, INVITATION);
  memory.keep({ isInside: true });
  open(memory, INVITATION);
  expect(memory.now.isInside).toBe(false);
});

test("a cut invitation, and a ticket, are taken out of the address too", () => {
  for (const hash of [INVITATION.slice(0, -4), "#ticket=aaa.bbb.ccc"]) {
    const { outcome, shown } = open(new TabMemory(storage()), hash);
    expect(outcome).toEqual(refuse("invitation.malformed"));
    expect(shown).toEqual([`/m/${MEETING}?debug`]);
  }
});

test("what another version wrote into the tab's memory is not believed", () => {
  const kept = storage();
  kept.setItem("incamera.tab", JSON.stringify({ meeting: 7 }));
  expect(new TabMemory(kept).now).toMatchObject({ meeting: "", isInside: false, view: "chamber" });
  kept.setItem("incamera.tab", "not JSON");
  expect(new TabMemory(kept).now.seed).toBe("");
});
