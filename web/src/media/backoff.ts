/** How long to wait before the next attempt to come back. */

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/**
 * Doubles from half a second to fifteen; `random` (from 0 to 1) takes off up to half of it, so that thirty delegations that
 * lost the server together do not come back in one instant.
 */
export function backoff_ms(attempt: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(full * (1 - random / 2));
}
