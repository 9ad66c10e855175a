/**
 * A device's share of one sitting's group, as it is kept: the core's sealed state and our note beside it.
 *
 * What is posted is saved before, so that a page that dies in between posts the same bytes again, and no ratchet or key package is used
 * twice. Saves are written one after the other, each with the state of its own moment or a later one.
 */
import { ascii, unb64u } from "../accreditation/bytes.ts";
import { leafPayload } from "../accreditation/statements.ts";
import type { Core } from "../e2ee/core.ts";
import type { Facts, Trust } from "../e2ee/facts.ts";
import { Group, type GroupState } from "../e2ee/group.ts";
import { isRefusal, type Refusal, refuse } from "../refusal.ts";
import type { Knocked } from "./conduct.ts";
import type { Device } from "./device.ts";

/** A leaf's statement, within the two days that it may have. */
export const LEAF_MS = 2 * 24 * 3600 * 1000 - 10 * 60 * 1000;
const SKEW_MS = 60 * 1000;

/** What we must know beside the core's state. */
export interface Note {
  /** The seq of the sitting's last entry that the core has seen. */
  readonly processed: number;
  /** The signed act that waits for its entry. */
  readonly act: string | null;
  /** The act of our knock. */
  readonly knock: string | null;
}

const blank: Note = { processed: 0, act: null, knock: null };

/** As it lies in the sealed state, which nobody else wrote. */
export function noteBytes(note: Note): Uint8Array<ArrayBuffer> {
  return ascii(JSON.stringify({ processed: note.processed, act: note.act, knock: note.knock }));
}

export function noteOf(data: Uint8Array): Note {
  const { processed, act, knock }: Note = JSON.parse(new TextDecoder().decode(data));
  return { processed, act, knock };
}

/** A leaf with its chain of four, that is nobody's yet. */
export interface Prepared {
  readonly group: Group;
  readonly chain: string;
}

/** The group's core and its note, and where both are kept. */
export class Share {
  note: Note = blank;
  /** Whether it is an earlier life's, and nothing was made since. */
  wasLoaded = false;
  readonly #core: Core;
  readonly #device: Device;
  readonly #meeting: string;
  readonly #sitting: string;
  #group: Group | undefined;
  #previous: Group | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(core: Core, device: Device, meeting: string, sitting: string) {
    this.#core = core;
    this.#device = device;
    this.#meeting = meeting;
    this.#sitting = sitting;
  }

  get group(): Group | undefined {
    return this.#group;
  }

  /** Where the core stands. */
  get state(): GroupState | undefined {
    return this.#group?.state;
  }

  /** What was kept. A state that can't be read is of no use: we knock again. */
  async load(trust: Trust, now: number): Promise<Knocked | Refusal | undefined> {
    const sealed = await this.#device.group(this.#sitting);
    if (!sealed) return undefined;
    const name = this.#device.sealedName(this.#sitting);
    const loaded = await Group.load(this.#core, this.#device.sealing, name, sealed, trust, this.#sitting);
    if (isRefusal(loaded)) {
      await this.#device.dropGroup(this.#sitting);
      return loaded;
    }
    this.#group = loaded.group;
    this.note = noteOf(loaded.note);
    this.wasLoaded = true;
    const { group } = loaded.group.state;
    return this.note.knock === null || group === null ? undefined : { act: this.note.knock, group, at: now };
  }

  /** A new leaf with its chain of four; the old group's item keys go along. `adopt` makes it ours. `now`: since 1970. */
  async prepare(trust: Trust, group: string, now: number): Promise<Prepared | Refusal> {
    const fresh = await Group.prepare(this.#core, trust, this.#sitting, this.#group ?? this.#previous);
    if (isRefusal(fresh)) return fresh;
    const octets = unb64u(fresh.leafKey);
    if (!octets) return refuse("core.internal");
    const issuer = this.#device.thumbprint;
    const claims = { meeting: this.#meeting, issuer, issued: now, from: now - SKEW_MS, until: now + LEAF_MS };
    const statement = await this.#device.sign("leaf", leafPayload(claims, this.#sitting, group, { octets }));
    return { group: fresh.group, chain: `${this.#device.chain}~${statement}` };
  }

  /** Our share is this now; on disk before anything that it made is posted. */
  adopt(group: Group, note: Note): Promise<Refusal | undefined> {
    if (this.#group && this.#group !== group) this.#retire(this.#group);
    this.#group = group;
    this.note = note;
    this.wasLoaded = false;
    return this.save();
  }

  /** Changes the note, and saves. */
  keep(parts: Partial<Note>): Promise<Refusal | undefined> {
    this.note = { ...this.note, ...parts };
    return this.save();
  }

  /** After an entry; it is saved with what comes of it. */
  passed(seq: number): void {
    this.note = { ...this.note, processed: Math.max(seq, this.note.processed) };
  }

  /** Seals and writes. */
  save(): Promise<Refusal | undefined> {
    return this.#inTurn(async () => {
      const group = this.#group;
      if (!group) return undefined;
      const { sealing } = this.#device;
      const name = this.#device.sealedName(this.#sitting);
      const sealed = await group.save(sealing, name, noteBytes(this.note));
      if (isRefusal(sealed)) return sealed;
      if (group === this.#group) await this.#device.keepGroup(this.#sitting, sealed);
      return undefined;
    });
  }

  /** The share is of no use any more; its item keys stay at hand for the next. */
  async drop(): Promise<void> {
    if (this.#group) this.#retire(this.#group);
    this.#group = undefined;
    this.note = { ...blank, processed: this.note.processed };
    await this.#inTurn(() => this.#device.dropGroup(this.#sitting));
  }

  #retire(group: Group): void {
    this.#previous?.letGo();
    this.#previous = group;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work);
    this.#writing = done.catch(() => undefined);
    return done;
  }
}

/** For who founds a group: nobody else is in it. */
export function founderFacts(device: string, at: number): Facts {
  return { at, admitted: new Map([[device, []]]), knocks: new Map(), due: [], revoked: [] };
}
