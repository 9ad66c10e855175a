/**
 * A sitting that never was, for tests of views and for pictures of screens: thirty delegations, states made with the fold's own
 * functions, without a signature anywhere. Nothing of the product imports it.
 */
import type { Contents, Role, Seat } from "../src/accreditation/charter.ts";
import * as agenda from "../src/meeting/agenda.ts";
import { removalDue } from "../src/meeting/delivery.ts";
import { type Device, noEnrolment } from "../src/meeting/enrolment.ts";
import { admitted } from "../src/meeting/lobby.ts";
import type { Sight } from "../src/meeting/sight.ts";
import { initial, type RecordState, type SittingState } from "../src/meeting/state.ts";
import type { MeetingTerms } from "../src/meeting/terms.ts";
import { Trail } from "../src/meeting/trail.ts";

export const MEETING = "bWVldGluZy1vZi10ZXN0cw";
export const SITTING = "c2l0dGluZy1vZi10ZXN0cw";
/** 17 February 2021, 14:30:00 in Brussels. */
export const NOW = Date.UTC(2021, 1, 17, 13, 30);
const MINUTE = 60_000;

const STATES: readonly (readonly [string, string, string])[] = [
  ["al", "Albania", "Albanie"],
  ["be", "Belgium", "Belgique"],
  ["bg", "Bulgaria", "Bulgarie"],
  ["ca", "Canada", "Canada"],
  ["hr", "Croatia", "Croatie"],
  ["cz", "Czech Republic", "République tchèque"],
  ["dk", "Denmark", "Danemark"],
  ["ee", "Estonia", "Estonie"],
  ["fr", "France", "France"],
  ["de", "Germany", "Allemagne"],
  ["gr", "Greece", "Grèce"],
  ["hu", "Hungary", "Hongrie"],
  ["is", "Iceland", "Islande"],
  ["it", "Italy", "Italie"],
  ["lv", "Latvia", "Lettonie"],
  ["lt", "Lithuania", "Lituanie"],
  ["lu", "Luxembourg", "Luxembourg"],
  ["me", "Montenegro", "Monténégro"],
  ["nl", "Netherlands", "Pays-Bas"],
  ["mk", "North Macedonia", "Macédoine du Nord"],
  ["no", "Norway", "Norvège"],
  ["pl", "Poland", "Pologne"],
  ["pt", "Portugal", "Portugal"],
  ["ro", "Romania", "Roumanie"],
  ["sk", "Slovakia", "Slovaquie"],
  ["si", "Slovenia", "Slovénie"],
  ["es", "Spain", "Espagne"],
  ["tr", "Turkey", "Turquie"],
  ["gb", "United Kingdom", "Royaume-Uni"],
  ["us", "United States", "États-Unis"],
];

/** The items of the sitting: the last is restricted. */
const ITEMS: readonly (readonly [string, string | null, string, number])[] = [
  ["nato-2030", "NATO 2030", "OTAN 2030", -30],
  [
    "deterrence",
    "Deterrence: Baltic Air Policing and the battle groups",
    "Dissuasion : police du ciel balte et groupements tactiques",
    -5,
  ],
  ["pandemic", "Support in the pandemic", "Soutien pendant la pandémie", 10],
  ["restricted", null, "", 30],
];

const SEATS: readonly Seat[] = [
  seat("nato", "chair", 0),
  seat("nato", "secretariat"),
  ...STATES.flatMap(([code]) => [seat(code, "head"), seat(code, "adviser")]),
];

function seat(delegation: string, role: Role, rank: number | null = null): Seat {
  return { seat: role === "chair" || role === "secretariat" ? role : `${delegation}-${role}`, delegation, role, rank };
}

/** A device by its seat, as long as a thumbprint: the same seat's second one has a number. */
export function deviceOf(name: string): string {
  return `${name.replaceAll("-", "_")}_`.padEnd(43, "0");
}

const contents: Contents = {
  open: {
    kind: "open",
    title: new Map([
      ["en", "Meeting of Ministers of Defence"],
      ["fr", "Réunion des ministres de la Défense"],
    ]),
    firstDay: "2021-02-17",
    lastDay: "2021-02-18",
    languages: ["en", "fr"],
    telephone: "4100",
  },
  seats: {
    kind: "seats",
    delegations: [
      {
        delegation: "nato",
        name: new Map([
          ["en", "NATO"],
          ["fr", "OTAN"],
        ]),
      },
      ...STATES.map(([delegation, en, fr]) => ({
        delegation,
        name: new Map([
          ["en", en],
          ["fr", fr],
        ]),
      })),
    ],
    seats: SEATS,
  },
  sittings: new Map([
    [
      SITTING,
      {
        kind: "sitting",
        sitting: SITTING,
        title: new Map([
          ["en", "Sitting 3, restricted to Allies"],
          ["fr", "Troisième séance, réservée aux Alliés"],
        ]),
        opens: NOW - 30 * MINUTE,
        closes: NOW + 60 * MINUTE,
        items: ITEMS.map(([item, en, fr, minutes]) => ({
          item,
          title:
            en === null
              ? null
              : new Map([
                  ["en", en],
                  ["fr", fr.replace(" :", "\u00a0:")],
                ]),
          opens: NOW + minutes * MINUTE,
        })),
        admission: SEATS.map((one) => one.seat),
      },
    ],
  ]),
  delegations: new Map([
    [
      "pl",
      {
        kind: "delegation",
        delegation: "pl",
        persons: new Map([["pl-head", "T. Wiśniewski"]]),
      },
    ],
  ]),
};

const key = { octets: new Uint8Array(32) };

/** Who is in it and what happens there: seats stand for their devices. */
export interface Told {
  readonly me: string;
  readonly language?: "en" | "fr";
  readonly stage?: SittingState["stage"];
  readonly admission?: "by_hand" | "automatic";
  /** In the room; the chair and the secretariat are always. */
  readonly present?: readonly string[];
  /** A second device of a seat in the room. */
  readonly second?: readonly string[];
  /** Whose removal is due. */
  readonly leaving?: readonly string[];
  readonly knocking?: readonly string[];
  /** At the door, and admitted already. */
  readonly coming?: readonly string[];
  /** At the door, and excluded before. */
  readonly excluded?: readonly string[];
  readonly floor?: string;
  readonly waiting?: readonly string[];
  readonly open?: string;
  readonly opening?: string;
  readonly done?: readonly string[];
  /** Seats whose links were used twice, and when. */
  readonly contested?: Readonly<Record<string, readonly number[]>>;
}

export const DELEGATIONS: readonly string[] = STATES.map(([code]) => code);

/** The sitting as one of its devices sees it. */
export function told(story: Told): Sight {
  const { me, language = "en" } = story;
  return { record: recordOf(story), contents, sitting: SITTING, device: deviceOf(me), language };
}

function recordOf(story: Told): RecordState {
  const begun = initial(termsOf(story), tail(), new Map([[SITTING, tail()]]));
  const links = new Map(
    Object.entries(story.contested ?? {}).map(([name, times]) => {
      const contests = times.map((at) => [at, hash(at)] as const);
      return [name, { usesLeft: 0, devices: 1, contests, isLocked: false }] as const;
    }),
  );
  const enrolment = { ...noEnrolment, devices: enrolled(story), links };
  const trail = grown(Trail.empty(), 70);
  return {
    meeting: { ...begun.meeting, enrolment, trail, tail: tail(70) },
    sittings: new Map([[SITTING, sittingOf(story, begun)]]),
  };
}

function termsOf({ admission = "by_hand" }: Told): MeetingTerms {
  const part = contents.sittings.get(SITTING);
  if (!part) throw new Error("the sample has a sitting");
  return {
    meeting: MEETING,
    authority: key,
    registrar: null,
    charters: [hash(0)],
    policies: { admission, refuseQuorum: 3, suite: "", page: "ask", decisions: [] },
    seats: new Map(SEATS.map((one) => [one.seat, one])),
    sittings: new Map([
      [
        SITTING,
        {
          sitting: SITTING,
          listed: new Set(part.admission),
          items: new Map(part.items.map((one) => [one.item, one])),
          opens: part.opens,
          closes: part.closes,
        },
      ],
    ]),
  };
}

function enrolled({ second = [] }: Told): ReadonlyMap<string, Device> {
  const devices = [
    ...SEATS.map((one) => [one.seat, one] as const),
    ...second.map((name) => [`${name}2`, find(name)] as const),
  ];
  return new Map(
    devices.map(([name, { delegation, seat: id }]) => {
      const thumbprint = deviceOf(name);
      return [thumbprint, { thumbprint, key, delegation, seat: id }];
    }),
  );
}

function find(name: string): Seat {
  const found = SEATS.find((one) => one.seat === name);
  if (!found) throw new Error(`the sample has no seat ${name}`);
  return found;
}

function sittingOf(story: Told, begun: RecordState): SittingState {
  const start = begun.sittings.get(SITTING);
  if (!start) throw new Error("the sample has a sitting");
  const { stage = "open", present = [], second = [], leaving = [], floor, waiting = [] } = story;
  const inside = ["chair", "secretariat", ...present, ...second.map((name) => `${name}2`)];
  const members = new Map(
    inside.map((name, leaf) => [deviceOf(name), { leaf, sinceRound: 1, leafKey: hash(leaf) }] as const),
  );
  let lobby = start.lobby;
  for (const name of [...inside, ...(story.coming ?? [])]) lobby = admitted(lobby, deviceOf(name), hash(5));
  let group = { ...start.group, id: MEETING, act: hash(1), epoch: 41, members };
  for (const name of leaving) group = { ...removalDue(group, deviceOf(name), "excluded", hash(2)), members };
  const knocking = [...(story.knocking ?? []), ...(story.coming ?? []), ...(story.excluded ?? [])];
  const knocks = new Map(
    knocking.map((name, index) => {
      const standing = {
        act: hash(100 + index),
        at: NOW - (index + 1) * MINUTE,
        leafKey: hash(index),
        lapsesAt: NOW * 2,
      };
      return [deviceOf(name), standing] as const;
    }),
  );
  const excluded = (story.excluded ?? []).map(deviceOf);
  let items = agenda.noAgenda;
  for (const item of story.done ?? []) items = agenda.closed(agenda.named(items, item, 3), 9);
  if (story.open !== undefined) items = agenda.named(items, story.open, 12);
  if (story.opening !== undefined) items = { ...items, opening: story.opening };
  const trail = grown(Trail.empty(), 342);
  return {
    ...start,
    stage,
    trail,
    tail: tail(342),
    round: stage === "unopened" ? 0 : 17,
    group: stage === "unopened" ? start.group : group,
    lobby: { ...lobby, knocks, admittedOnce: new Set([...lobby.admittedOnce, ...excluded]) },
    floor: {
      holder:
        floor === undefined
          ? null
          : { delegation: find(floor).delegation, device: deviceOf(floor), given: hash(7), since: NOW - 134_000 },
      waiting: waiting.map((name, index) => {
        return { delegation: find(name).delegation, device: deviceOf(name), request: hash(index), at: NOW - MINUTE };
      }),
    },
    agenda: items,
  };
}

function grown(trail: Trail, entries: number): Trail {
  let next = trail;
  for (let seq = 1; seq <= entries; seq += 1)
    next = next.grown({ hash: hash(seq), body: `b${seq}`, author: "a", nonce: String(seq) });
  return next;
}

function tail(seq = 0) {
  return { meeting: MEETING, journal: SITTING, seq, hash: hash(seq), at: NOW - MINUTE, main: null };
}

function hash(number: number): string {
  return `h${number}`.padEnd(43, "A");
}
