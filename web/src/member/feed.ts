/** The feed: one WebSocket that comes back by itself. Messages are parsed here; what they mean is the reader's. */
import { ascii } from "../accreditation/bytes.ts";
import { type Members, read } from "../accreditation/members.ts";
import { backoff_ms } from "../media/backoff.ts";
import { parseWire } from "../record/entry.ts";
import { isRefusal, knownCode, type Refusal, refuse } from "../refusal.ts";

const ENTRIES_MAX = 256;
const DOORS_MAX = 100;
const HEAD_LENGTH_MAX = 64 * 1024;
const ACT_LENGTH_MAX = 512 * 1024;
const SIGNAL_LENGTH_MAX = 16 * 1024;
/** How often the token is renewed on the same socket: it lives five minutes. */
const RENEW_MS = 4 * 60_000;

export interface Wire {
  readonly h: Uint8Array<ArrayBuffer>;
  readonly b: string | null;
}

/** What a device that does not read a sitting is told of it. */
export interface Door {
  readonly sitting: string;
  readonly state: "unopened" | "open" | "closed";
  readonly opens: number;
  readonly opener: "chair" | "secretariat";
  /** The open or regroup act: the knock's leaf names its group. */
  readonly act: string | null;
}

export type Message =
  | { readonly entries: readonly Wire[]; readonly head: string }
  | { readonly signal: { readonly sitting: string; readonly from: string; readonly message: Uint8Array<ArrayBuffer> } }
  | { readonly door: readonly Door[] }
  | { readonly receipt: Wire; readonly head: string }
  /** Something that this device sent up was not taken; the feed goes on. */
  | { readonly refused: Refusal }
  /** The feed ends for this reason. */
  | { readonly problem: Refusal };

export interface FeedOptions {
  readonly meeting: string;
  readonly token: () => Promise<string | Refusal>;
  /** Where this device reads on, asked at each connection: journal → seq. */
  readonly after: () => Readonly<Record<string, number>>;
  readonly random: () => number;
  /** Called for each message, one after the other: the next waits until this one is done. */
  readonly take: (message: Message) => Promise<void>;
  readonly isOpen: (open: boolean) => void;
}

export class Feed {
  readonly #options: FeedOptions;
  #socket: WebSocket | undefined;
  #isOver = false;
  #wake: (() => void) | undefined;
  /** Gives the present connection up, without waiting for a line that may be dead. */
  #giveUp: (() => void) | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Follows the feed until `stop`, or until the server ends it with a problem that no waiting mends. */
  async follow(): Promise<Refusal | undefined> {
    for (let attempt = 0; !this.#isOver; attempt += 1) {
      const token = await this.#options.token();
      if (isRefusal(token)) {
        if (isFinal(token)) return token;
      } else {
        const ended = await this.#once(token, () => {
          attempt = 0;
        });
        if (ended && isFinal(ended)) return ended;
      }
      if (!this.#isOver) await this.#pause(backoff_ms(attempt, this.#options.random()));
    }
    return undefined;
  }

  /** Sends an MLS application message to the sitting's members; lost while the feed is down, which breaks nothing. */
  signal(sitting: string, message: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN)
      this.#socket.send(JSON.stringify({ signal: { sitting, message } }));
  }

  /** Tries again now: the network is back, or the device woke up. */
  hurry(): void {
    this.#wake?.();
  }

  /** Leaves the present connection for a new one: it may be dead, and nobody would say so for minutes. */
  reconnect(): void {
    this.#giveUp?.();
    this.#wake?.();
  }

  stop(): void {
    this.#isOver = true;
    this.#giveUp?.();
    this.#wake?.();
  }

  async #once(token: string, opened: () => void): Promise<Refusal | undefined> {
    const url = new URL(`/api/v1/meetings/${this.#options.meeting}/feed`, window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.#socket = socket;
    let problem: Refusal | undefined;
    let turn = Promise.resolve();
    const renewal = setInterval(() => void this.#renew(socket), RENEW_MS);
    await new Promise<void>((resolve) => {
      socket.onopen = () => {
        opened();
        socket.send(JSON.stringify({ token, after: this.#options.after() }));
        this.#options.isOpen(true);
      };
      socket.onmessage = ({ data }: MessageEvent<unknown>) => {
        const message = typeof data === "string" ? read(ascii(data), parseMessage) : refuse("feed.malformed");
        if (isRefusal(message)) {
          problem = message;
          socket.close();
          return;
        }
        if ("problem" in message) problem = message.problem;
        turn = turn.then(() => this.#options.take(message));
      };
      socket.onclose = () => resolve();
      socket.onerror = () => resolve();
      this.#giveUp = () => {
        socket.onmessage = null;
        socket.close();
        resolve();
      };
    });
    this.#giveUp = undefined;
    clearInterval(renewal);
    await turn;
    this.#options.isOpen(false);
    return problem;
  }

  async #renew(socket: WebSocket): Promise<void> {
    const token = await this.#options.token();
    if (!isRefusal(token) && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ token }));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** What waiting does not mend. */
function isFinal({ refused }: Refusal): boolean {
  return refused === "device.revoked" || refused === "meeting.unknown" || refused === "proof.invalid";
}

function parseMessage(members: Members): Message {
  const kind = members.only(["entries", "signal", "door", "receipt", "refused", "problem"]);
  switch (kind) {
    case "entries":
      return { entries: members.objects("entries", ENTRIES_MAX).map(parseWire), head: headOf(members) };
    case "receipt":
      return { receipt: parseWire(members.object("receipt")), head: headOf(members) };
    case "signal":
      return { signal: parseSignal(members.object("signal")) };
    case "door":
      return { door: members.objects("door", DOORS_MAX).map(parseDoor) };
    case "refused":
      return { refused: parseProblem(members.object("refused")) };
    case "problem":
      return { problem: parseProblem(members.object("problem")) };
  }
}

function headOf(members: Members): string {
  return members.text("head", HEAD_LENGTH_MAX);
}

function parseSignal(members: Members) {
  const sitting = members.id("sitting");
  const from = members.hash("from");
  return { sitting, from, message: members.octets("message", 1, SIGNAL_LENGTH_MAX) };
}

function parseDoor(members: Members): Door {
  return {
    sitting: members.id("sitting"),
    state: members.oneOf("state", ["unopened", "open", "closed"]),
    opens: members.integer("opens"),
    opener: members.oneOf("opener", ["chair", "secretariat"]),
    act: members.optional("act", (name) => members.text(name, ACT_LENGTH_MAX)),
  };
}

function parseProblem(members: Members): Refusal {
  members.text("type");
  members.text("title");
  members.integer("status");
  members.text("detail");
  return refuse(knownCode(members.text("code")) ?? "server.refused");
}
