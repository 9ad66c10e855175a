/** The lobby as it is drawn: what a device may know before it is admitted (record.md, 5), and no more. Pure. */
import type { RefusedKnock } from "../../meeting/acts.ts";

/** A sitting that lists this seat: its title and agenda are shown inside only. */
export interface DoorFacts {
  readonly sitting: string;
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

/** What the page says: `lobby/<says>/title` and `lobby/<says>/text` are its words. */
export type LobbySays =
  | "none"
  | "unopened"
  | "arriving"
  | "knocking"
  | "admitted"
  | "notNow"
  | "notKnown"
  | "notListed"
  | "keyPackage"
  | "excluded"
  | "closed";

export interface LobbyView {
  readonly says: LobbySays;
  /** The door where this tab stands. */
  readonly door: DoorFacts | undefined;
  readonly since: number | undefined;
  /** Whole minutes until the planned opening; undefined once it is past, or the sitting is open. */
  readonly minutesLeft: number | undefined;
  /** All sittings that list the seat, by their time. */
  readonly doors: readonly DoorFacts[];
}

const REFUSED: Readonly<Record<RefusedKnock, LobbySays>> = {
  not_now: "notNow",
  not_known: "notKnown",
  not_listed: "notListed",
  key_package: "keyPackage",
};

export function lobbyView({ doors, sitting, step }: LobbyFacts, now_ms: number): LobbyView {
  const sorted = [...doors].sort((a, b) => a.opens - b.opens || (a.sitting < b.sitting ? -1 : 1));
  const door = sorted.find((one) => one.sitting === sitting);
  const isWaitedFor = door?.state === "unopened" && door.opens > now_ms;
  return {
    says: says(),
    door,
    since: step.at === "knocking" || step.at === "admitted" ? step.since : undefined,
    minutesLeft: isWaitedFor ? Math.ceil((door.opens - now_ms) / 60_000) : undefined,
    doors: sorted,
  };

  function says(): LobbySays {
    if (!door) return "none";
    if (door.state === "closed") return "closed";
    switch (step.at) {
      case "excluded":
        return "excluded";
      case "refused":
        return REFUSED[step.code];
      case "admitted":
        return "admitted";
      case "knocking":
        return door.state === "unopened" ? "unopened" : "knocking";
      case "outside":
        return door.state === "unopened" ? "unopened" : "arriving";
    }
  }
}
