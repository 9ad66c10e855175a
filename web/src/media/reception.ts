/**
 * Whom of a room we take in, and what of it is shown: by the roster and the gate's counts, whatever the server says.
 *
 * A track is subscribed when its participant's device is on the roster and it is labelled as sealed, and it is shown or played only
 * after the gate counted a frame of it that this participant's key opened. What the server says of muting, names and attributes
 * decides nothing: a picture is on while its frames open.
 */
import {
  Encryption_Type,
  type RemoteAudioTrack,
  type RemoteParticipant,
  type RemoteTrack,
  type RemoteTrackPublication,
  type Room,
  Track,
} from "livekit-client";
import type { Seat } from "../accreditation/seat.ts";
import type { Participant, PictureState } from "./participant.ts";
import type { Seal } from "./seal.ts";

/** A picture of which no frame opened for so long is not on: milliseconds. */
const QUIET_MS = 3_000;

interface Shown {
  readonly opened: number;
  readonly at_ms: number;
}

export class Reception {
  readonly #seal: Seal;
  readonly #seatOf: (identity: string) => Seat | undefined;
  readonly #now: () => number;
  /** Per track: how many frames had opened, and since when no more did. */
  readonly #shown = new Map<string, Shown>();
  #loudspeakerOn: boolean;

  constructor(seal: Seal, seatOf: (identity: string) => Seat | undefined, now: () => number, loudspeakerOn: boolean) {
    this.#seal = seal;
    this.#seatOf = seatOf;
    this.#now = now;
    this.#loudspeakerOn = loudspeakerOn;
  }

  setLoudspeaker(on: boolean, room: Room | undefined): void {
    this.#loudspeakerOn = on;
    for (const { track } of room === undefined ? [] : soundsOf(room)) track.setVolume(on ? 1 : 0);
  }

  /** Brings subscriptions and sound to where roster, labels and counts stand. */
  follow(room: Room): void {
    for (const participant of room.remoteParticipants.values()) {
      this.#seal.meet(participant.identity);
      for (const publication of participant.trackPublications.values()) {
        const isWanted = this.#isWanted(participant, publication);
        if (isWanted !== publication.isDesired) publication.setSubscribed(isWanted);
      }
    }
    this.#count();
    for (const { participant, publication, track } of soundsOf(room))
      if (this.#isShown(participant, publication) && track.attachedElements.length === 0) {
        track.setVolume(this.#loudspeakerOn ? 1 : 0);
        track.attach();
      }
    for (const participant of room.remoteParticipants.values())
      for (const publication of participant.trackPublications.values())
        if (publication.track && !this.#isShown(participant, publication)) takeAway(publication.track);
  }

  /** A participant on the roster as it is drawn; undefined for anybody else. */
  describe(participant: RemoteParticipant): Participant | undefined {
    if (!this.#seal.isRostered(participant.identity)) return undefined;
    const seat = this.#seatOf(participant.identity);
    if (seat === undefined) return undefined;
    const publications = [...participant.trackPublications.values()];
    const camera = this.#camera(participant);
    const track = camera?.track;
    const isShown = camera !== undefined && this.#isShown(participant, camera);
    return {
      seat,
      picture: camera === undefined ? "none" : isShown ? this.#stateOf(camera) : camera.isMuted ? "off" : "on",
      pictureKey: isShown ? (track?.mediaStreamID ?? "") : "",
      sound: publications.some((one) => one.kind === Track.Kind.Audio && this.#isWanted(participant, one)),
    };
  }

  /** The picture of a participant, once frames of it opened under its key. */
  picture(participant: RemoteParticipant | undefined): RemoteTrack | undefined {
    const camera = participant && this.#camera(participant);
    return participant && camera && this.#isShown(participant, camera) ? camera.track : undefined;
  }

  #camera(participant: RemoteParticipant): RemoteTrackPublication | undefined {
    const camera = participant.getTrackPublication(Track.Source.Camera);
    return camera?.kind === Track.Kind.Video && this.#isWanted(participant, camera) ? camera : undefined;
  }

  #isWanted({ identity }: RemoteParticipant, { trackInfo }: RemoteTrackPublication): boolean {
    return this.#seal.isRostered(identity) && trackInfo?.encryption === Encryption_Type.GCM;
  }

  #isShown(participant: RemoteParticipant, publication: RemoteTrackPublication): boolean {
    const { track } = publication;
    return (
      track !== undefined &&
      this.#isWanted(participant, publication) &&
      this.#seal.opened(participant.identity, track.mediaStreamID) > 0
    );
  }

  #stateOf(camera: RemoteTrackPublication): PictureState {
    const seen = this.#shown.get(camera.track?.mediaStreamID ?? "");
    if (seen !== undefined && this.#now() - seen.at_ms <= QUIET_MS) return "on";
    // No frame opened for a while: now the server may say why, since nothing of it is a picture.
    if (camera.isMuted) return "off";
    return camera.track?.streamState === Track.StreamState.Paused ? "paused" : "on";
  }

  #count(): void {
    const now = this.#now();
    for (const { track, opened } of this.#seal.store.snapshot().counts)
      if (opened !== this.#shown.get(track)?.opened) this.#shown.set(track, { opened, at_ms: now });
  }
}

/** From wherever it is shown or played. Elements for sound are ours; those for pictures are the screen's. */
export function takeAway(track: RemoteTrack): void {
  for (const element of track.attachedElements.length === 0 ? [] : track.detach())
    if (track.kind === Track.Kind.Audio) element.remove();
}

function* soundsOf(room: Room) {
  for (const participant of room.remoteParticipants.values())
    for (const publication of participant.trackPublications.values())
      if (publication.track?.kind === Track.Kind.Audio)
        yield { participant, publication, track: publication.track as RemoteAudioTrack };
}
