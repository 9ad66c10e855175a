/** The door: knocks, admissions, exclusions. A valid chain alone never admits. */
import { type Refusal, refuse } from "../refusal.ts";
import { removalDue } from "./delivery.ts";
import { withoutDevice } from "./floor.ts";
import { ownCredential, type Placed, type State } from "./state.ts";

const KNOCKS_MAX = 200;

/** A knock that nobody answered yet. It lapses when the first statement of its chain ends. */
export interface Standing {
  readonly act: string;
  readonly at: number;
  /** The leaf key's thumbprint. */
  readonly leafKey: string;
  readonly lapsesAt: number;
}

/** Who stands at the door, and who may come in whenever it knocks. */
export interface Lobby {
  readonly knocks: ReadonlyMap<string, Standing>;
  /** Admissions that stand, by the act to cite: `lobby.admit`, or the open or regroup act of whoever made a group. */
  readonly admits: ReadonlyMap<string, string>;
  /** Who was ever admitted: these read the main journal until they are revoked. */
  readonly admittedOnce: ReadonlySet<string>;
  /** Key packages that were offered, by their hash: each adds once. */
  readonly keyPackages: ReadonlySet<string>;
}

export const noLobby: Lobby = {
  knocks: new Map(),
  admits: new Map(),
  admittedOnce: new Set(),
  keyPackages: new Set(),
};

/** Without the knocks of these devices. */
export function answered(lobby: Lobby, devices: Iterable<string>): Lobby {
  return { ...lobby, knocks: without(lobby.knocks, devices) };
}

export function admitted(lobby: Lobby, device: string, act: string): Lobby {
  return {
    ...lobby,
    admits: new Map(lobby.admits).set(device, act),
    admittedOnce: new Set(lobby.admittedOnce).add(device),
  };
}

/** Without a device's admission and knock. */
export function struckFrom(lobby: Lobby, device: string): Lobby {
  return { ...answered(lobby, [device]), admits: without(lobby.admits, [device]) };
}

export type Knocked = { readonly device: string; readonly standing: Standing; readonly keyPackage: string };
export type Admitted = { readonly device: string; readonly act: string };
export type KnockRefused = { readonly device: string };
export type Excluded = { readonly device: string; readonly act: string };
export type Left = { readonly device: string; readonly act: string };

/**
 * The whole chain, down to a leaf for the present group, and a key package that was never offered before. `keyPackage` is the
 * SHA-256 of its bytes: hashing is the caller's, since it is not synchronous in browsers.
 */
export function decideKnock(state: State, placed: Placed<"lobby.knock">, keyPackage: string): Knocked | Refusal {
  const { lobby } = state.sitting;
  const { thumbprint } = placed.author;
  const credential = ownCredential(placed);
  if ("refused" in credential) return credential;
  if (lobby.keyPackages.has(keyPackage)) return refuse("knock.key_package");
  if (lobby.knocks.size >= KNOCKS_MAX && !lobby.knocks.has(thumbprint)) return refuse("lobby.full");
  const standing = {
    act: placed.hash,
    at: placed.at,
    leafKey: credential.leaf ?? "",
    lapsesAt: credential.until,
  };
  return { device: thumbprint, standing, keyPackage };
}

/** It stands at the door; an earlier knock of it is replaced. */
export function applyKnocked(state: State, { device, standing, keyPackage }: Knocked): State {
  const { lobby } = state.sitting;
  // In its old place, if it knocked before: as Python's dictionaries keep it.
  const knocks = new Map(lobby.knocks).set(device, standing);
  return state.inSitting({ lobby: { ...lobby, knocks, keyPackages: new Set(lobby.keyPackages).add(keyPackage) } });
}

/** Who stands at the door and is not admitted yet. */
export function decideAdmit(state: State, { act, hash }: Placed<"lobby.admit">): Admitted | Refusal {
  const { device } = act.body;
  if (state.sitting.lobby.admits.has(device)) return refuse("admission.stands");
  return state.sitting.lobby.knocks.has(device) ? { device, act: hash } : refuse("knock.unknown");
}

/** Any member may add it now. */
export function applyAdmitted(state: State, { device, act }: Admitted): State {
  return state.inSitting({ lobby: admitted(state.sitting.lobby, device, act) });
}

/** A knock that stands, by its hash: a newer one of the same device is not meant. */
export function decideRefuse(state: State, { act }: Placed<"lobby.refuse">): KnockRefused | Refusal {
  for (const [device, standing] of state.sitting.lobby.knocks) if (standing.act === act.body.knock) return { device };
  return refuse("knock.unknown");
}

/** It does not stand there any more; it may knock again. */
export function applyKnockRefused(state: State, { device }: KnockRefused): State {
  return state.inSitting({ lobby: answered(state.sitting.lobby, [device]) });
}

/** Who is admitted, in the room or not; nobody itself. */
export function decideExclude(state: State, { act, hash, author }: Placed<"lobby.exclude">): Excluded | Refusal {
  const { device } = act.body;
  if (device === author.thumbprint) return refuse("admission.own");
  return state.sitting.lobby.admits.has(device) ? { device, act: hash } : refuse("admission.missing");
}

/** Its removal is due, its admission ends, it neither speaks nor waits. */
export function applyExcluded(state: State, { device, act }: Excluded): State {
  return state.struck(device, "excluded", act);
}

/** From the room, or from the door. */
export function decideLeave(state: State, { hash, author }: Placed<"lobby.leave">): Left | Refusal {
  const device = author.thumbprint;
  const { group, lobby } = state.sitting;
  const isHere = (group.members.has(device) && !group.dues.has(device)) || lobby.knocks.has(device);
  return isHere ? { device, act: hash } : refuse("member.missing");
}

/** Its removal is due, if it is a member; its admission stands, so that it may come back without a hand. */
export function applyLeft(state: State, { device, act }: Left): State {
  const { group, lobby, floor } = state.sitting;
  return state.inSitting({
    group: removalDue(group, device, "left", act),
    lobby: answered(lobby, [device]),
    floor: withoutDevice(floor, device),
  });
}

/** A knock lapses when its chain does: nobody could add it any more. */
export function dueLapse(state: State, act: string, at: number): KnockRefused | Refusal {
  for (const [device, standing] of state.sitting.lobby.knocks)
    if (standing.act === act && at >= standing.lapsesAt) return { device };
  return refuse("own.undue");
}

/**
 * Whether a knock waits for a person of chair or secretariat; a client that may admit signs the others by itself. `isKnownElsewhere`:
 * admitted to another sitting before, as the client knows from the journals that it reads.
 */
export function awaitsHand(state: State, device: string, isKnownElsewhere: boolean): boolean {
  const { lobby } = state.sitting;
  if (lobby.admits.has(device)) return false;
  const wasExcluded = lobby.admittedOnce.has(device);
  return wasExcluded || !(state.meeting.terms.policies.admission === "automatic" || isKnownElsewhere);
}

/** A map without some of its keys. */
function without<V>(map: ReadonlyMap<string, V>, keys: Iterable<string>): ReadonlyMap<string, V> {
  const left = new Map(map);
  for (const key of keys) left.delete(key);
  return left;
}
