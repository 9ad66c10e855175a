/** How large the pictures are that this page sends. */

export interface Quality {
  readonly width: number;
  readonly height: number;
  readonly rate_fps: number;
  readonly bitrate_bps: number;
}

/** By the name in `?quality=`; `low` is for many pages on one machine: the smallest that livekit-client sends in two layers. */
export const qualities = {
  low: { width: 480, height: 270, rate_fps: 12, bitrate_bps: 240_000 },
  medium: { width: 640, height: 360, rate_fps: 15, bitrate_bps: 450_000 },
  standard: { width: 1280, height: 720, rate_fps: 30, bitrate_bps: 1_500_000 },
} as const satisfies Record<string, Quality>;

export type QualityName = keyof typeof qualities;

export function qualityNamed(name: string | null): Quality {
  return qualities[name !== null && Object.hasOwn(qualities, name) ? (name as QualityName) : "standard"];
}
