/**
 * A seat's device: a key pair that never leaves this browser, and what is sealed at rest beside it.
 *
 * The signing key is a non-extractable WebCrypto key in IndexedDB: copying it is not possible, using it is, for whoever runs script on
 * this origin. The state of MLS groups is bytes, sealed under a non-extractable AES-GCM key of its own.
 */
import { ascii, b64u } from "../accreditation/bytes.ts";
import { headerOf, type PublicKey, type Typ, thumbprint } from "../accreditation/signature.ts";
import { webcrypto } from "./webcrypto.ts";

/** What is kept of an enrolled device. */
interface Kept {
  readonly id: string;
  readonly signing: CryptoKey;
  readonly sealing: CryptoKey;
  readonly octets: Uint8Array<ArrayBuffer>;
  /** The chain of three, once it is enrolled. */
  readonly chain: string | null;
  readonly seat: string | null;
  readonly delegation: string | null;
}

const DATABASE = "incamera";
const DEVICES = "devices";
const SEALED = "sealed";
const NONCE_LENGTH = 12;

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
  #kept: Kept;

  private constructor(kept: Kept, name: string) {
    this.#kept = kept;
    this.key = { octets: kept.octets };
    this.thumbprint = name;
  }

  /** The device of this meeting and invitation in this browser, if there is one. */
  static async find(meeting: string, invitation: string): Promise<Device | undefined> {
    const kept = (await request(await store(DEVICES, "readonly"), (devices) =>
      devices.get(`${meeting}/${invitation}`),
    )) as Kept | undefined;
    return kept && new Device(kept, await thumbprint({ octets: kept.octets }, webcrypto));
  }

  /** A new device, kept before anybody hears of it. */
  static async make(meeting: string, invitation: string): Promise<Device> {
    const pair = (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
    const octets = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    const sealing = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const id = `${meeting}/${invitation}`;
    const kept: Kept = { id, signing: pair.privateKey, sealing, octets, chain: null, seat: null, delegation: null };
    await request(await store(DEVICES, "readwrite"), (devices) => devices.put(kept));
    return new Device(kept, await thumbprint({ octets }, webcrypto));
  }

  /** The chain of three, once the device is enrolled. */
  get chain(): string | null {
    return this.#kept.chain;
  }

  get seat(): string | null {
    return this.#kept.seat;
  }

  get delegation(): string | null {
    return this.#kept.delegation;
  }

  sign(typ: Typ, payload: Uint8Array<ArrayBuffer>): Promise<string> {
    return signWith(this.#kept.signing, typ, payload);
  }

  /** The record has its enrolment: the chain is kept, and the link is no longer needed. */
  async enrolled(chain: string, delegation: string, seat: string): Promise<void> {
    this.#kept = { ...this.#kept, chain, delegation, seat };
    await request(await store(DEVICES, "readwrite"), (devices) => devices.put(this.#kept));
  }

  /** Keeps bytes sealed under this device's sealing key; what was there under the name is gone in the same transaction. */
  async seal(name: string, plain: Uint8Array<ArrayBuffer>): Promise<void> {
    const iv = crypto.getRandomValues(new Uint8Array(NONCE_LENGTH));
    const additionalData = ascii(this.#nameOf(name));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, this.#kept.sealing, plain);
    const bytes = new Uint8Array([...iv, ...new Uint8Array(sealed)]);
    await request(await store(SEALED, "readwrite"), (all) => all.put({ id: this.#nameOf(name), bytes }));
  }

  /** What was sealed under the name, or undefined: nothing, or not by this device. */
  async unseal(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const found = (await request(await store(SEALED, "readonly"), (all) => all.get(this.#nameOf(name)))) as
      | { readonly bytes: Uint8Array<ArrayBuffer> }
      | undefined;
    if (!found) return undefined;
    const iv = found.bytes.slice(0, NONCE_LENGTH);
    const additionalData = ascii(this.#nameOf(name));
    try {
      const sealed = found.bytes.slice(NONCE_LENGTH);
      return new Uint8Array(
        await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, this.#kept.sealing, sealed),
      );
    } catch {
      return undefined;
    }
  }

  async forget(name: string): Promise<void> {
    await request(await store(SEALED, "readwrite"), (all) => all.delete(this.#nameOf(name)));
  }

  #nameOf(name: string): string {
    return `${this.#kept.id}/${name}`;
  }
}

let opening: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opening ??= new Promise((resolve, reject) => {
    const open = indexedDB.open(DATABASE, 1);
    open.onupgradeneeded = () => {
      open.result.createObjectStore(DEVICES, { keyPath: "id" });
      open.result.createObjectStore(SEALED, { keyPath: "id" });
    };
    open.onsuccess = () => resolve(open.result);
    open.onerror = () => reject(open.error ?? new Error("this browser keeps nothing"));
  });
  return opening;
}

async function store(name: string, mode: IDBTransactionMode): Promise<IDBObjectStore> {
  const transaction = (await database()).transaction(name, mode, { durability: "strict" });
  return transaction.objectStore(name);
}

/** Resolves when the transaction is complete: what was put is on disk. */
function request(objects: IDBObjectStore, make: (objects: IDBObjectStore) => IDBRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const made = make(objects);
    const { transaction } = objects;
    transaction.oncomplete = () => resolve(made.result);
    transaction.onerror = () => reject(transaction.error ?? new Error("this browser's storage failed"));
    transaction.onabort = transaction.onerror;
  });
}
