import { KeyProviderEvent } from "livekit-client";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Frames } from "./frames.ts";
import type { FromGate, ToGate } from "./gateMessages.ts";
import { type Change, Seal } from "./seal.ts";

const ANNA = "anna.1";
const BEN = "ben.1";

/** A seal whose worker is the test: what it is told, and what it says. */
class Stage {
  now = 0;
  readonly told: (Omit<ToGate, "kind"> | { key: string; sends: boolean })[] = [];
  readonly seal: Seal;
  say: (message: FromGate) => void = () => undefined;

  constructor() {
    const frames: Frames = {
      worker: {} as Worker,
      tell: (message) => this.told.push(message),
      listen: (listener) => {
        this.say = listener;
      },
      end: () => undefined,
    };
    this.seal = new Seal({ identity: ANNA, frames, now: () => this.now });
    this.seal.keyProvider.on(KeyProviderEvent.SetKey, ({ participantIdentity, keyIndex }, sends) => {
      this.told.push({ key: `${participantIdentity}/${keyIndex}`, sends: sends === true });
    });
  }

  enter(number: number, change: Change, devices: readonly string[], frameKey = async () => new Uint8Array(32)): void {
    this.seal.enter({ number, change, roster: new Set(devices), frameKey });
  }

  get keys() {
    return this.told.flatMap((told) => ("key" in told ? [told] : []));
  }

  get last() {
    return this.told.flatMap((told) => ("epoch" in told ? [told] : [])).at(-1);
  }

  async elapse(ms: number): Promise<void> {
    this.now += ms;
    await vi.advanceTimersByTimeAsync(ms);
  }
}

let stage: Stage;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  stage = new Stage();
});

/** Importing a key takes the machine's own time, in which the test's stands still. */
async function keyed(count: number): Promise<void> {
  while (stage.keys.length < count) await new Promise((resolve) => setImmediate(resolve));
}

describe("a seal", () => {
  test("tells of a round before its keys, and sends under our own as soon as it is set", async () => {
    stage.seal.meet(BEN);
    stage.enter(17, "fresh", ["anna", "ben"]);
    expect(stage.last).toMatchObject({ epoch: { newest: 1, oldest: 1, denied: [] }, sendUnder: 1 });
    await keyed(3);
    expect(stage.keys).toContainEqual({ key: "anna.1/1", sends: true });
    expect(stage.keys).toContainEqual({ key: "ben.1/1", sends: false });
    expect(stage.told[0]).toHaveProperty("epoch");
  });

  test("asks for the key of who comes into the room later, and of nobody who is not on the roster", async () => {
    const asked: string[] = [];
    const frameKey = async (...[identity]: [string?]) => {
      asked.push(identity ?? "");
      return new Uint8Array(32);
    };
    stage.enter(1, "fresh", ["anna", "ben"], frameKey);
    stage.seal.meet(BEN);
    stage.seal.meet("eve.1");
    expect(asked).toEqual([ANNA, BEN]);
    expect(stage.last?.epoch.denied).toEqual(["eve.1"]);
  });

  test("goes on sending under the older key for 300 ms after a join", async () => {
    stage.enter(1, "fresh", ["anna"]);
    await keyed(2);
    stage.enter(2, "overlap", ["anna", "ben"]);
    await keyed(3);
    expect(stage.last).toMatchObject({ sendUnder: 1, epoch: { newest: 2, oldest: 1 } });
    expect(stage.keys.at(-1)).toEqual({ key: "anna.1/2", sends: false });
    await stage.elapse(300);
    expect(stage.last).toMatchObject({ sendUnder: 2 });
    expect(stage.keys.at(-1)).toEqual({ key: "anna.1/2", sends: true });
    await stage.elapse(9_700);
    expect(stage.last).toMatchObject({ epoch: { newest: 2, oldest: 2 } });
  });

  test("lets nothing leave under the older key once somebody was removed, though the new one is not there yet", async () => {
    stage.seal.meet(BEN);
    stage.enter(1, "fresh", ["anna", "ben"]);
    await keyed(3);
    stage.enter(2, "overwrite", ["anna"], () => new Promise(() => undefined));
    expect(stage.last).toMatchObject({ sendUnder: 2, epoch: { newest: 2, oldest: 1, denied: [BEN] } });
    expect(stage.keys.at(-1)?.key).not.toBe("anna.1/2");
    await stage.elapse(2_000);
    expect(stage.last).toMatchObject({ epoch: { newest: 2, oldest: 2 } });
  });

  test("takes no key of a round that is over when it comes", async () => {
    const late = new EventTarget();
    stage.enter(1, "fresh", ["anna"], async () => {
      await new Promise((resolve) => late.addEventListener("key", resolve));
      return new Uint8Array(32);
    });
    stage.enter(2, "overlap", ["anna"]);
    await keyed(1);
    const before = stage.keys.length;
    late.dispatchEvent(new Event("key"));
    await stage.elapse(50);
    expect(stage.keys.filter(({ key }) => key === "anna.1/1")).toEqual([]);
    expect(stage.keys.length).toBeGreaterThanOrEqual(before);
  });

  test("shows nothing of an excluded device before the commit that removes it", () => {
    stage.seal.meet(BEN);
    stage.enter(1, "fresh", ["anna", "ben"]);
    stage.seal.exclude("ben");
    expect(stage.seal.isRostered(BEN)).toBe(false);
    expect(stage.last?.epoch.denied).toEqual([BEN]);
  });

  test("takes older keys of nobody whose heartbeat says that it switched", () => {
    stage.seal.meet(BEN);
    stage.enter(1, "fresh", ["anna", "ben"]);
    stage.enter(2, "overlap", ["anna", "ben"]);
    stage.seal.switched("ben", 2);
    stage.seal.switched("ben", 1);
    expect(stage.last?.epoch.switched).toEqual([BEN]);
  });

  test("lets nothing leave while that is not allowed", () => {
    stage.enter(1, "fresh", ["anna"]);
    stage.seal.allowSending(false);
    expect(stage.last?.sendUnder).toBeNull();
    stage.seal.allowSending(true);
    expect(stage.last?.sendUnder).toBe(1);
  });

  test("lets those be heard whom the floor lets speak", () => {
    stage.seal.meet(BEN);
    stage.enter(1, "fresh", ["anna", "ben"]);
    expect(stage.last).toMatchObject({ heard: [], maySpeak: false });
    stage.seal.setSpeakers(new Set(["ben"]));
    expect(stage.last).toMatchObject({ heard: [BEN], maySpeak: false });
    stage.seal.setSpeakers(new Set(["anna"]));
    expect(stage.last).toMatchObject({ heard: [ANNA], maySpeak: true });
    expect(stage.seal.store.snapshot().maySpeak).toBe(true);
  });

  test("says the round that frames leave under, by the gate's word", () => {
    stage.enter(17, "fresh", ["anna"]);
    expect(stage.seal.store.snapshot().sendsUnder).toBeUndefined();
    stage.say({ sending: { index: 1, sent: 1, blocked: 0 } });
    expect(stage.seal.store.snapshot().sendsUnder).toBe(17);
    stage.say({ sending: { index: null, sent: 1, blocked: 3 } });
    expect(stage.seal.store.snapshot().sendsUnder).toBeUndefined();
  });
});
