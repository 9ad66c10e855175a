/** What the charter says, as far as a fold asks: who has which role, which sitting lists whom, which items there are. */
import type { PublicKey } from "../accreditation/signature.ts";

export const roles = [
  "chair",
  "secretariat",
  "head",
  "adviser",
  "interpreter",
  "press",
  "recorder",
  "witness",
] as const;

export type Role = (typeof roles)[number];

export interface Seat {
  readonly seat: string;
  readonly delegation: string;
  readonly role: Role;
}

export interface Item {
  readonly item: string;
  /** A text by language; null for a restricted item, whose title is posted sealed. */
  readonly title: Readonly<Record<string, string>> | null;
}

export interface SittingTerms {
  readonly sitting: string;
  /** The seats whose devices may knock; the chairs and the secretariat among them may open it. */
  readonly listed: ReadonlySet<string>;
  readonly items: ReadonlyMap<string, Item>;
  readonly opens: number;
  readonly closes: number;
}

export interface MeetingTerms {
  readonly meeting: string;
  readonly authority: PublicKey;
  readonly registrar: PublicKey | null;
  /** Hashes of the first charter and of each that replaced one: the last is in force. */
  readonly charters: readonly string[];
  readonly policies: {
    readonly admission: "by_hand" | "automatic";
    readonly refuseQuorum: number;
    readonly suite: string;
  };
  readonly seats: ReadonlyMap<string, Seat>;
  readonly sittings: ReadonlyMap<string, SittingTerms>;
}
