/** What tests may ask of the page, behind `?debug` only (web/README.md): counters of what arrived; no key, no ticket. */

import type { Statistics } from "../media/statistics.ts";
import type { Member } from "./member.ts";

declare global {
  interface Window {
    __incamera?: { readonly statistics: () => Promise<Statistics> };
  }
}

export function exposeForTests(member: Member): void {
  window.__incamera = { statistics: member.statistics };
}
