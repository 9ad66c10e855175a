/** One tab a seat: two would use one ratchet twice. Held for as long as the page lives. */

/** How long the page before a reload may take to go. */
const PATIENCE_MS = 5_000;

/** Whether this tab has the seat now; false if another one of this browser has it. */
export function takeSeat(
  meeting: string,
  invitation: string,
  locks: LockManager | undefined = navigator.locks,
): Promise<boolean> {
  if (locks === undefined) return Promise.resolve(true);
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    locks
      .request(`incamera.seat.${meeting}.${invitation}`, { signal }, () => {
        resolve(true);
        return new Promise(() => undefined);
      })
      .catch(() => resolve(false));
  });
}
