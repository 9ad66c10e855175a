/**
 * The member of a meeting in private: the attendee, its sitting, the media of it, and what screens see of all that.
 *
 * It decides nothing of the record and nothing of the group: it says where this tab is, and passes on what a person asks for.
 */
import type { Text } from "../accreditation/charter.ts";
import type { Seat } from "../accreditation/seat.ts";
import { thumbprint } from "../accreditation/signature.ts";
import type { Core } from "../e2ee/core.ts";
import type { Language } from "../e2ee/group.ts";
import { deviceOf } from "../media/seal.ts";
import type { Bodies, Kind } from "../meeting/acts.ts";
import type { Alarm } from "../meeting/alarm.ts";
import { nobody } from "../meeting/seating.ts";
import { plateOf, type Sight } from "../meeting/sight.ts";
import { OPENERS } from "../meeting/sittings.ts";
import { speakers } from "../meeting/speech.ts";
import { roleOfThumbprint } from "../meeting/state.ts";
import { type Code, type Refusal, refuse } from "../refusal.ts";
import { type Readable, Store } from "../store.ts";
import { Attendee } from "./attendee.ts";
import { Chamber, outside } from "./chamber.ts";
import { Client, newInstance } from "./client.ts";
import type { Manner } from "./conduct.ts";
import { invitationKey } from "./device.ts";
import type { LinkKey } from "./enrolment.ts";
import type { Entrance } from "./entrance.ts";
import { lobbyOf } from "./lobby.ts";
import type { TabMemory } from "./memory.ts";
import { checkServer } from "./network.ts";
import { isBlocking, type PlaneSnapshot, type PrivateMember, type Stand } from "./plane.ts";
import { proofOf } from "./proof.ts";
import { takeSeat } from "./seatLock.ts";
import type { Sitting } from "./sitting.ts";
import type { Station } from "./station.ts";
import * as titles from "./titles.ts";
import { webcrypto } from "./webcrypto.ts";

const TICK_MS = 5_000;
/** A tab in the background is woken once a minute at least. */
const SLEPT_MS = 70_000;

export interface AccreditedOptions {
  readonly entrance: Entrance;
  readonly memory: TabMemory;
  readonly station: Station;
  readonly isFirstTab: Promise<boolean>;
  readonly startCore: () => Core;
  /** The reader's language. */
  readonly language: () => string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds, monotonic. */
  readonly monotonic: () => number;
}

export class AccreditedMember implements PrivateMember {
  readonly #options: AccreditedOptions;
  readonly #store: Store<PlaneSnapshot>;
  readonly #room = new Store(outside);
  readonly #instance = newInstance();
  #attendee: Attendee | undefined;
  #chamber: { readonly of: Sitting; readonly media: Chamber } | undefined;
  /** Sittings that the chair or the secretariat pressed to open. */
  readonly #opens = new Set<string>();
  #page: "program" | "server" = "server";
  #isRefreshing = false;
  #drawn = "";

  constructor(options: AccreditedOptions) {
    this.#options = options;
    const { memory } = options;
    this.#store = new Store<PlaneSnapshot>({
      stand: { at: "arriving" },
      accreditation: undefined,
      lobby: { doors: [], sitting: undefined, step: { at: "outside" } },
      record: undefined,
      contents: undefined,
      sitting: undefined,
      device: "",
      roster: [],
      epoch: undefined,
      words: undefined,
      titles: new Map(),
      alarms: [],
      isSending: false,
      isLive: false,
      refusal: undefined,
      away: undefined,
      network: { state: "running" },
      view: memory.now.view,
      isLoudspeakerOn: memory.now.isLoudspeakerOn ?? false,
      seating: nobody,
    });
  }

  get store(): Readable<PlaneSnapshot> {
    return this.#store;
  }

  get room() {
    return this.#room;
  }

  get devices() {
    return this.#options.station.store;
  }

  readonly now = (): number => this.#options.now();

  /** Our own participant in the room. */
  get identity(): string {
    return `${this.#attendee?.me ?? ""}.${this.#instance}`;
  }

  /** Frames of ours that left sealed, in this room. */
  get sent(): number {
    return this.#chamber?.media.seal.store.snapshot().sending.sent ?? 0;
  }

  /** Devices that may be heard now. */
  get speakers(): readonly string[] {
    const state = this.#attendee?.sitting?.state;
    return state ? [...speakers(state)] : [];
  }

  /** For tests, by debug.ts. */
  get attendee(): Attendee | undefined {
    return this.#attendee;
  }

  async start(): Promise<void> {
    const { memory, isFirstTab, station } = this.#options;
    if (memory.now.isLoudspeakerOn === undefined) this.#change({ isLoudspeakerOn: await isFirstTab });
    const refusal = await this.#arrive();
    if (refusal) return this.#stand({ at: "refused", code: refusal.refused });
    this.#refresh(); // whose link it is stands on the check, before anything else changes
    if (memory.now.isInside) {
      void station.open();
      return this.enterLobby();
    }
    this.#stand({ at: "check" });
    await Promise.all([station.open(), this.checkNetwork()]);
  }

  readonly enrol = async (): Promise<Refusal | undefined> => {
    if (!this.#attendee) return refuse("link.missing");
    const refusal = await this.#attendee.enrol();
    if (!refusal) this.#options.memory.keep({ seed: "" }); // the link is used up
    this.#changed();
    return refusal;
  };

  readonly enterLobby = async (): Promise<void> => {
    const { memory, station } = this.#options;
    const attendee = this.#attendee;
    if (!attendee || this.#store.snapshot().stand.at === "lobby" || this.#store.snapshot().stand.at === "room") return;
    memory.keep({ isInside: true, ...station.choices() });
    this.#stand({ at: "lobby" });
    const { sitting } = memory.now;
    attendee.choose(sitting === "" ? "first" : { sitting });
    void attendee.attend().then((end) => this.#ended(end));
    const enrolled = attendee.until(() => attendee.isEnrolled);
    void enrolled.then(() => attendee.isEnrolled && memory.keep({ seed: "" }));
  };

  readonly knock = async (sitting: string): Promise<void> => {
    const attendee = this.#attendee;
    if (!attendee) return;
    const before = attendee.sitting;
    if (before && before.id !== sitting && before.phase === "member") await before.leave();
    this.#options.memory.keep({ isInside: true, sitting });
    attendee.choose({ sitting });
    attendee.sittings.get(sitting)?.knock();
    this.#changed();
  };

  readonly open = async (name: string): Promise<Refusal | undefined> => {
    const attendee = this.#attendee;
    if (!attendee) return refuse("link.missing");
    this.#opens.add(name);
    this.#options.memory.keep({ isInside: true, sitting: name });
    attendee.choose({ sitting: name });
    const sitting = attendee.sittings.get(name);
    if (!sitting) return refuse("sitting.unknown");
    sitting.deeds.refusal = undefined;
    sitting.hurry();
    await attendee.until(() => sitting.phase === "member" || sitting.deeds.refusal !== undefined);
    this.#opens.delete(name);
    return sitting.phase === "member" ? undefined : sitting.deeds.refusal;
  };

  readonly leave = async (): Promise<void> => {
    this.#options.memory.keep({ isInside: false });
    const attendee = this.#attendee;
    const sitting = attendee?.sitting;
    attendee?.choose("none");
    if (sitting?.phase === "member" || sitting?.phase === "knocking") await sitting.leave();
    await this.#depart();
    this.#stand({ at: "departure" });
  };

  readonly comeBack = async (): Promise<void> => {
    const attendee = this.#attendee;
    if (!attendee || attendee.end !== undefined) {
      this.#options.memory.keep({ isInside: true });
      return window.location.reload();
    }
    void this.#options.station.open();
    this.#options.memory.keep({ isInside: true });
    this.#stand({ at: "lobby" });
    const { sitting } = attendee;
    attendee.choose(sitting ? { sitting: sitting.id } : "first");
    sitting?.knock();
  };

  readonly act = async <K extends Kind>(kind: K, body: Bodies[K]): Promise<Refusal | undefined> => {
    const attendee = this.#attendee;
    const sitting = attendee?.sitting;
    if (!attendee) return refuse("link.missing");
    if (kind === "device.revoke" || kind === "invitation.reopen") return attendee.act(kind, body, null);
    if (!sitting) return refuse("sitting.unknown");
    if (kind === "sitting.open") return this.open(sitting.id);
    if (kind === "lobby.leave") return void (await this.leave());
    const refusal = await attendee.act(kind, body, sitting.id);
    const { station } = this.#options;
    if (!refusal && kind === "floor.request") await station.microphone("asked");
    if (!refusal && kind === "floor.withdraw") await station.microphone("withdrew");
    return refusal;
  };

  readonly postTitle = async (item: string, title: Text): Promise<Refusal | undefined> =>
    (await this.#attendee?.sitting?.deeds.postTitle(item, title)) ?? undefined;

  readonly raise = ({ cause }: Pick<Alarm, "cause">): void => {
    this.#attendee?.raise({ cause });
  };

  readonly proof = async (): Promise<Blob | undefined> => this.#attendee && proofOf(this.#attendee);

  readonly checkNetwork = async (): Promise<void> => {
    this.#change({ network: { state: "running" } });
    this.#change({ network: await checkServer() });
  };

  readonly retryDevices = (): Promise<void> => this.#options.station.retry();
  readonly chooseCamera = (id: string): Promise<void> => this.#options.station.chooseCamera(id);
  readonly chooseMicrophone = (id: string): Promise<void> => this.#options.station.chooseMicrophone(id);
  readonly chooseLoudspeaker = async (id: string): Promise<void> => {
    this.#options.station.chooseLoudspeaker(id);
    await this.#chamber?.media.chooseLoudspeaker(id);
  };
  readonly playTone = (): Promise<void> => this.#options.station.playTone();
  readonly setCameraOn = (on: boolean): Promise<void> => this.#options.station.setCameraOn(on);
  readonly setMicrophoneOpen = async (open: boolean): Promise<void> => {
    const { station } = this.#options;
    if (station.isMicrophoneOpen !== open) await station.microphone("pressed");
  };
  readonly setLoudspeakerOn = (on: boolean): void => {
    this.#options.memory.keep({ isLoudspeakerOn: on });
    this.#change({ isLoudspeakerOn: on });
    this.#chamber?.media.setLoudspeaker(on);
  };
  readonly setView = (view: "speaker" | "chamber"): void => {
    this.#options.memory.keep({ view });
    this.#change({ view });
  };
  readonly level = (): number | undefined => this.#options.station.level();
  readonly showOwnPicture = (element: HTMLVideoElement) => this.#options.station.showCamera(element);
  readonly showPicture = (identity: string, element: HTMLVideoElement) =>
    this.#chamber?.media.showPicture(identity, element) ?? (() => undefined);
  readonly path = async () => this.#chamber?.media.path();
  readonly statistics = async () => (await this.#chamber?.media.statistics()) ?? {};

  // Arriving.

  async #arrive(): Promise<Refusal | undefined> {
    const { entrance, memory, startCore, now, monotonic } = this.#options;
    const { meeting, authority } = entrance;
    let link: LinkKey | undefined;
    let invitation = entrance.invitation ?? "";
    if (entrance.seed) {
      link = await invitationKey(entrance.seed);
      invitation = await thumbprint(link.public, webcrypto);
      memory.keep({ invitation });
    }
    if (!(await takeSeat(meeting, invitation))) return refuse("seat.open");
    const from = await whence();
    this.#page = from.page;
    const client = new Client(meeting, from.server, now);
    this.#attendee = new Attendee({
      meeting,
      authority,
      invitation,
      link,
      core: startCore(),
      client,
      manner: (sitting) => this.#manner(sitting),
      changed: () => this.#changed(),
      monotonic: () => Math.floor(monotonic()),
      now,
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    });
    const attendee = this.#attendee;
    attendee.onSitting.push((sitting) => {
      sitting.membership.onRound.push((reached) => this.#mediaOf(sitting, client)?.reached(reached));
    });
    window.addEventListener("online", () => attendee.wake());
    this.#watchSleep(attendee);
    const refusal = await attendee.arrive();
    if (
      !refusal &&
      from.page === "server" &&
      attendee.reader.charter.payload.policies.page === "forbid" &&
      !attendee.device
    )
      return refuse("page.forbidden");
    return refusal;
  }

  /** A timer that comes much too late says that this tab, or the computer, slept. */
  #watchSleep(attendee: Attendee): void {
    const { now } = this.#options;
    let before = now();
    setInterval(() => {
      const at = now();
      if (at - before > SLEPT_MS) {
        this.#change({ away: { from: before, to: at } });
        attendee.wake();
      }
      before = at;
    }, TICK_MS);
  }

  /** Chair and secretariat keep the sitting alive, and let in whom the charter lets in without a hand. */
  #manner({ id, state }: Sitting): Manner {
    const role = state && roleOfThumbprint(state.meeting, this.#attendee?.me ?? "");
    const runs = role !== undefined && OPENERS.has(role);
    return { opens: runs || this.#opens.has(id), admits: runs ? "all" : "nobody" };
  }

  // The media of the sitting that we are in.

  #mediaOf(sitting: Sitting, client: Client): Chamber | undefined {
    const attendee = this.#attendee;
    if (!attendee?.device || attendee.sitting !== sitting) return undefined;
    if (this.#chamber?.of === sitting) return this.#chamber.media;
    void this.#chamber?.media.leave();
    const { station, now } = this.#options;
    const media = new Chamber({
      sitting,
      device: attendee.device,
      client,
      station,
      instance: this.#instance,
      seatOf: (identity) => this.#seatOf(identity),
      isLoudspeakerOn: () => this.#store.snapshot().isLoudspeakerOn,
      random: Math.random,
      now,
    });
    this.#chamber = { of: sitting, media };
    station.onTrack = () => media.publish();
    media.room.subscribe(() => this.#room.set(media.room.snapshot()));
    void media.stay().then((why) => {
      if (why !== undefined) this.#roomEnded(media, why);
    });
    return media;
  }

  async #depart(): Promise<void> {
    const chamber = this.#chamber;
    this.#chamber = undefined;
    await chamber?.media.leave();
    this.#room.set(outside);
    this.#options.station.close();
  }

  /** The media server ended it for good: what the record says goes on, and is shown. */
  #roomEnded(media: Chamber, why: Code): void {
    if (this.#chamber?.media !== media) return;
    this.#change({ refusal: why });
  }

  #seatOf(identity: string): Seat | undefined {
    const sight = this.#sight();
    const plate = sight && plateOf(sight, deviceOf(identity));
    if (!plate) return undefined;
    const { name, role, person, order } = plate;
    return { identity, delegation: name, role, order: order + 1, ...(person !== undefined && { person }) };
  }

  #sight(): Sight | undefined {
    const attendee = this.#attendee;
    const sitting = attendee?.sitting?.id;
    const record = sitting === undefined ? undefined : attendee?.reader.record(sitting);
    if (!attendee || sitting === undefined || !record) return undefined;
    const { contents } = attendee.reader;
    return { record, contents, sitting, device: attendee.me, language: this.#options.language() };
  }

  // What screens see.

  #changed(): void {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    queueMicrotask(() => {
      this.#isRefreshing = false;
      this.#refresh();
    });
  }

  #refresh(): void {
    const attendee = this.#attendee;
    if (!attendee) return;
    const { sitting } = attendee;
    const before = this.#store.snapshot();
    const alarms = [...attendee.alarms, ...(sitting?.alarms ?? [])];
    const isSending = (sitting?.canSend ?? false) && !alarms.some(isBlocking);
    const isIn = sitting !== undefined && (sitting.phase === "member" || sitting.phase === "blocked");
    const refusal = attendee.refusal ?? (isIn ? undefined : sitting?.deeds.refusal);
    this.#chamber?.media.follow(isSending);
    this.#change({
      accreditation: this.#accreditation(attendee),
      lobby: lobbyOf(attendee, this.#options.now()),
      record: sitting && attendee.reader.record(sitting.id),
      contents: attendee.reader.contents,
      sitting: sitting?.id,
      device: attendee.me,
      roster: sitting?.roster.map(({ device }) => device) ?? [],
      epoch: isIn ? sitting.epoch : undefined,
      ...(!isIn && { words: undefined }),
      alarms,
      isSending,
      isLive: attendee.isLive,
      refusal: refusal?.refused,
    });
    this.#move(before.stand, isIn, sitting);
    void this.#readSecrets(sitting);
  }

  /** Into the room at the first round, and back to the door when the group has us no more. */
  #move(stand: Stand, isIn: boolean, sitting: Sitting | undefined): void {
    if (stand.at === "lobby" && isIn && sitting) {
      this.#options.memory.keep({ sitting: sitting.id });
      this.#stand({ at: "room" });
    } else if (stand.at === "room" && sitting?.phase === "closed") {
      void this.#depart();
      this.#stand({ at: "departure", why: "sitting.closed" });
    } else if (stand.at === "room" && !isIn) {
      const chamber = this.#chamber;
      this.#chamber = undefined;
      void chamber?.media.leave();
      this.#room.set(outside);
      this.#stand({ at: "lobby" });
    }
  }

  /** Words and titles, when the epoch or the record's titles are others. */
  async #readSecrets(sitting: Sitting | undefined): Promise<void> {
    const { group, state } = sitting ?? {};
    const agenda = state?.sitting.agenda.titles;
    const items = agenda ? [...agenda].map(([item, { sealed }]) => `${item} ${sealed.slice(0, 16)}`).join() : "";
    const drawn = `${sitting?.id} ${group?.state.epoch} ${items}`;
    if (!sitting || !group || !state || drawn === this.#drawn) return;
    this.#drawn = drawn;
    const first = this.#attendee?.reader.contents.open?.languages[0];
    const language: Language = first === "fr" ? "fr" : "en";
    const words = await sitting.words(language);
    const found = new Map<string, Text>();
    for (const item of agenda?.keys() ?? []) {
      const title = await titles.opened(group, state, item);
      if (title) found.set(item, title);
    }
    if (drawn !== this.#drawn) return;
    this.#change({ words, titles: found });
    // A key that is still on its way: look again at the next change.
    if (found.size < (agenda?.size ?? 0)) this.#drawn = "";
  }

  #accreditation(attendee: Attendee): PlaneSnapshot["accreditation"] {
    const { reader, device, vouching } = attendee;
    const names = device ?? vouching?.names;
    const charter = reader.charters.at(-1)?.payload;
    if (!names || !charter) return undefined;
    const { open, seats, delegations } = reader.contents;
    const { seat, delegation } = names;
    const name = seats?.delegations.find((one) => one.delegation === delegation)?.name;
    const role = seats?.seats.find((one) => one.seat === seat)?.role;
    const person = delegations.get(delegation)?.persons.get(seat);
    return {
      title: open?.title ?? new Map([["", charter.organisation]]),
      authority: this.#options.entrance.authority,
      delegation,
      seat,
      ...(name && { name }),
      ...(role && { role }),
      ...(person !== undefined && { person }),
      telephone: open?.telephone ?? null,
      languages: open?.languages ?? [],
      isEnrolled: attendee.isEnrolled || device !== undefined,
      page: this.#page,
      serverPage: charter.policies.page,
    };
  }

  #ended(end: string): void {
    if (end === "asked") return;
    const code = this.#attendee?.refusal?.refused ?? "core.internal";
    this.#changed();
    if (end === "alarmed") return; // the alarm stands on screen, beside the record as it was
    void this.#depart();
    this.#stand({ at: "departure", why: code });
  }

  #stand(stand: Stand): void {
    this.#change({ stand });
  }

  #change(change: Partial<PlaneSnapshot>): void {
    this.#store.update((before) => {
      const isSame = Object.entries(change).every(([name, value]) => before[name as keyof PlaneSnapshot] === value);
      return isSame ? before : { ...before, ...change };
    });
  }
}

/** From where this page comes, and the origin of the server that it speaks to, which a proof names. */
async function whence(): Promise<{ readonly page: "program" | "server"; readonly server: string }> {
  const origin = window.location.origin;
  try {
    const answer = await fetch("/join.json", { cache: "no-store", signal: AbortSignal.timeout(8_000) });
    const { page, server }: { page?: unknown; server?: unknown } = await answer.json();
    return page === "package" && typeof server === "string"
      ? { page: "program", server }
      : { page: "server", server: origin };
  } catch {
    return { page: "server", server: origin };
  }
}
