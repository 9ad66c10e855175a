/**
 * A device's sittings: those that it reads or whose door it sees, and the one that it is in, or at whose door it stands. A device is in
 * one at a time; which one follows from what is wanted, from the doors and from the journals (choice.ts).
 */
import { choose, type Seen, type Wants } from "./choice.ts";
import type { Door } from "./feed.ts";
import type { Reader } from "./reader.ts";
import type { Sitting } from "./sitting.ts";

export interface SittingsOptions {
  readonly reader: Pick<Reader, "sittings" | "state" | "terms">;
  /** Makes one that is heard of for the first time. */
  readonly make: (name: string) => Sitting;
  /** Called with each new one, before it does anything. */
  readonly begin: (sitting: Sitting) => void;
}

export class Sittings {
  readonly known = new Map<string, Sitting>();
  #doors: ReadonlyMap<string, Door> = new Map();
  #wants: Wants = "none";
  #current: string | undefined;
  readonly #options: SittingsOptions;

  constructor(options: SittingsOptions) {
    this.#options = options;
  }

  /** The sitting that the device is in, or at whose door it stands. */
  get current(): Sitting | undefined {
    return this.#current === undefined ? undefined : this.known.get(this.#current);
  }

  get doors(): ReadonlyMap<string, Door> {
    return this.#doors;
  }

  see(doors: readonly Door[]): void {
    this.#doors = new Map(doors.map((door) => [door.sitting, door]));
    this.choose();
  }

  want(wants: Wants): void {
    this.#wants = wants;
    this.choose();
  }

  /** Goes into the sitting that is wanted and can be seen: by its door, or by its journal. */
  choose(): void {
    for (const [name, sitting] of this.known) sitting.atTheDoor(this.#doors.get(name));
    const chosen = this.#chosen();
    if (chosen === undefined) return;
    for (const [name, sitting] of this.known) if (name !== chosen) sitting.stayOut();
    this.#current = chosen;
    const sitting = this.of(chosen);
    if (!sitting.wantsIn) sitting.enter();
  }

  of(name: string): Sitting {
    const known = this.known.get(name);
    if (known) return known;
    const sitting = this.#options.make(name);
    this.known.set(name, sitting);
    sitting.atTheDoor(this.#doors.get(name));
    this.#options.begin(sitting);
    return sitting;
  }

  /** Devices that another sitting admitted, as far as we read. */
  knownElsewhere(but: string): ReadonlySet<string> {
    const { reader } = this.#options;
    const others = reader.sittings.filter((name) => name !== but);
    return new Set(others.flatMap((name) => [...(reader.state(name)?.sitting.lobby.admittedOnce ?? [])]));
  }

  #chosen(): string | undefined {
    const names = new Set([...this.#doors.keys(), ...this.#options.reader.sittings]);
    const { current } = this;
    const isWaitedFor = this.#doors.get(current?.id ?? "")?.state === "unopened";
    const isBusy = current?.wantsIn === true && current.phase !== "closed" && !isWaitedFor;
    return choose(
      this.#wants,
      [...names].map((name) => this.#seen(name)),
      isBusy ? current.id : undefined,
    );
  }

  #seen(name: string): Seen {
    const { reader } = this.#options;
    const door = this.#doors.get(name);
    const read = reader.sittings.includes(name) ? reader.state(name)?.sitting.stage : door?.state;
    const opens = door?.opens ?? reader.terms?.sittings.get(name)?.opens ?? 0;
    return { sitting: name, stage: read ?? "unopened", opens };
  }
}
