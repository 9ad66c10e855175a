/** Another participant of the room, as it is drawn. */
import type { Seat } from "../accreditation/seat.ts";

/** `paused`: the server sends no picture for now, so that sound is not hurt. */
export type PictureState = "on" | "off" | "paused" | "none";

export interface Participant {
  readonly seat: Seat;
  /** Absent while the participant is here; else since when its connection is lost. */
  readonly lost_ms?: number;
  readonly picture: PictureState;
  /** Changes when there is another picture to attach; empty while there is none yet. */
  readonly pictureKey: string;
  readonly sound: boolean;
}
