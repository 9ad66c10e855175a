/** What a fold remembers of a journal's past: each entry's hash, which acts are in it, which nonces were used. */
import type { Place } from "../record/entry.ts";

/**
 * An immutable sequence of different values that grows at its end in constant time: a journal may have 200,000 entries. All values of
 * one line share one storage, and each sees its own length only; growing one that is not the newest copies.
 */
export class Past {
  readonly #items: string[];
  readonly #places: Map<string, number>;
  readonly length: number;

  private constructor(items: string[], places: Map<string, number>, length: number) {
    this.#items = items;
    this.#places = places;
    this.length = length;
  }

  static empty(): Past {
    return new Past([], new Map(), 0);
  }

  has(item: string): boolean {
    return (this.#places.get(item) ?? this.length) < this.length;
  }

  at(place: number): string | undefined {
    return place < this.length ? this.#items[place] : undefined;
  }

  grown(item: string): Past {
    const isNewest = this.length === this.#items.length;
    const items = isNewest ? this.#items : this.#items.slice(0, this.length);
    const places = isNewest ? this.#places : new Map(items.map((known, place) => [known, place]));
    items.push(item);
    places.set(item, this.length);
    return new Past(items, places, this.length + 1);
  }
}

export class Trail {
  /** Hashes of the entries: that of seq n at n - 1. */
  readonly hashes: Past;
  /** Hashes of their bodies; that of an act is the act's hash: an act stands once. */
  readonly bodies: Past;
  /** Author and nonce: the server's own entries have the author "". */
  readonly nonces: Past;

  private constructor(hashes: Past, bodies: Past, nonces: Past) {
    this.hashes = hashes;
    this.bodies = bodies;
    this.nonces = nonces;
  }

  static empty(): Trail {
    return new Trail(Past.empty(), Past.empty(), Past.empty());
  }

  /** How many entries there are: the newest one's seq. */
  get seq(): number {
    return this.hashes.length;
  }

  /** Whether an entry with this seq and hash is on this chain. */
  holds([seq, hash]: Place): boolean {
    return seq >= 1 && this.hashes.at(seq - 1) === hash;
  }

  usedNonce(author: string, nonce: string): boolean {
    return this.nonces.has(`${author}.${nonce}`);
  }

  grown(entry: { hash: string; body: string; author: string; nonce: string }): Trail {
    return new Trail(
      this.hashes.grown(entry.hash),
      this.bodies.grown(entry.body),
      this.nonces.grown(`${entry.author}.${entry.nonce}`),
    );
  }
}
