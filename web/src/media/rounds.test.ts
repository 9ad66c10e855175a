import { describe, expect, test } from "vitest";
import { indexOf, Rounds } from "./rounds.ts";

describe("rounds", () => {
  test("overlap where nobody left: a sender switches 300 ms later, and older keys pass for 10 s", () => {
    const joined = Rounds.first(4).enter(5, "overlap", 1_000);
    expect(joined).toMatchObject({ newest: 5, oldest: 4, sending: 4, changesAt_ms: 1_300 });
    const switched = joined.at(1_300);
    expect(switched).toMatchObject({ newest: 5, oldest: 4, sending: 5, changesAt_ms: 11_000 });
    expect(switched.at(10_999)).toBe(switched);
    expect(switched.at(11_000)).toMatchObject({ oldest: 5, changesAt_ms: undefined });
  });

  test("are overwritten where somebody was removed: senders switch at once, and nothing older passes after 2 s", () => {
    const removed = Rounds.first(4).enter(5, "overwrite", 1_000);
    expect(removed).toMatchObject({ newest: 5, oldest: 4, sending: 5, changesAt_ms: 3_000 });
    expect(removed.at(3_000)).toMatchObject({ oldest: 5 });
  });

  test("a removal ends the overlap of earlier joins too", () => {
    const rounds = Rounds.first(4).enter(5, "overlap", 0).enter(6, "overwrite", 100);
    expect(rounds).toMatchObject({ sending: 6, oldest: 4, changesAt_ms: 2_100 });
    expect(rounds.at(2_100)).toMatchObject({ oldest: 6, sending: 6 });
  });

  test("a join after a removal does not prolong what the removed one's keys open", () => {
    const rounds = Rounds.first(4).enter(5, "overwrite", 0).enter(6, "overlap", 1_000);
    expect(rounds.at(2_000)).toMatchObject({ oldest: 5, sending: 6 });
  });

  test("a switch that is due is not put off by the next join, and is to its key", () => {
    const rounds = Rounds.first(4).enter(5, "overlap", 0).enter(6, "overlap", 250);
    expect(rounds.at(300)).toMatchObject({ sending: 6 });
  });

  test("who comes in, and a new group, have nothing older", () => {
    expect(Rounds.first(4).enter(9, "fresh", 0)).toMatchObject({
      newest: 9,
      oldest: 9,
      sending: 9,
      changesAt_ms: undefined,
    });
  });

  test("an older round changes nothing", () => {
    const rounds = Rounds.first(4);
    expect(rounds.enter(4, "overwrite", 0)).toBe(rounds);
    expect(rounds.enter(3, "fresh", 0)).toBe(rounds);
  });

  test("the ring never holds a round that passes at the place of one that is ahead", () => {
    let rounds = Rounds.first(0);
    for (let round = 1; round <= 40; round += 1) rounds = rounds.enter(round, "overlap", round * 100).at(round * 100);
    expect(rounds.newest - rounds.oldest).toBe(12);
    expect(rounds.indices.size).toBe(13);
    expect(rounds.indices).toContain(indexOf(28));
    expect(rounds.indices).not.toContain(indexOf(27));
  });
});
