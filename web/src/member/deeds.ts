/**
 * What a member does in a sitting, carried out: signed, saved, posted, and posted again until the server has answered.
 *
 * One act at a time goes out of the share's note, saved before it is posted; the same bytes again are the same act.
 */
import { ascii, b64u, type Primitives } from "../accreditation/bytes.ts";
import { SUITE, type Text } from "../accreditation/charter.ts";
import { read } from "../accreditation/members.ts";
import type { Core } from "../e2ee/core.ts";
import type { Facts, Plan } from "../e2ee/facts.ts";
import { Group } from "../e2ee/group.ts";
import { type Bodies, type Kind, readBody } from "../meeting/acts.ts";
import { type Code, isRefusal, type Refusal, refuse } from "../refusal.ts";
import type { Client, Posted } from "./client.ts";
import { isExcluded, type Move } from "./conduct.ts";
import type { Device } from "./device.ts";
import { Membership } from "./membership.ts";
import type { Reader } from "./reader.ts";
import { founderFacts, type Note, type Share } from "./share.ts";
import * as titles from "./titles.ts";

const RETRY_MS = 1_000;
const SOON_MS = 300;
const LATER_MS = 10_000;
/** The winner's commit comes by the feed; if it does not in this time, ours is dropped. */
const CONFLICT_MS = 5_000;
const LATER: readonly Code[] = ["rate.limited", "lobby.full"];
/** The outcome is unknown, or the server asks for the same act again. */
const AGAIN: readonly Code[] = ["server.unreachable", "storage.failed", "record.moved", "server.closing"];

/** Whether a member gets over it by itself: the same is asked again until there is an answer. Nobody need be told. */
export function isPassing({ refused }: Refusal): boolean {
  return AGAIN.includes(refused);
}

/** An act of this device, with what it has seen. */
export type Sign = <K extends Kind>(kind: K, body: Bodies[K], sitting: string | null) => Promise<string>;

export interface DeedsOptions {
  readonly sitting: string;
  readonly core: Core;
  readonly device: Device;
  readonly share: Share;
  readonly reader: Reader;
  readonly client: Client;
  readonly sign: Sign;
  readonly primitives: Primitives;
  /** Milliseconds, monotonic. */
  readonly monotonic: () => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** One sitting's acts of this device. */
export class Deeds {
  /** The last thing that was refused, for the screen. */
  refusal: Refusal | undefined;
  notBefore = 0;
  /** When a commit of ours that lost is dropped, unless the winner's came before. */
  conflictAt: number | undefined;
  /** Whether a knock was filed since somebody last set it. */
  hasKnocked = false;
  readonly membership: Membership;
  readonly #options: DeedsOptions;
  #awaited = 0;

  constructor(options: DeedsOptions) {
    this.#options = options;
    const { sitting, device, core, share, reader, monotonic, now } = options;
    const fetchWelcome = (hash: string) => this.#welcome(hash);
    this.membership = new Membership({
      sitting,
      me: device.thumbprint,
      core,
      share,
      reader,
      fetchWelcome,
      monotonic,
      now,
    });
  }

  /** Whether an act of ours stands by the server's answer, and its entry is not here yet. */
  get isPosting(): boolean {
    return (this.#options.reader.entries.get(this.#options.sitting)?.length ?? 0) < this.#awaited;
  }

  /** What the record says at its end. */
  facts(): Facts {
    const facts = this.#options.reader.facts(this.#options.sitting, this.#options.now());
    if (!facts) throw new Error("who is in the group reads the sitting");
    return facts;
  }

  /** The winner of a race did not come: the pending commit is dropped all the same. */
  async dropLost(): Promise<void> {
    const { group } = this.#options.share;
    if (this.conflictAt === undefined || this.#now() < this.conflictAt || !group) return;
    this.conflictAt = undefined;
    await group.discard();
  }

  /** Signs and posts an act in this sitting. */
  async act<K extends Kind>(kind: K, body: Bodies[K]): Promise<Posted | Refusal> {
    const answer = await this.#options.client.post(await this.#sign(kind, body));
    if (isRefusal(answer)) this.#refused(answer);
    return answer;
  }

  /** Gives the item's key to the group, and posts its title sealed. */
  async postTitle(item: string, title: Text): Promise<Refusal | undefined> {
    const { share, reader, sitting } = this.#options;
    const { group } = share;
    if (group?.state.phase !== "member") return refuse("member.missing");
    if (!(await group.items()).includes(item)) {
      const key = await titles.keyMessage(group, item, reader.seen(sitting));
      if (isRefusal(key)) return key;
      const answer = (await share.save()) ?? (await this.act("mls.message", key));
      if (isRefusal(answer)) {
        this.membership.hasNewcomers = true; // the key is made, and nobody has it
        return answer;
      }
    }
    const body = await titles.sealedTitle(group, item, title);
    const answer = isRefusal(body) ? body : await this.act("agenda.title", body);
    return isRefusal(answer) ? answer : undefined;
  }

  /** Does what `conduct` says. */
  async carryOut(move: Exclude<Move, { do: "wait" }>): Promise<void> {
    switch (move.do) {
      case "open":
        return this.#found("sitting.open", (group, chain) => ({ group, suite: SUITE, chain }));
      case "regroup": {
        const { because, without } = move;
        return this.#found("sitting.regroup", (group, chain) => ({ group, suite: SUITE, chain, because, without }));
      }
      case "knock":
        return this.#knock(move.group);
      case "admit":
        return this.#fileNew("lobby.admit", { device: move.device });
      case "turnAway":
        return this.#fileNew("lobby.refuse", { knock: move.knock, code: "key_package" });
      case "accuse":
        this.membership.wrong = undefined;
        return this.#fileNew("mls.refuse", { commit: move.commit, code: move.code });
      case "commit":
        return this.#commit(move.plan);
    }
  }

  /** The committer of an Add sends the keys of the items to who came. */
  async tellKeys(): Promise<void> {
    const { share, reader, sitting } = this.#options;
    const { group } = share;
    if (!this.membership.hasNewcomers || group?.state.phase !== "member") return;
    this.membership.hasNewcomers = false;
    for (const item of await group.items()) {
      const key = await titles.keyMessage(group, item, reader.seen(sitting));
      if (isRefusal(key) || (await share.save())) continue;
      const answer = await this.#file(await this.#sign("mls.message", key));
      this.membership.hasNewcomers ||= isRefusal(answer) && isPassing(answer);
    }
  }

  /** An act of ours has no answer yet, perhaps from an earlier life: the same bytes. When to look again. */
  async postAgain(): Promise<number> {
    const { share } = this.#options;
    const jws = share.note.act;
    if (jws === null || this.#now() < this.notBefore) return this.notBefore;
    if (await this.#lacksWelcome()) {
      // The Welcome is not kept: a commit that adds somebody is made again.
      await share.group?.discard();
      await share.keep({ act: null });
      return this.#now();
    }
    await this.#file(jws);
    return Math.max(this.#now(), this.notBefore);
  }

  /** A group of our own: it counts if our act is the first. */
  async #found<K extends "sitting.open" | "sitting.regroup">(
    kind: K,
    body: (group: string, chain: string) => Bodies[K],
  ): Promise<void> {
    const { core, share, reader, device, now } = this.#options;
    const name = await Group.newId(core);
    const prepared = await share.prepare(reader.trust(), name, now());
    if (isRefusal(prepared)) return this.#refused(prepared);
    const { group, chain } = prepared;
    const jws = await this.#sign(kind, body(name, chain));
    const refusal =
      (await group.found(chain, founderFacts(device.thumbprint, now()))) ??
      (await share.adopt(group, this.#note({ act: jws })));
    if (refusal) return this.#refused(refusal);
    await this.membership.founded();
    await this.#fileOrDrop(jws);
  }

  async #knock(name: string): Promise<void> {
    const { share, reader, now, primitives } = this.#options;
    const prepared = await share.prepare(reader.trust(), name, now());
    if (isRefusal(prepared)) return this.#refused(prepared);
    const { group, chain } = prepared;
    const keyPackage = await group.knock(chain, now());
    if (isRefusal(keyPackage)) return this.#refused(keyPackage);
    const jws = await this.#sign("lobby.knock", { chain, key_package: b64u(keyPackage) });
    const act = b64u(await primitives.sha256(ascii(jws)));
    const refusal = await share.adopt(group, this.#note({ act: jws, knock: act }));
    if (refusal) return this.#refused(refusal);
    this.membership.unwatch();
    this.membership.knocked = { act, group: name, at: this.#now() };
    await this.#fileOrDrop(jws);
  }

  async #commit(plan: Plan): Promise<void> {
    const { share, reader, client, device, sitting } = this.#options;
    const { group } = share;
    if (!group) return;
    const draft = await group.commit(plan, this.facts(), reader.seen(sitting));
    if (isRefusal(draft)) return this.#refused(draft);
    const body = read(ascii(draft.claims), readBody("mls.commit"));
    if (isRefusal(body)) return this.#refused(body);
    const jws = await this.#sign("mls.commit", body);
    let refusal = await share.keep({ act: jws });
    if (!refusal && draft.welcome) {
      const uploaded = await client.uploadWelcome(device, draft.welcome);
      refusal = isRefusal(uploaded) ? uploaded : undefined;
    }
    if (refusal) {
      await group.discard();
      await share.keep({ act: null });
      return this.#refused(refusal);
    }
    await this.#file(jws);
  }

  /** The Welcome; asked for until the server answers. */
  async #welcome(hash: string): Promise<Uint8Array | Refusal> {
    const { client, device } = this.#options;
    for (;;) {
      const welcome = await client.welcome(device, hash);
      if (!isRefusal(welcome) || !isPassing(welcome)) return welcome;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #lacksWelcome(): Promise<boolean> {
    const { share } = this.#options;
    const pending = share.wasLoaded ? await share.group?.pendingBody() : undefined;
    if (pending === undefined) return false;
    const { welcome }: { welcome: string | null } = JSON.parse(pending);
    return welcome !== null;
  }

  async #fileNew<K extends Kind>(kind: K, body: Bodies[K]): Promise<void> {
    await this.#file(await this.#sign(kind, body));
  }

  async #fileOrDrop(jws: string): Promise<void> {
    const answer = await this.#file(jws);
    if (isRefusal(answer) && this.#options.share.note.act === null) await this.membership.drop();
  }

  /** Posts; afterwards we wait for the entry, or know why there is none. */
  async #file(jws: string): Promise<Posted | Refusal> {
    const { share, reader, client, sitting } = this.#options;
    const answer = await client.post(jws);
    if (!isRefusal(answer)) {
      this.hasKnocked ||= share.note.knock !== null;
      const reads = reader.entries.has(sitting) || share.note.knock === null;
      this.#awaited = reads && !this.#isExcluded() ? answer.entry.header.seq : 0;
      if (share.note.act === jws) await share.keep({ act: null });
      return answer;
    }
    this.#refused(answer);
    if (isPassing(answer) || share.note.act !== jws) return answer;
    await share.keep({ act: null });
    const { group } = share;
    if (group && group.state.pending !== null) {
      if (answer.refused === "commit.conflict") this.conflictAt = this.#now() + CONFLICT_MS;
      else await group.discard();
    }
    return answer;
  }

  #sign<K extends Kind>(kind: K, body: Bodies[K]): Promise<string> {
    return this.#options.sign(kind, body, this.#options.sitting);
  }

  #isExcluded(): boolean {
    const { reader, sitting, device } = this.#options;
    const state = reader.state(sitting);
    return state !== undefined && isExcluded(state, device.thumbprint);
  }

  #note({ act, knock = null }: { readonly act: string; readonly knock?: string | null }): Note {
    return { processed: this.#options.share.note.processed, act, knock };
  }

  #refused(refusal: Refusal): void {
    this.refusal = refusal;
    const isAgain = isPassing(refusal) || refusal.refused === "commit.soon";
    const wait = LATER.includes(refusal.refused) ? LATER_MS : isAgain ? RETRY_MS : SOON_MS;
    this.notBefore = this.#now() + wait;
  }

  #now(): number {
    return this.#options.monotonic();
  }
}
