/** The Worker: the core in WebAssembly, and one message a call. */
import type { Call, Reply } from "./core.ts";
import { isRefused, type Operations, operations } from "./operations.ts";
import init from "./wasm/core.js";
import address from "./wasm/core_bg.wasm?url";

// Not a top-level `await`: messages that come meanwhile would be lost in some builds.
const ready = init({ module_or_path: address });

self.onmessage = async ({ data }: MessageEvent<Call>) => {
  self.postMessage(await answer(data));
};

async function answer({ id, name, args }: Call): Promise<Reply> {
  try {
    await ready;
    const operation = operations[name] as (...of: readonly unknown[]) => ReturnType<Operations[keyof Operations]>;
    return { id, value: await operation(...args) };
  } catch (error) {
    return isRefused(error) ? { id, refused: error.message } : { id, failed: String(error) };
  }
}
