/** The floor as it is drawn: who has it, who waits, and the one thing that this device can do with it. Pure. */
import { isPresent } from "../../meeting/delivery.ts";
import {
  type DelegationName,
  delegationName,
  type Plate,
  plateOf,
  refusalOf,
  type Sight,
  sittingOf,
} from "../../meeting/sight.ts";
import type { Code } from "../../refusal.ts";

export interface HolderView extends Plate {
  /** Since when, by the entry's time. */
  readonly since: number;
  /** This very device has the floor. */
  readonly isSelf: boolean;
}

/** A place on the intervention list. */
export interface WaitingView extends DelegationName {
  /** From 1. */
  readonly place: number;
  readonly device: string;
  /** The reader's own delegation. */
  readonly isOurs: boolean;
  /** Not in the room just now; it keeps its place. */
  readonly isAway: boolean;
}

/** What can be done, and why it can't be done now. */
export interface Offer {
  readonly refusal: Code | undefined;
}

export type FloorOffer =
  | (Offer & { readonly does: "ask" })
  | (Offer & { readonly does: "withdraw"; readonly place: number })
  | (Offer & { readonly does: "giveBack" });

export interface GiveOffer extends Offer {
  readonly to: WaitingView;
}

export interface FloorView {
  readonly holder: HolderView | undefined;
  readonly waiting: readonly WaitingView[];
  /** Heads, advisers, and whoever has the floor; the others have no such button. */
  readonly offer: FloorOffer | undefined;
  /** The chair's: one of each waiting delegation, in the order of the list. */
  readonly give: readonly GiveOffer[];
  /** The chair's, while somebody else has the floor. */
  readonly takeBack: Offer | undefined;
}

export function floorView(sight: Sight, now_ms: number): FloorView {
  const { floor, group } = sittingOf(sight);
  const own = plateOf(sight, sight.device);
  const holder = floor.holder ? holderView(sight, floor.holder.device, floor.holder.since) : undefined;
  const waiting = floor.waiting.map(({ delegation, device }, index): WaitingView => {
    return {
      ...delegationName(sight, delegation),
      place: index + 1,
      device,
      isOurs: delegation === own?.delegation,
      isAway: !isPresent(group, device),
    };
  });
  const isChair = own?.role === "chair";
  return {
    holder,
    waiting,
    offer: offerOf(),
    give: isChair ? waiting.map(giveOffer) : [],
    takeBack:
      isChair && holder && !holder.isSelf ? { refusal: refusalOf(sight, "floor.take_back", {}, now_ms) } : undefined,
  };

  function offerOf(): FloorOffer | undefined {
    if (holder?.isSelf) return { does: "giveBack", refusal: refusalOf(sight, "floor.take_back", {}, now_ms) };
    if (own?.role !== "head" && own?.role !== "adviser") return undefined;
    const place = waiting.find(({ isOurs }) => isOurs)?.place;
    if (place === undefined) return { does: "ask", refusal: refusalOf(sight, "floor.request", {}, now_ms) };
    return { does: "withdraw", place, refusal: refusalOf(sight, "floor.withdraw", {}, now_ms) };
  }

  function giveOffer(to: WaitingView): GiveOffer {
    const { delegation, device } = to;
    return { to, refusal: refusalOf(sight, "floor.give", { delegation, device }, now_ms) };
  }
}

function holderView(sight: Sight, device: string, since: number): HolderView | undefined {
  const plate = plateOf(sight, device);
  return plate && { ...plate, since, isSelf: device === sight.device };
}

/** How long somebody has been speaking, as a clock shows it. The record's clock and this one may differ a little: never below 0. */
export function spoken(since_ms: number, now_ms: number): string {
  const seconds = Math.max(0, Math.floor((now_ms - since_ms) / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${two(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** What a tile of the chamber shows of the floor: by device, since a delegation may have two in the room. */
export type Mark = { readonly is: "floor" } | { readonly is: "waiting"; readonly place: number };

export function marks({ holder, waiting }: FloorView): ReadonlyMap<string, Mark> {
  const all = new Map<string, Mark>(waiting.map(({ device, place }) => [device, { is: "waiting", place }]));
  if (holder) all.set(holder.device, { is: "floor" });
  return all;
}

/** What changed on the floor, for who hears rather than sees. */
export interface FloorNews {
  readonly says: "given" | "free" | "yours" | "next" | "place";
  readonly holder?: HolderView;
  readonly next?: WaitingView;
  readonly place?: number;
}

/** At most one announcement a change: what concerns the reader goes first. */
export function newsOf(before: FloorView, after: FloorView): FloorNews | undefined {
  const place = (view: FloorView) => view.waiting.find(({ isOurs }) => isOurs)?.place;
  const next = after.waiting[0];
  const changed = after.holder?.device !== before.holder?.device || after.holder?.since !== before.holder?.since;
  if (changed && after.holder?.isSelf) return { says: "yours", holder: after.holder };
  if (place(after) === 1 && place(before) !== 1 && after.holder) return { says: "next" };
  if (changed && after.holder) return { says: "given", holder: after.holder, ...(next && { next }) };
  if (changed) return { says: "free", ...(next && { next }) };
  const ours = place(after);
  return ours !== undefined && ours !== place(before) ? { says: "place", place: ours } : undefined;
}
