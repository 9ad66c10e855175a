import { expect, test } from "vitest";
import { type Hearing, hear, startHearing } from "./hearing.ts";

/** Looks five times a second at levels in dB below full scale. */
function listen(isOpen: boolean, levels: readonly (number | undefined)[]): Hearing {
  let hearing = startHearing(isOpen, 0);
  levels.forEach((level, index) => {
    hearing = hear(hearing, isOpen, level, (index + 1) * 200);
  });
  return hearing;
}

const seconds = (count: number, level: number) => Array.from({ length: count * 5 }, () => level);

test("who speaks while the microphone is closed is told", () => {
  expect(listen(false, seconds(3, -20)).says).toBe("speaking");
});

test("a cough, a door or a clock that ticks is not speech", () => {
  expect(listen(false, [...seconds(1, -70), -10, -10, ...seconds(1, -70)]).says).toBe("nothing");
  const ticks = Array.from({ length: 60 }, (_, index) => (index % 5 === 0 ? -10 : -70));
  expect(listen(false, ticks).says).toBe("nothing");
});

test("a microphone that is on air and brings no sound for ten seconds is told", () => {
  expect(listen(true, seconds(9, -90)).says).toBe("nothing");
  expect(listen(true, seconds(11, -90)).says).toBe("silent");
  expect(listen(true, [...seconds(11, -90), -40]).says).toBe("nothing");
});

test("nothing is said while the level is not known", () => {
  expect(
    listen(
      true,
      Array.from({ length: 100 }, () => undefined),
    ).says,
  ).toBe("nothing");
});
