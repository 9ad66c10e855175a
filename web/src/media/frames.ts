/** The frames worker, started, and the port on which its gate speaks to the page. */
import { startWorker } from "../worker.ts";
import address from "./frames.worker.ts?worker&url";
import type { FromGate, GatePort, ToGate } from "./gateMessages.ts";

/** What a `Seal` needs of the worker: LiveKit speaks to `worker` itself. */
export interface Frames {
  readonly worker: Worker;
  readonly tell: (message: Omit<ToGate, "kind">) => void;
  readonly listen: (listener: (message: FromGate) => void) => void;
  readonly end: () => void;
}

/** `identity`: one's own participant in the room. */
export function startFrames(identity: string): Frames {
  const worker = startWorker(address);
  const { port1: ours, port2: theirs } = new MessageChannel();
  worker.postMessage({ kind: "incamera.gate", port: theirs, identity } satisfies GatePort, [theirs]);
  return {
    worker,
    tell: (message) => worker.postMessage({ kind: "incamera.epoch", ...message } satisfies ToGate),
    listen: (listener) => {
      ours.onmessage = ({ data }: MessageEvent<FromGate>) => listener(data);
    },
    end: () => {
      ours.close();
      worker.terminate();
    },
  };
}
