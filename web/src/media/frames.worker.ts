/**
 * The frames worker: LiveKit's frame encryption inside, our gate around it.
 *
 * LiveKit's module takes `onmessage` and `onrtctransform` while it is evaluated (2.23.0, e2ee.worker.ts), so it must be imported
 * first, statically, and this file must have no top-level await. Both are then replaced by ours, which lets an allow-list of messages
 * through and puts one stream before and one after the decryption of every track. (docs/explanation/security.md, F1 to F3.)
 */
import "livekit-client/e2ee-worker";
import { type Drop, Gate, type Kind } from "./gate.ts";
import type { FromGate, GatePort, ToGate, TrackCounts } from "./gateMessages.ts";
import { readTrailer, SEAL_LENGTH, type Trailer } from "./sealedFrame.ts";
import { HOLD_MS, Sending } from "./sending.ts";

/** Frames that may be inside LiveKit's decryption at once: it takes one after the other, with one waiting on each side. */
const INSIDE_MAX = 3;
/** How often counts go to the page: milliseconds. */
const REPORT_MS = 200;

type Frame = RTCEncodedVideoFrame | RTCEncodedAudioFrame;
type Streams = { readable: ReadableStream<Frame>; writable: WritableStream<Frame> };
// biome-ignore lint/suspicious/noExplicitAny: LiveKit does not export its worker's message types
type Message = { kind: string; data: any };

interface Scope {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onrtctransform?: ((event: { transformer: Streams & { options: Message["data"] } }) => void) | null;
}

const scope = self as unknown as Scope;
const livekit = scope.onmessage;
const livekitTransform = scope.onrtctransform;
if (!livekit) throw new Error("LiveKit's worker did not start: frames can't be sealed");

const gate = new Gate();
const receivers = new Set<Receiver>();
const waiting = new Map<string, Set<() => void>>();
const sending = new Sending();
let me: string | undefined;
let page: MessagePort | undefined;
let changed = false;

/** One receiver's stream of frames; LiveKit re-points it when a section is used again for another track. */
class Receiver {
  identity: string | undefined;
  track: string;
  codec: string | undefined;
  admitted = 0;
  opened = 0;
  held = 0;
  dropped: Partial<Record<Drop, number>> = {};
  readonly #kind: Kind;

  constructor(identity: string, track: string, codec: string | undefined) {
    this.identity = identity;
    this.track = track;
    this.codec = codec;
    // LiveKit names a codec for video alone.
    this.#kind = codec ? "video" : "audio";
  }

  point(identity: string, track: string, codec: string | undefined): void {
    Object.assign(this, { identity, track, codec: codec ?? this.codec, admitted: 0, opened: 0, held: 0, dropped: {} });
    changed = true;
  }

  counts(): TrackCounts[] {
    if (this.identity === undefined) return [];
    const { identity, track, opened, held, dropped } = this;
    // LiveKit drops without a word what a key does not open.
    const lost = this.admitted - opened - (dropped.not_opened ?? 0) - INSIDE_MAX;
    if (lost > (dropped.wrong_key ?? 0)) dropped.wrong_key = lost;
    return [{ identity, track, kind: this.#kind, opened, held, dropped: { ...dropped } }];
  }

  /** Streams for LiveKit's decryption, with the gate on both sides. */
  around(streams: Streams): Streams {
    const sealed = new WeakMap<Frame, { identity: string; trailer: Trailer; length: number }>();
    const before = new TransformStream<Frame, Frame>({
      transform: async (frame, controller) => {
        // Discontinuous transmission: no payload, nothing that could be shown or heard.
        if (frame.data.byteLength === 0) return controller.enqueue(frame);
        const trailer = readTrailer(frame.data);
        if (this.codec === "h264" || this.codec === "h265" || this.codec === "av1") return this.#drop("codec");
        if (!trailer) return this.#drop("malformed");
        const refused = await this.#admit(kindOf(frame), trailer);
        if (refused) return this.#drop(refused);
        this.admitted += 1;
        changed = true;
        sealed.set(frame, { identity: this.identity as string, trailer, length: frame.data.byteLength });
        controller.enqueue(frame);
      },
    });
    const after = new TransformStream<Frame, Frame>({
      transform: (frame, controller) => {
        if (frame.data.byteLength === 0 && !sealed.has(frame)) return controller.enqueue(frame);
        const was = sealed.get(frame);
        // What LiveKit passes without opening it keeps its length.
        if (!was || was.identity !== this.identity || frame.data.byteLength !== was.length - SEAL_LENGTH)
          return this.#drop("not_opened");
        gate.opened(was.identity, was.trailer);
        this.opened += 1;
        changed = true;
        controller.enqueue(frame);
        if (this.opened === 1) report(); // the page waits for the first, to show it
      },
    });
    streams.readable
      .pipeTo(before.writable)
      .catch(() => undefined)
      .finally(() => this.end());
    after.readable.pipeTo(streams.writable).catch(() => undefined);
    return { readable: before.readable, writable: after.writable };
  }

  /** The connection is gone, or another stream took the track over: nothing more passes here. */
  end(): void {
    this.identity = undefined;
    receivers.delete(this);
    changed = true;
  }

  async #admit(kind: Kind, trailer: Trailer): Promise<Drop | undefined> {
    for (let tries = 0; ; tries += 1) {
      const identity = this.identity;
      if (identity === undefined) return "unassigned";
      const verdict = gate.judge(identity, kind, trailer);
      if ("pass" in verdict) return undefined;
      if ("drop" in verdict) return verdict.drop;
      if (tries === 0) {
        this.held += 1;
        changed = true;
      }
      if (!(await keyDue(identity, trailer.index))) gate.giveUp(identity, trailer.index);
    }
  }

  #drop(reason: Drop): void {
    this.dropped[reason] = (this.dropped[reason] ?? 0) + 1;
    changed = true;
  }
}

/** By the frame itself: what the server calls a track decides nothing. */
function kindOf(frame: Frame): Kind {
  return "type" in frame ? "video" : "audio";
}

/** Resolves true when the key is set or the epoch changes, false when it did not come in time. */
function keyDue(identity: string, index: number): Promise<boolean> {
  return new Promise((resolve) => {
    const key = `${identity}/${index}`;
    const waiters = waiting.get(key) ?? new Set();
    waiting.set(key, waiters);
    const settle = (came: boolean) => {
      clearTimeout(timer);
      waiters.delete(wake);
      if (waiters.size === 0) waiting.delete(key);
      resolve(came);
    };
    const wake = () => settle(true);
    const timer = setTimeout(() => settle(false), HOLD_MS);
    waiters.add(wake);
  });
}

function wakeAll(): void {
  for (const waiters of [...waiting.values()]) for (const wake of [...waiters]) wake();
}

/** Our own frames leave sealed under the key that is due, or not at all. */
function aroundSending(streams: Streams): Streams {
  const lengths = new WeakMap<Frame, number>();
  const before = new TransformStream<Frame, Frame>({
    transform: async (frame, controller) => {
      const length = frame.data.byteLength;
      // Discontinuous transmission: nothing to seal, whatever the key.
      if (length > 0 && !(await sending.ready(kindOf(frame)))) return block();
      lengths.set(frame, length);
      controller.enqueue(frame);
    },
  });
  const after = new TransformStream<Frame, Frame>({
    transform: (frame, controller) => {
      const was = lengths.get(frame);
      if (was === 0 && frame.data.byteLength === 0) return controller.enqueue(frame);
      const isSealed = was !== undefined && frame.data.byteLength >= was + SEAL_LENGTH;
      if (!isSealed || !sending.isOurs(readTrailer(frame.data)?.index)) return block();
      sending.sent += 1;
      changed = true;
      controller.enqueue(frame);
    },
  });
  streams.readable.pipeTo(before.writable).catch(() => undefined);
  after.readable.pipeTo(streams.writable).catch(() => undefined);
  return { readable: before.readable, writable: after.writable };
}

function block(): void {
  sending.blocked += 1;
  changed = true;
}

/** A stream of `identity`'s frames; undefined for one that LiveKit's worker could take for another's, since it knows them by track. */
function receive(data: Message["data"], streams: Streams): Streams | undefined {
  const receiver = new Receiver(data.participantIdentity, data.trackId, data.codec);
  if (isAnothers(receiver.track, receiver.identity)) return undefined;
  for (const other of receivers) if (other.track === receiver.track) other.end();
  receivers.add(receiver);
  return receiver.around(streams);
}

/** The media server chooses tracks' ids: two of one id must not make one's frames open under the other's name. */
function isAnothers(track: string, identity: string | undefined): boolean {
  return [...receivers].some(
    (other) => other.track === track && other.identity !== undefined && other.identity !== identity,
  );
}

const toLiveKit: Record<string, (message: Message) => Message | undefined> = {
  init: (message) => message,
  setLogLevel: (message) => message,
  setRTPMap: (message) => message,
  setKey: (message) => message,
  // Whether a participant is encrypted is never the server's to say.
  enable: ({ kind, data }) => ({ kind, data: { ...data, enabled: true } }),
  decode: ({ kind, data }) => {
    const streams = receive(data, { readable: data.readableStream, writable: data.writableStream });
    if (!streams) return undefined;
    const { readable, writable } = streams;
    return { kind, data: { ...data, readableStream: readable, writableStream: writable, hasPacketTrailer: false } };
  },
  encode: ({ kind, data }) => {
    if (data.participantIdentity !== me) return undefined;
    const { readable, writable } = aroundSending({ readable: data.readableStream, writable: data.writableStream });
    return {
      kind,
      data: {
        ...data,
        readableStream: readable,
        writableStream: writable,
        hasPacketTrailer: false,
        packetTrailer: undefined,
      },
    };
  },
  updateCodec: ({ kind, data }) => {
    if (isAnothers(data.trackId, data.participantIdentity) && data.previousTrackId !== data.trackId) return undefined;
    for (const receiver of receivers) {
      if (receiver.track === (data.previousTrackId ?? data.trackId))
        receiver.point(data.participantIdentity, data.trackId, data.codec);
    }
    return { kind, data: { ...data, hasPacketTrailer: false } };
  },
  removeTransform: (message) => {
    for (const receiver of receivers) {
      if (receiver.track === message.data.trackId && receiver.identity === message.data.participantIdentity)
        receiver.identity = undefined;
    }
    changed = true;
    return message;
  },
};

scope.onmessage = ({ data: message }) => {
  if (isGatePort(message)) {
    page = message.port;
    me = message.identity;
    return;
  }
  if (isToGate(message)) {
    gate.enter(message.epoch);
    gate.hear(message.heard);
    sending.require(message.sendUnder, message.maySpeak);
    wakeAll();
    return;
  }
  // Anything else (a server's trailer for unencrypted frames, a request to ratchet, data packets) is not let through.
  const { kind } = message as Message;
  const passed = Object.hasOwn(toLiveKit, kind) ? toLiveKit[kind]?.(message as Message) : undefined;
  if (!passed) return;
  livekit({ data: passed });
  if (kind === "setKey") livekit(fence(passed.data));
};

/** LiveKit works its messages off one by one and reads `data` when their turn comes: when it reads this one, the key before it is set. */
function fence({ participantIdentity, keyIndex, updateCurrentKeyIndex }: Message["data"]): { readonly data: Message } {
  return {
    get data() {
      gate.keySet(participantIdentity, keyIndex);
      for (const wake of [...(waiting.get(`${participantIdentity}/${keyIndex}`) ?? [])]) wake();
      if (participantIdentity === me && updateCurrentKeyIndex) {
        sending.switchTo(keyIndex);
        report(); // the heartbeat says it
      }
      return { kind: "incamera.fence", data: undefined };
    },
  };
}

function isGatePort(message: unknown): message is GatePort {
  return (message as GatePort).kind === "incamera.gate";
}

function isToGate(message: unknown): message is ToGate {
  return (message as ToGate).kind === "incamera.epoch";
}

if (livekitTransform) {
  scope.onrtctransform = ({ transformer }) => {
    const { options } = transformer;
    if (options.kind === "encode" && options.participantIdentity !== me) return;
    const streams = options.kind === "decode" ? receive(options, transformer) : aroundSending(transformer);
    if (!streams) return;
    const plain = { ...options, hasPacketTrailer: false, packetTrailer: undefined };
    livekitTransform({ transformer: { ...streams, options: plain } });
  };
}

function report(): void {
  changed = false;
  page?.postMessage({ counts: [...receivers].flatMap((receiver) => receiver.counts()) } satisfies FromGate);
  page?.postMessage({ sending: sending.counts() } satisfies FromGate);
}

setInterval(() => {
  if (changed) report();
}, REPORT_MS);
