/** What must not be and was seen: it stands on screen, and blocks (e2ee.md). */

/**
 * Something that must not be. `fork`: a member was shown another record. `breach`: a commit that does not do what it says. `stalled`,
 * `stopped`: what we send does not come back, for 30 s, for 100 s. `record`: an entry that may not stand. `head`: a head that the
 * registrar did not sign, or two of one place. `words`: somebody read other words aloud. `fault`: this program broke, and could not
 * begin anew.
 */
export const causes = ["fork", "breach", "stalled", "stopped", "record", "head", "words", "fault"] as const;
export type Cause = (typeof causes)[number];

export interface Alarm {
  readonly cause: Cause;
  /** When it was seen, by this device's clock. */
  readonly at_ms: number;
  /** The device that it is about: who was shown another record, or who signed what is wrong. */
  readonly by?: string;
  /** Where in which journal, and both hashes, as far as they are known. */
  readonly place?: { readonly journal: "main" | "sitting"; readonly seq: number };
  readonly ours?: string;
  readonly theirs?: string;
  /** The stable code of a breach. */
  readonly code?: string;
}
