/** Sleep and a lost network, on a simulated clock: the feed comes back by itself, and reads on where it was. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Refusal, refuse } from "../refusal.ts";
import { Feed } from "./feed.ts";
import { LOOK_MS, SLEPT_MS, Wakefulness } from "./sleep.ts";

const MEETING = "AAAAAAAAAAAAAAAAAAAAAA";

/** A connection to a server that the test plays. */
class Line {
  static readonly OPEN = 1;
  static all: Line[] = [];
  readyState = 0;
  readonly sent: string[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;

  constructor() {
    Line.all.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  /** A dead line: nobody says that it is closed. */
  close(): void {
    this.readyState = 3;
  }

  open(): void {
    this.readyState = Line.OPEN;
    this.onopen?.();
  }

  break(): void {
    this.readyState = 3;
    this.onclose?.();
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  Line.all = [];
  vi.stubGlobal("WebSocket", Line);
  vi.stubGlobal("window", { location: { href: "http://localhost/m/x" } });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function following(token: () => string | Refusal = () => "token") {
  const told: boolean[] = [];
  let seq = 0;
  const feed = new Feed({
    meeting: MEETING,
    token: async () => token(),
    after: () => ({ [MEETING]: seq }),
    random: () => 0.5,
    take: async () => undefined,
    isOpen: (isOpen) => void told.push(isOpen),
  });
  void feed.follow();
  const read = (to: number) => {
    seq = to;
  };
  return { feed, told, read };
}

async function line(number: number): Promise<Line> {
  while (Line.all.length < number) await vi.advanceTimersByTimeAsync(50);
  return Line.all[number - 1] as Line;
}

test("a connection that breaks is made again, and reads on after what was read", async () => {
  const { told, read, feed } = following();
  (await line(1)).open();
  read(7);
  Line.all[0]?.break();
  const second = await line(2);
  second.open();
  expect(second.sent).toEqual([JSON.stringify({ token: "token", after: { [MEETING]: 7 } })]);
  expect(told).toEqual([true, false, true]);
  feed.stop();
});

test("without a network it is tried on and on, and at once when the network is back", async () => {
  let hasNetwork = true;
  const { feed, told } = following(() => (hasNetwork ? "token" : refuse("server.unreachable")));
  (await line(1)).open();
  hasNetwork = false;
  Line.all[0]?.break();
  await vi.advanceTimersByTimeAsync(30 * 60_000);
  expect(Line.all).toHaveLength(1);
  expect(told).toEqual([true, false]);
  hasNetwork = true;
  feed.reconnect(); // the browser's `online`
  await vi.advanceTimersByTimeAsync(0);
  expect(Line.all).toHaveLength(2);
  Line.all[1]?.open();
  expect(told).toEqual([true, false, true]);
  feed.stop();
});

test("a dead line is left at once after a sleep, though nobody says that it is closed", async () => {
  const { feed, told } = following();
  const first = await line(1);
  first.open();
  const wakefulness = new Wakefulness(0);
  expect(wakefulness.look(LOOK_MS)).toBeUndefined();
  const away = wakefulness.look(LOOK_MS + 17 * 60_000);
  expect(away).toEqual({ from: LOOK_MS, to: LOOK_MS + 17 * 60_000 });
  if (away) feed.reconnect();
  const second = await line(2);
  second.open();
  expect(told).toEqual([true, false, true]);
  expect(first.onmessage).toBeNull();
  feed.stop();
});

test("a tab in the background that is woken once a minute did not sleep", () => {
  const wakefulness = new Wakefulness(0);
  for (let minute = 1; minute < 30; minute += 1) expect(wakefulness.look(minute * 60_000)).toBeUndefined();
  expect(wakefulness.look(29 * 60_000 + SLEPT_MS + 1)).toBeDefined();
});

test("what no waiting mends ends it, with the server's reason", async () => {
  const feed = new Feed({
    meeting: MEETING,
    token: async () => refuse("device.revoked"),
    after: () => ({}),
    random: () => 0.5,
    take: async () => undefined,
    isOpen: () => undefined,
  });
  expect(await feed.follow()).toEqual({ refused: "device.revoked" });
});
