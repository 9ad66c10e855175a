/** What tests may ask of the page, behind `?debug` only (web/README.md): counters of what arrived; no key, no ticket, no link. */

import type { Statistics } from "../media/statistics.ts";
import type { AccreditedMember } from "./accredited.ts";
import type { PlaneSnapshot, PrivateMember } from "./plane.ts";

/** The snapshot as plain JSON, without the record and the charter's parts. */
export interface PlaneOutline
  extends Pick<
    PlaneSnapshot,
    | "stand"
    | "sitting"
    | "device"
    | "roster"
    | "epoch"
    | "words"
    | "alarms"
    | "isSending"
    | "isLive"
    | "refusal"
    | "lobby"
  > {
  readonly phase: string | undefined;
  readonly round: number | undefined;
  readonly speakers: readonly string[];
  readonly knocks: readonly string[];
  readonly titles: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly line: string;
  readonly identity: string;
  readonly seat: string | undefined;
  readonly sendsUnder: number | undefined;
  /** Frames of ours that left sealed. */
  readonly sent: number;
  readonly entries: Readonly<Record<string, number>>;
}

interface Debug {
  readonly statistics: () => Promise<Statistics>;
  readonly plane: () => PlaneOutline;
  readonly enterLobby: PrivateMember["enterLobby"];
  readonly knock: PrivateMember["knock"];
  readonly open: PrivateMember["open"];
  readonly leave: PrivateMember["leave"];
  readonly act: PrivateMember["act"];
  readonly press: (open: boolean) => Promise<void>;
}

declare global {
  interface Window {
    __incamera?: Debug;
  }
}

export function exposeForTests(member: AccreditedMember): void {
  const { statistics } = member;
  const { enterLobby, knock, open, leave, act, setMicrophoneOpen } = member;
  window.__incamera = {
    statistics,
    plane: () => outlineOf(member),
    enterLobby,
    knock,
    open,
    leave,
    act,
    press: setMicrophoneOpen,
  };
}

function outlineOf(member: AccreditedMember): PlaneOutline {
  const now = member.store.snapshot();
  const { stand, sitting, device, roster, epoch, words, alarms, isSending, isLive, refusal, lobby } = now;
  const folded = sitting === undefined ? undefined : now.record?.sittings.get(sitting);
  const present = member.attendee?.sitting;
  return {
    ...{ stand, sitting, device, roster, epoch, words, alarms, isSending, isLive, refusal, lobby },
    phase: present?.phase,
    round: folded?.round,
    speakers: member.speakers,
    knocks: [...(folded?.lobby.knocks.keys() ?? [])],
    titles: Object.fromEntries([...now.titles].map(([item, text]) => [item, Object.fromEntries(text)])),
    line: member.room.snapshot().line.state,
    identity: member.identity,
    seat: now.accreditation?.seat,
    sendsUnder: present?.membership.sendsUnder,
    sent: member.sent,
    entries: member.attendee?.reader.after() ?? {},
  };
}
