/** How large the pictures are that this page sends. */

export interface Quality {
  readonly width: number;
  readonly height: number;
  readonly rate_fps: number;
  readonly bitrate_bps: number;
}

/** By the name in `?quality=`; `low` is for tests and for many pages on one machine, `medium` still sends two layers. */
export const qualities = {
  low: { width: 320, height: 180, rate_fps: 15, bitrate_bps: 160_000 },
  medium: { width: 640, height: 360, rate_fps: 15, bitrate_bps: 450_000 },
  standard: { width: 1280, height: 720, rate_fps: 30, bitrate_bps: 1_500_000 },
} as const satisfies Record<string, Quality>;

export type QualityName = keyof typeof qualities;

export function qualityNamed(name: string | null): Quality {
  return qualities[name !== null && Object.hasOwn(qualities, name) ? (name as QualityName) : "standard"];
}
