/** The lobby as it is drawn: what a device may know before it is admitted (record.md, 5), and no more. Pure. */
import type { Role } from "../../accreditation/charter.ts";
import type { RefusedKnock } from "../../meeting/acts.ts";
import type { DoorFacts, LobbyFacts } from "../../meeting/doorway.ts";
import { OPENERS } from "../../meeting/sittings.ts";
import type { Input, NetworkState } from "../../member/plane.ts";

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
  /** Who may open a sitting is asked to. `perhaps`: this device may not read its seat's role yet, and the record will say. */
  readonly opens: "here" | "perhaps" | "never";
  /** A refusal is no wall: a person may ask again. By itself, nobody knocks again. */
  readonly mayKnock: boolean;
  /** All sittings that list the seat, by their time. */
  readonly doors: readonly DoorFacts[];
}

/** Minutes are counted for so long before the opening: a number beyond it says nothing. */
const COUNTED_MS = 2 * 60 * 60_000;

const REFUSED: Readonly<Record<RefusedKnock, LobbySays>> = {
  not_now: "notNow",
  not_known: "notKnown",
  not_listed: "notListed",
  key_package: "keyPackage",
};

/** `role`: of the seat that waits, once it is known. */
export function lobbyView({ doors, sitting, step }: LobbyFacts, role: Role | undefined, now_ms: number): LobbyView {
  const sorted = inOrder(doors);
  const door = sorted.find((one) => one.sitting === sitting);
  const isWaitedFor = door?.state === "unopened" && door.opens > now_ms && door.opens - now_ms < COUNTED_MS;
  return {
    says: says(),
    door,
    since: step.at === "knocking" || step.at === "admitted" ? step.since : undefined,
    minutesLeft: isWaitedFor ? Math.ceil((door.opens - now_ms) / 60_000) : undefined,
    opens: opens(),
    mayKnock: door?.state === "open" && (step.at === "refused" || step.at === "excluded"),
    doors: sorted,
  };

  function opens(): LobbyView["opens"] {
    if (door?.state !== "unopened") return "never";
    if (role === undefined) return "perhaps";
    return OPENERS.has(role) ? "here" : "never";
  }

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

/** One thing that the check looked at, and whether it works now. */
export interface Equipment {
  readonly is: "camera" | "microphone" | "network";
  readonly works: boolean;
  /** Key of the words. */
  readonly says: string;
}

export function equipmentView(camera: Input, microphone: Input, network: NetworkState): readonly Equipment[] {
  const ofInput = (is: "camera" | "microphone", { state }: Input): Equipment => {
    return { is, works: state === "ready", says: state === "ready" ? "check/state/ok" : `check/${is}/${state}` };
  };
  const works = network.state === "ok";
  return [
    ofInput("camera", camera),
    ofInput("microphone", microphone),
    {
      is: "network",
      works,
      says: works
        ? "check/state/ok"
        : network.state === "running"
          ? "check/network/running"
          : "check/network/unreachable",
    },
  ];
}

/** From within a sitting: the others that are open to this seat, by their time. */
export function otherSittings({ doors, sitting }: LobbyFacts): readonly DoorFacts[] {
  return inOrder(doors).filter((door) => door.sitting !== sitting && door.state === "open");
}

function inOrder(doors: readonly DoorFacts[]): readonly DoorFacts[] {
  return [...doors].sort((a, b) => a.opens - b.opens || (a.sitting < b.sitting ? -1 : 1));
}
