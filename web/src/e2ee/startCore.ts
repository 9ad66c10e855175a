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
      worker.onerror = ({ message }) => listener({ id: 0, failed: message });
    },
    end: () => worker.terminate(),
  });
}
