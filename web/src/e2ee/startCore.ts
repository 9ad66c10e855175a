/** The core in its Worker. */
import { startWorker } from "../worker.ts";
import { Core, type Reply } from "./core.ts";
import address from "./core.worker.ts?worker&url";
import { LOOK_MS } from "./patience.ts";

export function startCore(): Core {
  const worker = startWorker(address);
  let timer: ReturnType<typeof setInterval> | undefined;
  return new Core({
    post: (call) => worker.postMessage(call),
    listen: (listener) => {
      worker.onmessage = ({ data }: MessageEvent<Reply>) => listener(data);
      worker.onerror = (event) => {
        event.preventDefault(); // it is told here, and need not be told again
        listener({ id: 0, failed: event.message });
      };
      worker.onmessageerror = () => listener({ id: 0, failed: "an answer that cannot be read" });
    },
    watch: (look) => {
      timer = setInterval(look, LOOK_MS);
    },
    end: () => {
      clearInterval(timer);
      worker.terminate(); // in the middle of a loop too
    },
  });
}
