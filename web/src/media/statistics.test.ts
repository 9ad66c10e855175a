import { expect, test } from "vitest";
import { countersOf, failedOf, Tally } from "./statistics.ts";

const video = { type: "inbound-rtp", framesDecoded: 40, freezeCount: 1, frameWidth: 320, frameHeight: 180 };
const audio = { type: "inbound-rtp", totalSamplesReceived: 96_000, concealedSamples: 48_000 };

test("frames are those that were decoded: concealment is none", () => {
  expect(countersOf([{ type: "codec" }, video])).toEqual({
    video_frames: 40,
    audio_frames: 0,
    freezes: 1,
    width: 320,
    height: 180,
  });
  expect(countersOf([audio]).audio_frames).toBe(50);
});

test("a participant's counters do not go back when its track is published anew", () => {
  const tally = new Tally();
  tally.record("ee-head", "first", countersOf([video]));
  tally.record("ee-head", "second", countersOf([{ ...video, framesDecoded: 2 }]));
  expect(tally.statistics()["ee-head"]).toMatchObject({ video_frames: 42, freezes: 2 });
});

test("nor when its track ends and reports nothing more, or its section is used again", () => {
  const tally = new Tally();
  tally.record("ee-head", "first", countersOf([video]));
  tally.record("ee-head", "first", countersOf([]));
  expect(tally.statistics()["ee-head"]).toMatchObject({ video_frames: 40 });
  tally.record("ee-head", "first", countersOf([{ ...video, framesDecoded: 3 }]));
  expect(tally.statistics()["ee-head"]).toMatchObject({ video_frames: 43, freezes: 2 });
});

test("frames that were not shown are counted, but for those that the floor keeps away", () => {
  expect(failedOf({ dropped: { stale: 3, denied: 2, no_floor: 50, unassigned: 9 } })).toBe(5);
});

test("failed frames do not go back when the gate counts a track anew", () => {
  const tally = new Tally();
  tally.recordFailed("ee-head", "first", 7);
  tally.recordFailed("ee-head", "first", 2);
  tally.recordFailed("ee-head", "first", 4);
  tally.recordFailed("ee-head", "second", 1);
  expect(tally.statistics()["ee-head"]).toMatchObject({ failed: 12, video_frames: 0 });
});
