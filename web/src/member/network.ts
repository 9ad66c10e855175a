/** Whether this page's server answers: as much of the way as can be known before somebody enters. */

export type NetworkState =
  | { readonly state: "running" }
  | { readonly state: "ok"; readonly roundTrip_ms: number }
  | { readonly state: "refused"; readonly status: number }
  | { readonly state: "unreachable" };

const TIMEOUT_MS = 8000;

/** One request that needs no right to anything. */
export async function checkServer(): Promise<NetworkState> {
  const started = performance.now();
  try {
    const answer = await fetch("/join.json", { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.ok) return { state: "ok", roundTrip_ms: Math.round(performance.now() - started) };
    return answer.status >= 500 ? { state: "unreachable" } : { state: "refused", status: answer.status };
  } catch {
    return { state: "unreachable" };
  }
}
