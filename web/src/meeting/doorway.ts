/** What a device may know of a sitting's door before it is admitted (docs/reference/record.md, 5), and how far it came there. */
import type { Text } from "../accreditation/charter.ts";
import type { RefusedKnock } from "./acts.ts";

/** A sitting that lists this seat. */
export interface DoorFacts {
  readonly sitting: string;
  /** From the sitting's part, which a device has once it was admitted; a knocker knows times only. */
  readonly title?: Text;
  readonly state: "unopened" | "open" | "closed";
  /** Planned: milliseconds since 1970. */
  readonly opens: number;
  readonly opener: "chair" | "secretariat";
}

/** How far this device is with one sitting. */
export type Step =
  | { readonly at: "outside" }
  | { readonly at: "knocking"; readonly since: number }
  | { readonly at: "admitted"; readonly since: number }
  | { readonly at: "refused"; readonly code: RefusedKnock }
  | { readonly at: "excluded" };

export interface LobbyFacts {
  readonly doors: readonly DoorFacts[];
  /** The sitting at whose door this tab stands; undefined while no sitting lists the seat. */
  readonly sitting: string | undefined;
  readonly step: Step;
}
