/** The member's core without a Worker: the same calls, carried out in the test's own process. */
import { readFileSync } from "node:fs";
import { Core, type Reply } from "../src/e2ee/core.ts";
import { isRefused, operations } from "../src/e2ee/operations.ts";
import { initSync } from "../src/e2ee/wasm/core.js";

export function localCore(): Core {
  initSync({ module: readFileSync(new URL("../src/e2ee/wasm/core_bg.wasm", import.meta.url)) });
  let tell: (reply: Reply) => void = () => undefined;
  return new Core({
    post: async ({ id, name, args }) => {
      try {
        const operation = operations[name] as (...of: readonly unknown[]) => unknown;
        tell({ id, value: await operation(...args) });
      } catch (error) {
        tell(isRefused(error) ? { id, refused: error.message } : { id, failed: String(error) });
      }
    },
    listen: (listener) => {
      tell = listener;
    },
    watch: () => undefined,
    end: () => undefined,
  });
}
