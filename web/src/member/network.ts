/** Whether this page's server answers and knows the ticket: as much of the way as can be known before somebody enters. */

export type NetworkState =
  | { readonly state: "running" }
  | { readonly state: "ok"; readonly roundTrip_ms: number }
  | { readonly state: "refused"; readonly status: number }
  | { readonly state: "unreachable" };

const TIMEOUT_MS = 8000;

export async function checkNetwork(token: string): Promise<NetworkState> {
  const started = performance.now();
  try {
    // The ticket goes in a header, not in the address, which servers and proxies write down.
    const answer = await fetch("/rtc/validate", {
      headers: { Authorization: `Bearer ${token}` },
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (answer.ok) return { state: "ok", roundTrip_ms: Math.round(performance.now() - started) };
    const isGateway = answer.status >= 502 && answer.status <= 504;
    return isGateway ? { state: "unreachable" } : { state: "refused", status: answer.status };
  } catch {
    return { state: "unreachable" };
  }
}

/** The same without a ticket: whether this page's server answers. */
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
