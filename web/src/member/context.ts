import { createContext, useContext } from "react";
import type { Readable } from "../store.ts";
import type { PlaneSnapshot, PrivateMember } from "./plane.ts";

/** What every screen with devices and a room asks for, whatever brought its holder in. */
export type Desk = Omit<Pick<PrivateMember, DeskMember>, "store"> & {
  readonly store: Readable<Pick<PlaneSnapshot, "network" | "view" | "isLoudspeakerOn">>;
};

type DeskMember =
  | "store"
  | "room"
  | "devices"
  | "leave"
  | "checkNetwork"
  | "retryDevices"
  | "chooseCamera"
  | "chooseMicrophone"
  | "chooseLoudspeaker"
  | "playTone"
  | "setCameraOn"
  | "setMicrophoneOpen"
  | "setLoudspeakerOn"
  | "setView"
  | "level"
  | "showOwnPicture"
  | "showPicture"
  | "path"
  | "statistics";

/** The member of this page; features get it from here and nothing else. */
export const MemberContext = createContext<Desk | undefined>(undefined);

export function useMember(): Desk {
  const member = useContext(MemberContext);
  if (member === undefined) throw new Error("a screen outside of MemberContext");
  return member;
}
