import { describe, expect, test } from "vitest";
import { type Epoch, Gate } from "./gate.ts";
import { readTrailer, type Trailer } from "./sealedFrame.ts";

const ANNA = "anna.1";
const epoch = (newest: number, change: Partial<Epoch> = {}): Epoch => ({
  newest,
  oldest: newest,
  denied: [],
  switched: [],
  ...change,
});
const frame = (index: number, timestamp = 1_000, ssrc = 7): Trailer => ({
  index,
  ssrc,
  timestamp,
  iv: `${ssrc}.${timestamp}.0`,
});

function gateAt(index: number): Gate {
  const gate = new Gate();
  gate.enter(epoch(index));
  gate.hear([ANNA]);
  gate.keySet(ANNA, index);
  return gate;
}

describe("the gate", () => {
  test("lets a frame of the current key through", () => {
    expect(gateAt(3).judge(ANNA, "video", frame(3))).toEqual({ pass: true });
  });

  test("drops a frame that was opened once", () => {
    const gate = gateAt(3);
    gate.opened(ANNA, frame(3));
    expect(gate.judge(ANNA, "video", frame(3))).toEqual({ drop: "replay" });
  });

  test("does not use up an IV for a frame that did not open", () => {
    const gate = gateAt(3);
    gate.judge(ANNA, "video", frame(3));
    expect(gate.judge(ANNA, "video", frame(3))).toEqual({ pass: true });
  });

  test("drops a frame older than the newest by more than two seconds, over the wrap of timestamps", () => {
    const gate = gateAt(3);
    gate.opened(ANNA, frame(3, 5));
    expect(gate.judge(ANNA, "video", frame(3, 2 ** 32 - 90_000))).toEqual({ pass: true });
    expect(gate.judge(ANNA, "video", frame(3, 2 ** 32 - 180_001))).toEqual({ drop: "late" });
  });

  test("holds pictures while their key is due, not sound", () => {
    const gate = new Gate();
    gate.enter(epoch(3));
    gate.hear([ANNA]);
    expect(gate.judge(ANNA, "video", frame(3))).toEqual({ hold: true });
    expect(gate.judge(ANNA, "audio", frame(3))).toEqual({ drop: "no_key" });
    gate.keySet(ANNA, 3);
    expect(gate.judge(ANNA, "video", frame(3))).toEqual({ pass: true });
  });

  test("waits once for a key that does not come", () => {
    const gate = new Gate();
    gate.enter(epoch(3));
    gate.giveUp(ANNA, 3);
    expect(gate.judge(ANNA, "video", frame(3))).toEqual({ drop: "no_key" });
  });

  test("holds pictures of a sender that is up to three rounds ahead", () => {
    const gate = gateAt(15);
    expect(gate.judge(ANNA, "video", frame(2))).toEqual({ hold: true });
    expect(gate.judge(ANNA, "video", frame(3))).toEqual({ drop: "stale" });
  });

  test("lets older keys pass within the overlap only, and not once a sender has switched", () => {
    const gate = gateAt(1);
    gate.enter(epoch(2, { oldest: 1 }));
    expect(gate.judge(ANNA, "audio", frame(1))).toEqual({ pass: true });
    expect(gate.judge(ANNA, "audio", frame(0))).toEqual({ drop: "stale" });
    gate.enter(epoch(2, { oldest: 1, switched: [ANNA] }));
    expect(gate.judge(ANNA, "audio", frame(1))).toEqual({ drop: "stale" });
    gate.enter(epoch(2));
    expect(gate.judge(ANNA, "audio", frame(1))).toEqual({ drop: "stale" });
  });

  test("denies who was removed at once, within the overlap too", () => {
    const gate = gateAt(1);
    gate.enter(epoch(2, { oldest: 1, denied: [ANNA] }));
    expect(gate.judge(ANNA, "video", frame(1))).toEqual({ drop: "denied" });
    expect(gate.judge(ANNA, "video", frame(2))).toEqual({ drop: "denied" });
  });

  test("lets sound of those pass whom the floor lets speak, and pictures of all", () => {
    const gate = gateAt(3);
    gate.hear(["else"]);
    expect(gate.judge(ANNA, "audio", frame(3))).toEqual({ drop: "no_floor" });
    expect(gate.judge(ANNA, "video", frame(3))).toEqual({ pass: true });
    gate.hear([ANNA]);
    expect(gate.judge(ANNA, "audio", frame(3))).toEqual({ pass: true });
  });

  test("lets nobody's sound pass before it is said whose does", () => {
    const gate = new Gate();
    gate.enter(epoch(3));
    gate.keySet(ANNA, 3);
    expect(gate.judge(ANNA, "audio", frame(3))).toEqual({ drop: "no_floor" });
  });

  test("forgets which keys are there when a new round comes, since old ones sit at the same index", () => {
    const gate = gateAt(3);
    for (let round = 4; round < 20; round += 1) gate.enter(epoch(round % 16));
    expect(gate.judge(ANNA, "video", frame(3))).toEqual({ hold: true });
  });

  test("takes an older key of those alone who had one in that round, since the ring keeps theirs of 16 rounds before", () => {
    const gate = gateAt(3);
    gate.opened(ANNA, frame(3));
    // Anna is put out in the next round, and let in again in the one after the ring came round.
    for (let round = 4; round < 20; round += 1) gate.enter(epoch(round % 16, { denied: [ANNA] }));
    gate.enter(epoch(4, { oldest: 3 }));
    gate.keySet(ANNA, 4);
    expect(gate.judge(ANNA, "audio", frame(3))).toEqual({ drop: "no_key" });
    expect(gate.judge(ANNA, "video", frame(3))).toEqual({ hold: true });
    gate.giveUp(ANNA, 3);
    expect(gate.judge(ANNA, "video", frame(3))).toEqual({ drop: "no_key" });
    expect(gate.judge(ANNA, "video", frame(4))).toEqual({ pass: true });
  });

  test("takes an older key that LiveKit's ring has only now, and none of a round that was passed over", () => {
    const gate = gateAt(3);
    gate.enter(epoch(4, { oldest: 3 }));
    gate.keySet(ANNA, 4);
    gate.enter(epoch(6, { oldest: 3 }));
    expect(gate.judge(ANNA, "video", frame(3))).toEqual({ pass: true });
    expect(gate.judge(ANNA, "video", frame(4))).toEqual({ pass: true });
    expect(gate.judge(ANNA, "video", frame(5))).toEqual({ hold: true });
    gate.keySet(ANNA, 5);
    expect(gate.judge(ANNA, "video", frame(5))).toEqual({ pass: true });
  });

  test("remembers opened frames over a change of the overlap, so that it opens no door to a replay", () => {
    const gate = gateAt(3);
    gate.opened(ANNA, frame(3));
    gate.enter(epoch(4, { oldest: 3 }));
    expect(gate.judge(ANNA, "video", frame(3))).toEqual({ drop: "replay" });
    gate.enter(epoch(4, { oldest: 3, switched: ["else"] }));
    expect(gate.judge(ANNA, "video", frame(3))).toEqual({ drop: "replay" });
  });
});

describe("the trailer of a sealed frame", () => {
  test("is read from the end", () => {
    const bytes = new Uint8Array(40);
    bytes.set([0, 0, 0, 9, 0, 0, 1, 0, 0, 0, 0, 255, 12, 5], 26);
    expect(readTrailer(bytes.buffer)).toEqual({ index: 5, ssrc: 9, timestamp: 256, iv: "9.256.255" });
  });

  test.each([
    ["too short", new Uint8Array(29).fill(12)],
    ["another IV length", new Uint8Array(40)],
    ["an index beyond the ring", new Uint8Array(40).fill(16)],
  ])("is refused: %s", (_, bytes) => {
    expect(readTrailer(bytes.buffer)).toBeUndefined();
  });
});
