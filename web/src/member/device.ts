/**
 * A seat's device: a key pair that never leaves this browser, and what must survive a reload beside it.
 *
 * The signing key is a non-extractable WebCrypto key in IndexedDB: copying it is not possible, using it is, for whoever runs script on
 * this origin. The state of MLS groups is sealed in the core's Worker under a non-extractable AES-GCM key of its own; journals and the
 * charter's parts lie as they came, since the server has them too. All is kept by meeting and invitation, whole or not at all; one tab
 * a seat (seatLock.ts): two would use one ratchet twice.
 */
import { ascii, b64u } from "../accreditation/bytes.ts";
import { headerOf, type PublicKey, type Typ, thumbprint } from "../accreditation/signature.ts";
import { type Entry, openEntry } from "../record/entry.ts";
import { isRefusal } from "../refusal.ts";
import { webcrypto } from "./webcrypto.ts";

/** What is kept of a device. */
interface Kept {
  readonly id: string;
  readonly signing: CryptoKey;
  readonly sealing: CryptoKey;
  readonly octets: Uint8Array<ArrayBuffer>;
  /** The chain of three. */
  readonly chain: string;
  readonly delegation: string;
  readonly seat: string;
}

/** Whose device it is to be: made before anybody hears of it. */
export interface Vouched {
  readonly chain: string;
  readonly delegation: string;
  readonly seat: string;
}

/** The charters' cores, oldest first, and parts by id, as they came: they are checked each time. */
export interface KeptCharter {
  readonly charters: readonly string[];
  readonly parts: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

const DATABASE = "incamera";
/** 2: with `heads`. */
const VERSION = 2;
const DEVICES = "devices";
/** Sealed state of groups, by device and sitting. */
const SEALED = "sealed";
const CHARTERS = "charters";
/** Entries, by device, journal and seq. */
const JOURNALS = "journals";
/** The server's signed word where journals end, by device and set of journals. */
const HEADS = "heads";

/** Signs with a key as a compact JWS of one purpose. */
export async function signWith(key: CryptoKey, typ: Typ, payload: Uint8Array<ArrayBuffer>): Promise<string> {
  const signed = `${headerOf(typ)}.${b64u(payload)}`;
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", key, ascii(signed)));
  return `${signed}.${b64u(signature)}`;
}

/** The PKCS#8 prefix of an Ed25519 seed (RFC 8410, section 7). */
const PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

/** The key of an invitation's seed: it signs device statements. The seed's bytes are overwritten. */
export async function invitationKey(seed: Uint8Array<ArrayBuffer>): Promise<{ sign: CryptoKey; public: PublicKey }> {
  const encoded = new Uint8Array([...PKCS8, ...seed]);
  seed.fill(0);
  // Extractable for a moment, to learn its public half.
  const pair = await crypto.subtle.importKey("pkcs8", encoded, "Ed25519", true, ["sign"]);
  const jwk = await crypto.subtle.exportKey("jwk", pair);
  const sign = await crypto.subtle.importKey("pkcs8", encoded, "Ed25519", false, ["sign"]);
  encoded.fill(0);
  return { sign, public: { octets: fromJwk(jwk) } };
}

function fromJwk(jwk: JsonWebKey): Uint8Array<ArrayBuffer> {
  const text = atob((jwk.x ?? "").replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

export class Device {
  readonly thumbprint: string;
  readonly key: PublicKey;
  readonly #kept: Kept;

  private constructor(kept: Kept, name: string) {
    this.#kept = kept;
    this.key = { octets: kept.octets };
    this.thumbprint = name;
  }

  /** The device of this meeting and invitation in this browser, if there is one. */
  static async find(meeting: string, invitation: string): Promise<Device | undefined> {
    const kept = (await request(DEVICES, "readonly", (devices) => devices.get(`${meeting}/${invitation}`))) as
      | Kept
      | undefined;
    return kept && new Device(kept, await thumbprint({ octets: kept.octets }, webcrypto));
  }

  /** A new device with its chain, on disk before the link is used up: a key that is lost afterwards has used it up for nothing. */
  static async make(meeting: string, invitation: string, vouch: (key: PublicKey) => Promise<Vouched>): Promise<Device> {
    const pair = (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
    const octets = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    const sealing = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const vouched = await vouch({ octets });
    const kept: Kept = { id: `${meeting}/${invitation}`, signing: pair.privateKey, sealing, octets, ...vouched };
    await request(DEVICES, "readwrite", (devices) => devices.put(kept));
    return new Device(kept, await thumbprint({ octets }, webcrypto));
  }

  /** The chain of three. */
  get chain(): string {
    return this.#kept.chain;
  }

  get seat(): string {
    return this.#kept.seat;
  }

  get delegation(): string {
    return this.#kept.delegation;
  }

  /** What the state of groups is sealed under; it can be used in the Worker, and read nowhere. */
  get sealing(): CryptoKey {
    return this.#kept.sealing;
  }

  sign(typ: Typ, payload: Uint8Array<ArrayBuffer>): Promise<string> {
    return signWith(this.#kept.signing, typ, payload);
  }

  // A sitting's group: sealed by the core under `sealing`, bound to this name.

  sealedName(sitting: string): string {
    return `${this.#kept.id}/${sitting}`;
  }

  async group(sitting: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const found = (await request(SEALED, "readonly", (all) => all.get(this.sealedName(sitting)))) as
      | { readonly bytes: Uint8Array<ArrayBuffer> }
      | undefined;
    return found?.bytes;
  }

  /** Replaces the group's sealed state, in one transaction. */
  async keepGroup(sitting: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await request(SEALED, "readwrite", (all) => all.put({ id: this.sealedName(sitting), bytes }));
  }

  async dropGroup(sitting: string): Promise<void> {
    await request(SEALED, "readwrite", (all) => all.delete(this.sealedName(sitting)));
  }

  // The charter's parts and the journals.

  async charter(): Promise<KeptCharter | undefined> {
    const found = (await request(CHARTERS, "readonly", (all) => all.get(this.#kept.id))) as KeptCharter | undefined;
    return found && { charters: found.charters, parts: found.parts };
  }

  /** An excluded device is not given them again, and still reads what it has read. */
  async keepCharter({ charters, parts }: KeptCharter): Promise<void> {
    await request(CHARTERS, "readwrite", (all) => all.put({ id: this.#kept.id, charters, parts }));
  }

  /** What was read before, a journal each, as far as it has no gap; the fold checks it again. */
  async journals(): Promise<ReadonlyMap<string, readonly Entry[]>> {
    const range = IDBKeyRange.bound([this.#kept.id], [this.#kept.id, []]);
    const lines = (await request(JOURNALS, "readonly", (all) => all.getAll(range))) as readonly Line[];
    const journals = new Map<string, Entry[]>();
    for (const { id, h, b } of lines) {
      const [, journal, seq] = id;
      const entries = journals.get(journal) ?? [];
      if (seq !== entries.length + 1) continue;
      const entry = await openEntry(h, b, webcrypto);
      if (isRefusal(entry)) continue;
      entries.push(entry);
      journals.set(journal, entries);
    }
    return journals;
  }

  /** Entries that were read. */
  async append(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    await request(JOURNALS, "readwrite", (all) => {
      const puts = entries.map(({ header, headerBytes, body }) => {
        const line: Line = { id: [this.#kept.id, header.journal, header.seq], h: headerBytes, b: body };
        return all.put(line);
      });
      return puts.at(-1) as IDBRequest;
    });
  }

  /** The newest head of each set of journals that was read at one time. */
  async heads(): Promise<readonly string[]> {
    const range = IDBKeyRange.bound([this.#kept.id], [this.#kept.id, []]);
    const kept = (await request(HEADS, "readonly", (all) => all.getAll(range))) as readonly { readonly jws: string }[];
    return kept.map(({ jws }) => jws);
  }

  /** A head of these journals that is true of what was read. */
  async keepHead(journals: string, jws: string): Promise<void> {
    await request(HEADS, "readwrite", (all) => all.put({ id: [this.#kept.id, journals], jws }));
  }
}

interface Line {
  readonly id: readonly [device: string, journal: string, seq: number];
  readonly h: Uint8Array<ArrayBuffer>;
  readonly b: string | null;
}

let opening: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opening ??= new Promise((resolve, reject) => {
    const open = indexedDB.open(DATABASE, VERSION);
    open.onupgradeneeded = () => {
      const { objectStoreNames } = open.result;
      for (const name of [DEVICES, SEALED, CHARTERS, JOURNALS, HEADS])
        if (!objectStoreNames.contains(name)) open.result.createObjectStore(name, { keyPath: "id" });
    };
    open.onsuccess = () => {
      open.result.onversionchange = () => open.result.close(); // a newer page in another tab
      resolve(open.result);
    };
    open.onerror = () => reject(open.error ?? new Error("this browser keeps nothing"));
  });
  return opening;
}

/** Resolves when the transaction is complete: what was put is on disk. */
async function request(
  name: string,
  mode: IDBTransactionMode,
  make: (objects: IDBObjectStore) => IDBRequest,
): Promise<unknown> {
  const transaction = (await database()).transaction(name, mode, { durability: "strict" });
  return new Promise((resolve, reject) => {
    const made = make(transaction.objectStore(name));
    transaction.oncomplete = () => resolve(made.result);
    transaction.onerror = () => reject(transaction.error ?? new Error("this browser's storage failed"));
    transaction.onabort = transaction.onerror;
  });
}
