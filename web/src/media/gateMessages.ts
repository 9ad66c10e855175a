/**
 * What the page and the gate in the frames worker say to one another. The page's words go the way of LiveKit's own messages, so that
 * they stay in order with the keys; the gate's answers come on a port, since LiveKit holds the worker's `onmessage`.
 */
import type { Drop, Epoch, Kind } from "./gate.ts";

/** The first message to the worker: the port for answers comes with it. */
export interface GatePort {
  readonly kind: "incamera.gate";
  readonly port: MessagePort;
  /** One's own participant: nobody else's frames are sent. */
  readonly identity: string;
}

/** How things stand: sent before the keys of a new round are set, and at each change. */
export interface ToGate {
  readonly kind: "incamera.epoch";
  readonly epoch: Epoch;
  /** Index of the key that our own frames must be sealed under; null: nothing leaves. */
  readonly sendUnder: number | null;
  /** Whose sound passes, by the floor. */
  readonly heard: readonly string[];
  /** Whether our own sound may leave, by the floor. */
  readonly maySpeak: boolean;
}

/** What the gate let through and what not, a track. */
export interface TrackCounts {
  readonly identity: string;
  readonly track: string;
  readonly kind: Kind;
  /** Frames that a current key of this identity opened: nothing is shown before the first. */
  readonly opened: number;
  readonly held: number;
  readonly dropped: Readonly<Partial<Record<Drop, number>>>;
}

/** Our own frames: the key's index that they leave under (null: none is set), left sealed (`sent`), kept back (`blocked`). */
export interface SendingCounts {
  readonly index: number | null;
  readonly sent: number;
  readonly blocked: number;
}

export type FromGate = { readonly counts: readonly TrackCounts[] } | { readonly sending: SendingCounts };
