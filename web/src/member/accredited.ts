/**
 * The member of a meeting in private: the attendee, its sitting, the media of it, and what screens see of all that.
 *
 * It decides nothing of the record and nothing of the group: it says where this tab is, and passes on what a person asks for.
 */
import type { Text } from "../accreditation/charter.ts";
import type { Seat } from "../accreditation/seat.ts";
import type { Core } from "../e2ee/core.ts";
import type { Bodies, Kind } from "../meeting/acts.ts";
import type { Alarm } from "../meeting/alarm.ts";
import { OPENERS } from "../meeting/sittings.ts";
import { speakers } from "../meeting/speech.ts";
import { roleOfThumbprint } from "../meeting/state.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import { type Readable, Store } from "../store.ts";
import { type Arrival, arrive } from "./arrival.ts";
import { Attendee } from "./attendee.ts";
import { type Client, newInstance } from "./client.ts";
import type { Manner } from "./conduct.ts";
import type { Entrance } from "./entrance.ts";
import { Lives } from "./lives.ts";
import type { TabMemory } from "./memory.ts";
import { checkServer } from "./network.ts";
import { opened } from "./opening.ts";
import { beginning, isInside, outlookOf, seatOf, sightOf } from "./outlook.ts";
import { goOver } from "./passage.ts";
import type { PlaneSnapshot, PrivateMember, Stand } from "./plane.ts";
import { proofOf, recordOf } from "./proof.ts";
import { Rooms } from "./rooms.ts";
import { Secrets } from "./secrets.ts";
import type { Sitting } from "./sitting.ts";
import { LOOK_MS, Wakefulness } from "./sleep.ts";
import type { Station } from "./station.ts";

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
  readonly #rooms: Rooms;
  readonly #secrets = new Secrets();
  readonly #lives: Lives<Attendee>;
  /** Our connection's name in rooms: another one for each life, as for each page load. */
  #instance = newInstance();
  /** Of the present life; of the last one where none goes on. */
  #attendee: Attendee | undefined;
  #arrival: Arrival | undefined;
  /** Sittings that the chair or the secretariat pressed to open. */
  readonly #opens = new Set<string>();
  #isRefreshing = false;

  constructor(options: AccreditedOptions) {
    this.#options = options;
    this.#store = new Store<PlaneSnapshot>(beginning(options.memory.now));
    this.#rooms = new Rooms({
      station: options.station,
      seatOf: (identity) => this.#seatOf(identity),
      isLoudspeakerOn: () => this.#store.snapshot().isLoudspeakerOn,
      ended: (why) => this.#change({ refusal: why }),
      now: options.now,
    });
    this.#lives = new Lives({
      startCore: options.startCore,
      begin: (core) => this.#begin(core),
      end: (attendee) => this.#end(attendee),
      goOn: (attendee) => void this.#goOn(attendee),
      giveUp: (attendee) => this.#giveUp(attendee),
      monotonic: options.monotonic,
    });
  }

  get store(): Readable<PlaneSnapshot> {
    return this.#store;
  }

  get room() {
    return this.#rooms.store;
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
    return this.#rooms.media?.seal.store.snapshot().sending.sent ?? 0;
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
    const { entrance, memory, isFirstTab, now } = this.#options;
    if (memory.now.isLoudspeakerOn === undefined) this.#change({ isLoudspeakerOn: await isFirstTab });
    const arrival = await arrive(entrance, memory, now);
    if (isRefusal(arrival)) return this.#stand({ at: "refused", code: arrival.refused });
    this.#arrival = arrival;
    window.addEventListener("online", () => this.#attendee?.wake());
    this.#watchSleep();
    await this.#goOn(this.#lives.begin());
  }

  readonly enrol = async (): Promise<Refusal | undefined> => {
    const attendee = this.#attendee;
    if (!attendee) return refuse("link.missing");
    const refusal = await this.#lives.ask(attendee, () => attendee.enrol());
    if (!refusal) this.#options.memory.keep({ seed: "" }); // the link is used up
    this.#changed();
    return refusal;
  };

  readonly enterLobby = async (): Promise<void> => {
    const { memory, station } = this.#options;
    const attendee = this.#attendee;
    if (!attendee || this.#store.snapshot().stand.at === "lobby" || this.#store.snapshot().stand.at === "room") return;
    memory.keep({ isInside: true, ...station.choices() });
    this.#attend(attendee);
  };

  readonly knock = async (sitting: string): Promise<Refusal | undefined> => {
    const attendee = this.#attendee;
    if (!attendee) return refuse("link.missing");
    const before = attendee.sitting;
    const enter = () => {
      this.#options.memory.keep({ isInside: true, sitting });
      attendee.choose({ sitting });
      attendee.sittings.get(sitting)?.knock();
      if (before && before.id !== sitting) this.#stand({ at: "lobby" });
      this.#changed();
    };
    if (!before || before.id === sitting) return void enter();
    const leave = async () => {
      attendee.choose("none");
      return this.#leaves(before);
    };
    const stay = () => attendee.choose({ sitting: before.id });
    return this.#lives.ask(attendee, () => goOver({ leave, endMedia: () => this.#endMedia(), stay, enter }));
  };

  /** Whether the record has that we left a sitting; a knock that stands is only withdrawn if it can be. */
  async #leaves(sitting: Sitting): Promise<Refusal | undefined> {
    const { phase } = sitting;
    if (phase !== "member" && phase !== "blocked" && phase !== "knocking") return undefined;
    const answer = await sitting.leave();
    return isRefusal(answer) && phase !== "knocking" ? answer : undefined;
  }

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
    return this.#lives.ask(attendee, async () => {
      const refusal = await opened(sitting, (holds) => attendee.until(holds));
      this.#opens.delete(name);
      return refusal;
    });
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
    if (kind === "device.revoke" || kind === "invitation.reopen")
      return this.#lives.ask(attendee, () => attendee.act(kind, body, null));
    if (!sitting) return refuse("sitting.unknown");
    if (kind === "sitting.open") return this.open(sitting.id);
    if (kind === "lobby.leave") return void (await this.leave());
    const refusal = await this.#lives.ask(attendee, () => attendee.act(kind, body, sitting.id));
    const { station } = this.#options;
    if (!refusal && kind === "floor.request") await station.microphone("asked");
    if (!refusal && kind === "floor.withdraw") await station.microphone("withdrew");
    return refusal;
  };

  readonly postTitle = async (item: string, title: Text): Promise<Refusal | undefined> => {
    const attendee = this.#attendee;
    const sitting = attendee?.sitting;
    return sitting && this.#lives.ask(attendee, async () => sitting.deeds.postTitle(item, title));
  };

  readonly raise = ({ cause }: Pick<Alarm, "cause">): void => {
    this.#attendee?.raise({ cause });
  };

  readonly proof = async (): Promise<Blob | undefined> => this.#attendee && proofOf(this.#attendee);
  readonly record = async (): Promise<Blob | undefined> => this.#attendee && recordOf(this.#attendee);

  readonly checkNetwork = async (): Promise<void> => {
    this.#change({ network: { state: "running" } });
    this.#change({ network: await checkServer() });
  };

  readonly retryDevices = (): Promise<void> => this.#options.station.retry();
  readonly chooseCamera = (id: string): Promise<void> => this.#options.station.chooseCamera(id);
  readonly chooseMicrophone = (id: string): Promise<void> => this.#options.station.chooseMicrophone(id);
  readonly chooseLoudspeaker = async (id: string): Promise<void> => {
    this.#options.station.chooseLoudspeaker(id);
    await this.#rooms.media?.chooseLoudspeaker(id);
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
    this.#rooms.media?.setLoudspeaker(on);
  };
  readonly setView = (view: "speaker" | "chamber"): void => {
    this.#options.memory.keep({ view });
    this.#change({ view });
  };
  readonly level = (): number | undefined => this.#options.station.level();
  readonly showOwnPicture = (element: HTMLVideoElement) => this.#options.station.showCamera(element);
  readonly showPicture = (identity: string, element: HTMLVideoElement) =>
    this.#rooms.media?.showPicture(identity, element) ?? (() => undefined);
  readonly path = async () => this.#rooms.media?.path();
  readonly statistics = async () => (await this.#rooms.media?.statistics()) ?? {};

  // Beginning, and beginning anew where this program broke.

  #begin(core: Core): Attendee {
    const { entrance, now, monotonic } = this.#options;
    if (!this.#arrival) throw new Error("who begins has arrived");
    const { link, invitation, client } = this.#arrival;
    const attendee: Attendee = new Attendee({
      meeting: entrance.meeting,
      authority: entrance.authority,
      invitation,
      link,
      core,
      client,
      manner: (sitting) => this.#manner(sitting),
      changed: () => {
        if (attendee === this.#attendee) this.#changed();
      },
      broke: () => this.#lives.broke(attendee),
      monotonic: () => Math.floor(monotonic()),
      now,
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    });
    attendee.onSitting.push((sitting) => {
      sitting.membership.onRound.push((reached) => this.#mediaOf(sitting, client)?.reached(reached));
    });
    this.#attendee = attendee;
    this.#instance = newInstance();
    this.#secrets.forget();
    return attendee;
  }

  /** Reads the link's meeting, then to where this tab was. */
  async #goOn(attendee: Attendee): Promise<void> {
    const { memory, station } = this.#options;
    const { stand } = this.#store.snapshot();
    if (stand.at === "departure" || stand.at === "refused") return attendee.stop(); // who comes back loads the page anew
    let refusal: Refusal | undefined;
    try {
      refusal = await attendee.arrive();
    } catch {
      return this.#lives.broke(attendee);
    }
    if (this.#lives.now !== attendee) return;
    const isForbidden = this.#arrival?.page === "server" && attendee.forbidsServerPage;
    if (!refusal && isForbidden && !attendee.device) refusal = refuse("page.forbidden");
    if (refusal) return this.#stand({ at: "refused", code: refusal.refused });
    this.#refresh(); // whose link it is stands on the check, before anything else changes
    void station.open();
    if (memory.now.isInside) return this.#attend(attendee);
    this.#stand({ at: "check" });
    await this.checkNetwork();
  }

  #attend(attendee: Attendee): void {
    const { memory } = this.#options;
    this.#stand({ at: "lobby" });
    const { sitting } = memory.now;
    attendee.choose(sitting === "" ? "first" : { sitting });
    void attendee.attend().then((end) => attendee === this.#attendee && this.#ended(end));
    const enrolled = attendee.until(() => attendee.isEnrolled);
    void enrolled.then(() => attendee.isEnrolled && memory.keep({ seed: "" }));
  }

  /** Its core broke: nothing of it is sent from now on. The microphone is closed, as after a reload. */
  #end(attendee: Attendee): void {
    this.#change({ isSending: false });
    void this.#endMedia();
    attendee.stop();
  }

  #giveUp(attendee: Attendee): void {
    attendee.giveUp();
    // Before the lobby there is no record to be shown beside it.
    const { stand, accreditation } = this.#store.snapshot();
    if (stand.at === "arriving" || stand.at === "check" || !accreditation)
      this.#stand({ at: "refused", code: "core.internal" });
  }

  /** After a sleep the old connection may be dead, and nobody would say so for minutes. */
  #watchSleep(): void {
    const { now } = this.#options;
    const wakefulness = new Wakefulness(now());
    setInterval(() => {
      const away = wakefulness.look(now());
      if (!away) return;
      this.#change({ away });
      this.#attendee?.wake();
    }, LOOK_MS);
  }

  /** Chair and secretariat keep the sitting alive, and let in whom the charter lets in without a hand. */
  #manner({ id, state }: Sitting): Manner {
    const role = state && roleOfThumbprint(state.meeting, this.#attendee?.me ?? "");
    const runs = role !== undefined && OPENERS.has(role);
    return { opens: runs || this.#opens.has(id), admits: runs ? "all" : "nobody" };
  }

  // The media of the sitting that we are in.

  #mediaOf(sitting: Sitting, client: Client): ReturnType<Rooms["of"]> | undefined {
    const attendee = this.#attendee;
    // A commit that was filed before we left may come after it.
    if (!attendee?.device || attendee.sitting !== sitting || !sitting.wantsIn) return undefined;
    return this.#rooms.of(sitting, attendee.device, client, this.#instance);
  }

  /** Nothing of ours is sent any more, and the microphone is closed. */
  async #endMedia(): Promise<void> {
    void this.#options.station.microphone("may_not_speak");
    await this.#rooms.leave();
  }

  async #depart(): Promise<void> {
    await this.#rooms.leave();
    this.#options.station.close();
  }

  #seatOf(identity: string): Seat | undefined {
    const sight = this.#attendee && sightOf(this.#attendee, this.#options.language());
    return sight && seatOf(sight, identity);
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
    if (!attendee || !this.#arrival) return;
    const { stand } = this.#store.snapshot();
    const { entrance, now } = this.#options;
    const seen = outlookOf(attendee, entrance.authority, this.#arrival.page, now());
    this.#rooms.media?.follow(seen.isSending);
    this.#change(seen);
    const { sitting } = attendee;
    this.#move(stand, isInside(attendee), sitting);
    this.#readSecrets(sitting).catch(() => undefined); // a core that broke ends this life, and says so itself
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
      void this.#rooms.leave();
      this.#stand({ at: "lobby" });
    }
  }

  async #readSecrets(sitting: Sitting | undefined): Promise<void> {
    const first = this.#attendee?.reader.contents.open?.languages[0];
    const read = await this.#secrets.read(sitting, first === "fr" ? "fr" : "en");
    if (read) this.#change(read);
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
