/** How loud a microphone is: a meter beside the track, which hears it also while it is closed. */

/** Below this nobody would understand; room noise is about here. In dB below full scale. */
export const SPEECH_DBFS = -45;
/** The range that the meter's segments cover, in dB below full scale. */
const METER_MIN_DBFS = -60;
const METER_MAX_DBFS = -6;

/** How many of `count` segments are lit. */
export function segmentsLit(level_dbfs: number, count: number): number {
  const share = (level_dbfs - METER_MIN_DBFS) / (METER_MAX_DBFS - METER_MIN_DBFS);
  return Math.round(Math.min(1, Math.max(0, share)) * count);
}

/** Level of samples between -1 and 1, in dB below full scale; silence is `-Infinity`. */
export function levelOf(samples: Float32Array): number {
  let power = 0;
  for (const sample of samples) power += sample * sample;
  return 10 * Math.log10(power / samples.length);
}

export class LevelMeter {
  readonly #context: AudioContext;
  readonly #analyser: AnalyserNode;
  readonly #ear: MediaStreamTrack;
  readonly #samples: Float32Array<ArrayBuffer>;

  /** `track` is listened to by a clone: closing the microphone does not deafen the meter. */
  constructor(track: MediaStreamTrack) {
    this.#ear = track.clone();
    this.#ear.enabled = true;
    this.#context = new AudioContext();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 2048;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#context.createMediaStreamSource(new MediaStream([this.#ear])).connect(this.#analyser);
  }

  /** dB below full scale; `undefined` while the browser does not let the page listen (before the first press). */
  read(): number | undefined {
    if (this.#context.state !== "running") {
      void this.#context.resume().catch(() => undefined);
      return undefined;
    }
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return levelOf(this.#samples);
  }

  close(): void {
    this.#ear.stop();
    void this.#context.close();
  }
}
