import { describe, expect, test } from "vitest";
import { deviceOf, NOW, told } from "../../../harness/sample.ts";
import { floorView, marks, newsOf, spoken } from "./floorView.ts";

const present = ["pl-head", "ee-head", "ca-head", "no-head", "no-adviser"];
const speaking = { present, floor: "pl-head", waiting: ["ee-head", "ca-head", "no-head"] };

const see = (story: Parameters<typeof told>[0]) => floorView(told(story), NOW);

describe("who has the floor", () => {
  test("is named by the charter, with the person that the charter lets us know", () => {
    expect(see({ ...speaking, me: "ee-head" }).holder).toMatchObject({
      name: "Poland",
      role: "head",
      person: "T. Wiśniewski",
      isSelf: false,
    });
    expect(see({ ...speaking, me: "ee-head", language: "fr" }).holder?.name).toBe("Pologne");
  });

  test("is nobody while nobody was given it", () => {
    expect(see({ present, me: "ee-head" }).holder).toBeUndefined();
  });
});

describe("what a delegation can do", () => {
  test("it asks, or withdraws what any of its devices asked for", () => {
    expect(see({ present, me: "ee-head" }).offer).toEqual({ does: "ask", refusal: undefined });
    expect(see({ ...speaking, me: "no-adviser" }).offer).toEqual({ does: "withdraw", place: 3, refusal: undefined });
  });

  test("who has the floor gives it back", () => {
    expect(see({ ...speaking, me: "pl-head" }).offer).toEqual({ does: "giveBack", refusal: undefined });
  });

  test("whose delegation speaks by another device can't ask, and is told why", () => {
    expect(see({ present, floor: "no-head", me: "no-adviser" }).offer).toEqual({ does: "ask", refusal: "floor.held" });
  });

  test("nothing is offered to a seat that has no floor to ask for", () => {
    expect(see({ ...speaking, me: "secretariat" }).offer).toBeUndefined();
  });

  test("only the chair gives and takes back", () => {
    const chair = see({ ...speaking, me: "chair" });
    expect(chair.give.map(({ to, refusal }) => [to.name, refusal])).toEqual([
      ["Estonia", undefined],
      ["Canada", undefined],
      ["Norway", undefined],
    ]);
    expect(chair.takeBack).toEqual({ refusal: undefined });
    const head = see({ ...speaking, me: "ee-head" });
    expect([head.give, head.takeBack]).toEqual([[], undefined]);
  });

  test("the chair is told why a delegation that went away can't be given the floor", () => {
    const [first] = see({ present: [], waiting: ["ee-head"], me: "chair" }).give;
    expect(first).toMatchObject({ refusal: "floor.device", to: { isAway: true } });
  });
});

test("a tile's mark is of the device that speaks or asked, not of its delegation", () => {
  const all = marks(see({ ...speaking, me: "chair" }));
  expect(all.get(deviceOf("pl-head"))).toEqual({ is: "floor" });
  expect(all.get(deviceOf("no-head"))).toEqual({ is: "waiting", place: 3 });
  expect(all.get(deviceOf("no-adviser"))).toBeUndefined();
});

describe("what is said aloud", () => {
  const news = (me: string, before: object, after: object) =>
    newsOf(see({ present, me, ...before }), see({ present, me, ...after }));

  test("who is given the floor hears that, and nothing else", () => {
    expect(news("pl-head", {}, speaking)?.says).toBe("yours");
  });

  test("the others hear who has it and who is next", () => {
    expect(news("no-head", {}, speaking)).toMatchObject({ says: "given", next: { name: "Estonia" } });
  });

  test("who comes next hears so", () => {
    expect(
      news("ee-head", { waiting: ["ee-head"], floor: "ca-head" }, { waiting: ["ee-head"], floor: "ca-head" }),
    ).toBe(undefined);
    expect(
      news("ee-head", { waiting: ["ca-head", "ee-head"], floor: "pl-head" }, { waiting: ["ee-head"], floor: "ca-head" })
        ?.says,
    ).toBe("next");
  });

  test("a place on the list is said once", () => {
    const before = { floor: "pl-head", waiting: ["ee-head"] };
    expect(news("no-head", before, { ...before, waiting: ["ee-head", "no-head"] })).toEqual({
      says: "place",
      place: 2,
    });
    expect(news("no-head", speaking, speaking)).toBeUndefined();
  });
});

test("time spoken is minutes and seconds, hours only where there are some, and never less than nothing", () => {
  expect([spoken(0, 134_000), spoken(0, 3_661_000), spoken(1_000, 0)]).toEqual(["2:14", "1:01:01", "0:00"]);
});
