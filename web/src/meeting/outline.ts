/** A state as plain JSON: what vectors compare in each language, and what the page's *what I know* panel prints. */
import type { PublicKey } from "../accreditation/signature.ts";
import type { Place } from "../record/entry.ts";
import type { Tail } from "../record/journal.ts";
import type { Agenda } from "./agenda.ts";
import type { Group } from "./delivery.ts";
import type { Enrolment } from "./enrolment.ts";
import type { Floor } from "./floor.ts";
import type { Lobby } from "./lobby.ts";
import type { RecordState, SittingState } from "./state.ts";

/** The whole state, in a form that does not depend on how a language keeps it: what is a set is sorted. */
export async function outline(record: RecordState, name: (key: PublicKey) => Promise<string>): Promise<object> {
  const { meeting, sittings } = record;
  return {
    main: place(meeting.tail),
    registrar: meeting.registrar && (await name(meeting.registrar)),
    ...enrolment(meeting.enrolment),
    sittings: members(sittings, sitting),
  };
}

function place({ seq, hash }: Tail): Place | null {
  return seq === 0 ? null : [seq, hash];
}

function members<V, R>(map: ReadonlyMap<string, V>, form: (value: V) => R): Record<string, R> {
  return Object.fromEntries([...map].map(([key, value]) => [key, form(value)]));
}

function enrolment({ devices, revoked, links }: Enrolment) {
  return {
    devices: [...devices.values()].map(({ thumbprint, delegation, seat }) => ({
      device: thumbprint,
      delegation,
      seat,
      revoked: revoked.get(thumbprint) ?? null,
    })),
    links: members(links, (link) => ({
      uses_left: link.usesLeft,
      devices: link.devices,
      contests: link.contests,
      locked: link.isLocked,
    })),
  };
}

function sitting(state: SittingState) {
  return {
    head: place(state.tail),
    stage: state.stage,
    round: state.round,
    group: state.stage === "unopened" ? null : group(state.group),
    lobby: lobby(state.lobby),
    floor: floor(state.floor),
    agenda: agenda(state.agenda),
  };
}

function group(state: Group) {
  return {
    id: state.id,
    act: state.act,
    epoch: state.epoch,
    members: members(state.members, ({ leaf, sinceRound, leafKey }) => ({
      leaf,
      since_round: sinceRound,
      leaf_key: leafKey,
    })),
    dues: members(state.dues, (dues) => dues),
    commits: members(state.commits, ({ author, epoch, welcome, added, refusals }) => ({
      author,
      epoch,
      welcome,
      added: [...added].sort(),
      refusals: Object.fromEntries(refusals),
    })),
  };
}

function lobby({ knocks, admits, admittedOnce }: Lobby) {
  return {
    knocks: members(knocks, ({ act, at, leafKey, lapsesAt }) => ({ act, at, leaf_key: leafKey, lapses_at: lapsesAt })),
    admits: Object.fromEntries(admits),
    admitted_once: [...admittedOnce].sort(),
  };
}

function floor({ holder, waiting }: Floor) {
  return { holder, waiting };
}

function agenda({ opening, open, spans, titles }: Agenda) {
  return {
    opening,
    open,
    spans: members(spans, (of) => of),
    titles: members(titles, ({ key, sealed }) => ({ key, sealed })),
  };
}
