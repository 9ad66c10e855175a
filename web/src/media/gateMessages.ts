/** What the page and the gate in the frames worker say to one another, on a port of their own. */
import type { Drop, Epoch, Kind } from "./gate";

/** The first message to the worker: the port comes with it. */
export interface GatePort {
  readonly kind: "incamera.gate";
  readonly port: MessagePort;
}

export type ToGate = { readonly epoch: Epoch };

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

export type FromGate =
  | { readonly counts: readonly TrackCounts[] }
  /** Frames of our own that left sealed (`sent`), or were kept back because they were not (`blocked`). */
  | { readonly sending: { readonly sent: number; readonly blocked: number } };
