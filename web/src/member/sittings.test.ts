import { beforeEach, expect, test } from "vitest";
import type { Door } from "./feed.ts";
import type { Sitting } from "./sitting.ts";
import { Sittings } from "./sittings.ts";

/** A sitting that notes what is asked of it. */
class Noting {
  readonly id: string;
  wantsIn = false;
  phase = "outside";
  door: Door | undefined;

  constructor(id: string) {
    this.id = id;
  }

  enter(): void {
    this.wantsIn = true;
  }

  stayOut(): void {
    this.wantsIn = false;
  }

  atTheDoor(door: Door | undefined): void {
    this.door = door;
  }
}

const door = (sitting: string, opens: number, state: Door["state"] = "open") => ({ sitting, opens, state }) as Door;

let begun: string[];
let sittings: Sittings;
beforeEach(() => {
  begun = [];
  sittings = new Sittings({
    reader: { sittings: [], state: () => undefined, terms: undefined },
    make: (name) => new Noting(name) as unknown as Sitting,
    begin: ({ id }) => begun.push(id),
  });
});

test("a device goes into the one that is wanted, and stays out of the others", () => {
  sittings.see([door("one", 1), door("two", 2)]);
  expect(sittings.current).toBeUndefined();
  sittings.want("first");
  expect(sittings.current).toMatchObject({ id: "one", wantsIn: true, door: { opens: 1 } });
  sittings.want({ sitting: "two" });
  expect(sittings.current).toMatchObject({ id: "two", wantsIn: true });
  expect(sittings.known.get("one")).toMatchObject({ wantsIn: false });
  expect(begun).toEqual(["one", "two"]);
});

test("it leaves the door of one that is not open yet for one that is, and no other", () => {
  sittings.want("first");
  sittings.see([door("one", 1, "unopened")]);
  expect(sittings.current?.id).toBe("one");
  sittings.see([door("one", 1, "unopened"), door("two", 2)]);
  expect(sittings.current?.id).toBe("two");
  sittings.see([door("one", 1), door("two", 2)]);
  expect(sittings.current?.id).toBe("two");
});
