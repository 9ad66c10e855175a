import { useSyncExternalStore } from "react";

/** The time of this device, to the second, in milliseconds since 1970. */
export function useClock(): number {
  return useSyncExternalStore(subscribe, () => Math.floor(Date.now() / 1000) * 1000);
}

function subscribe(listener: () => void): () => void {
  const timer = setInterval(listener, 1000);
  return () => clearInterval(timer);
}
