/**
 * What a tab remembers over a reload, and forgets when it is closed: its link until it is used, that it was inside, its devices and view.
 *
 * A tab's own `sessionStorage`, so that several seats can be open in one browser. What is read is checked: a page of another
 * version may have written it.
 */

import * as v from "valibot";

const Memory = v.object({
  meeting: v.optional(v.string(), ""),
  /** Thumbprint of the authority of the invitation. */
  authority: v.optional(v.string(), ""),
  /** Thumbprint of the invitation's key, once its device is enrolled. */
  invitation: v.optional(v.string(), ""),
  /** The invitation's seed, until its device is enrolled: a secret, and of no use afterwards. */
  seed: v.optional(v.string(), ""),
  /** The sitting that this tab was in; "": none, or the first open one. */
  sitting: v.optional(v.string(), ""),
  isInside: v.optional(v.boolean(), false),
  camera: v.optional(v.string(), ""),
  microphone: v.optional(v.string(), ""),
  loudspeaker: v.optional(v.string(), ""),
  isCameraOn: v.optional(v.boolean(), true),
  /** Absent until somebody chose: then the first tab's is on, and the others' off. */
  isLoudspeakerOn: v.optional(v.boolean()),
  view: v.optional(v.picklist(["speaker", "chamber"]), "chamber"),
});

export type Remembered = v.InferOutput<typeof Memory>;

const KEY = "incamera.tab";

export class TabMemory {
  readonly #storage: Storage;
  #now: Remembered;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#now = read(storage);
  }

  get now(): Remembered {
    return this.#now;
  }

  keep(change: Partial<Remembered>): void {
    this.#now = { ...this.#now, ...change };
    try {
      this.#storage.setItem(KEY, JSON.stringify(this.#now));
    } catch {
      // A browser that keeps nothing loses the seat at a reload, not the call.
    }
  }
}

function read(storage: Storage): Remembered {
  const nothing = v.parse(Memory, {});
  try {
    const parsed = v.safeParse(Memory, JSON.parse(storage.getItem(KEY) ?? "{}"));
    return parsed.success ? parsed.output : nothing;
  } catch {
    return nothing;
  }
}
