/** The core in its Worker. */
import { startWorker } from "../worker.ts";
import { Core, type Reply } from "./core.ts";
import address from "./core.worker.ts?worker&url";

export function startCore(): Core {
  const worker = startWorker(address);
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
    end: () => worker.terminate(),
  });
}
