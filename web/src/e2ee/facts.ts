/** What a member tells its core: whom it trusts, what the record says at an entry's place, what a commit should do. */
import { b64u } from "../accreditation/bytes.ts";
import type { PublicKey } from "../accreditation/signature.ts";
import type { RemovalReason } from "../meeting/acts.ts";
import type { Place } from "../record/entry.ts";

/** What is trusted before anybody says anything: from the link, and from charters that verify against it. */
export interface Trust {
  /** From the link, never from the server. */
  readonly authority: string;
  /** From the charter; the core refuses it unless it has that thumbprint. */
  readonly key: PublicKey;
  readonly meeting: string;
  /** Hashes of the charter and of all that it replaces. */
  readonly charters: readonly string[];
  /** The charter's seats, each with its delegation; null for who does not have that part yet (a knocker). */
  readonly seats: ReadonlyMap<string, string> | null;
}

/** Both heads that a member has read up to: they stand in every MLS message that it sends. */
export interface Heads {
  readonly main: Place | null;
  readonly sitting: Place | null;
}

/** A knock that stands: what its act carried. */
export interface Knock {
  readonly device: string;
  /** Four statements, joined by `~`. */
  readonly chain: string;
  /** b64u, as in the act. */
  readonly keyPackage: string;
}

/** A removal that is due, and by which act. */
export interface Due {
  readonly device: string;
  readonly because: RemovalReason;
  readonly cites: string;
}

/** What the record says at an entry's place, folded up to it: never up to what somebody had seen. */
export interface Facts {
  /** The entry's time. */
  readonly at: number;
  /** Devices that may be in the group, each with the admit acts that stand; who opened the sitting is in it too, with none. */
  readonly admitted: ReadonlyMap<string, readonly string[]>;
  /** Knocks for this group that stand, by their act's hash. */
  readonly knocks: ReadonlyMap<string, Knock>;
  readonly due: readonly Due[];
  /** Devices revoked in the main journal. */
  readonly revoked: readonly string[];
}

/** A device to be added, by the knock and the admit act that allow it. */
export interface PlannedAdd {
  readonly device: string;
  readonly knock: string;
  readonly admit: string;
}

/** A device to be removed. `cites` is null for a silent one; for a replaced one it is the new knock. */
export interface PlannedRemove {
  readonly device: string;
  readonly because: RemovalReason;
  readonly cites: string | null;
}

/** What a commit should do; an empty plan is an update. */
export interface Plan {
  readonly adds: readonly PlannedAdd[];
  readonly removes: readonly PlannedRemove[];
  readonly item: string | null;
}

/** A leaf of the roster that the claims fold to, and when its entry added it: its chain is judged by that time. */
export interface RosterLeaf {
  readonly leaf: number;
  readonly device: string;
  readonly at: number;
}

export function trustJson({ authority, key, meeting, charters, seats }: Trust): string {
  return JSON.stringify({
    authority,
    key: b64u(key.octets),
    meeting,
    charters,
    seats: seats && Object.fromEntries(seats),
  });
}

export function headsJson({ main, sitting }: Heads): string {
  return JSON.stringify({ main, sitting });
}

export function knockJson({ device, chain, keyPackage }: Knock): string {
  return JSON.stringify({ device, chain, key_package: keyPackage });
}

export function factsJson({ at, admitted, knocks, due, revoked }: Facts): string {
  const stand = [...knocks].map(([act, { device, chain, keyPackage }]) => [
    act,
    { device, chain, key_package: keyPackage },
  ]);
  return JSON.stringify({
    at,
    admitted: Object.fromEntries(admitted),
    knocks: Object.fromEntries(stand),
    due,
    revoked,
  });
}
