/** The room of the sitting that we are in: one at a time, from the group's first round with us until we leave. */
import type { Seat } from "../accreditation/seat.ts";
import type { RoomSnapshot } from "../media/room.ts";
import type { Code } from "../refusal.ts";
import { type Readable, Store } from "../store.ts";
import { Chamber, outside } from "./chamber.ts";
import type { Client } from "./client.ts";
import type { Device } from "./device.ts";
import type { Sitting } from "./sitting.ts";
import type { Station } from "./station.ts";

export interface RoomsOptions {
  readonly station: Station;
  readonly seatOf: (identity: string) => Seat | undefined;
  readonly isLoudspeakerOn: () => boolean;
  /** The media server ended it for good: what the record says goes on, and is shown. */
  readonly ended: (why: Code) => void;
  readonly now: () => number;
}

export class Rooms {
  readonly #options: RoomsOptions;
  readonly #store = new Store<RoomSnapshot>(outside);
  #present: { readonly of: Sitting; readonly media: Chamber } | undefined;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  get store(): Readable<RoomSnapshot> {
    return this.#store;
  }

  /** Undefined: we are in none. */
  get media(): Chamber | undefined {
    return this.#present?.media;
  }

  /** The room of this sitting, out of any other; `instance` is our connection's name there. */
  of(sitting: Sitting, device: Device, client: Client, instance: string): Chamber {
    if (this.#present?.of === sitting) return this.#present.media;
    void this.#present?.media.leave();
    const { station, seatOf, isLoudspeakerOn, now } = this.#options;
    const media = new Chamber({
      ...{ sitting, device, client, station, instance, seatOf, isLoudspeakerOn, now },
      random: Math.random,
    });
    this.#present = { of: sitting, media };
    station.onTrack = () => media.publish();
    media.room.subscribe(() => {
      if (this.#present?.media === media) this.#store.set(media.room.snapshot());
    });
    void media.stay().then((why) => {
      if (why !== undefined && this.#present?.media === media) this.#options.ended(why);
    });
    return media;
  }

  /** Nothing of ours is sent from now on; resolves when the connection has ended. */
  async leave(): Promise<void> {
    const present = this.#present;
    this.#present = undefined;
    this.#store.set(outside);
    await present?.media.leave();
  }
}
