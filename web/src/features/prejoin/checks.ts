/** The rows of the check, from what is known: pure, so that each state can be tested without a device. */

import type { Input, InputState, NetworkState } from "../../member/plane.ts";

/** How a row of the check stands. */
export type CheckState = "todo" | "running" | "ok" | "limit" | "failed";
export type Repairer = "you" | "technician" | "secretariat";

export interface Check {
  readonly state: CheckState;
  /** Key of the sentence that says what is so. */
  readonly says: string;
  readonly values?: Readonly<Record<string, string | number>>;
  readonly repairedBy?: Repairer;
}

interface CameraFacts extends Input {
  readonly picture?: { readonly width: number; readonly height: number; readonly rate_fps: number };
}

export function checkCamera(camera: CameraFacts): Check {
  if (camera.state === "ready" && camera.picture !== undefined) {
    const { width, height, rate_fps } = camera.picture;
    return { state: "ok", says: "check/camera/ready", values: { width, height, rate: rate_fps } };
  }
  return ofInput("camera", camera.state);
}

/** What the ear of the check has heard so far. */
export type Hearing = "deaf" | "waiting" | "heard" | "quiet";

export function checkMicrophone(microphone: Input, hearing: Hearing): Check {
  if (microphone.state !== "ready") return ofInput("microphone", microphone.state);
  switch (hearing) {
    case "deaf":
      return { state: "todo", says: "check/microphone/unheard" };
    case "waiting":
      return { state: "todo", says: "check/microphone/say" };
    case "heard":
      return { state: "ok", says: "check/microphone/ready" };
    case "quiet":
      return { state: "limit", says: "check/microphone/quiet", repairedBy: "you" };
  }
}

export type Tone = "silent" | "playing" | "asked" | "heard" | "unheard";

export function checkLoudspeaker(tone: Tone): Check {
  switch (tone) {
    case "silent":
      return { state: "todo", says: "check/loudspeaker/todo" };
    case "playing":
      return { state: "running", says: "check/loudspeaker/running" };
    case "asked":
      return { state: "todo", says: "check/loudspeaker/asked" };
    case "heard":
      return { state: "ok", says: "check/loudspeaker/ok" };
    case "unheard":
      return { state: "failed", says: "check/loudspeaker/failed", repairedBy: "you" };
  }
}

export function checkNetwork(network: NetworkState): Check {
  switch (network.state) {
    case "running":
      return { state: "running", says: "check/network/running" };
    case "ok":
      return { state: "ok", says: "check/network/ok", values: { time: network.roundTrip_ms } };
    case "refused":
      return {
        state: "failed",
        says: "check/network/refused",
        values: { status: network.status },
        repairedBy: "secretariat",
      };
    case "unreachable":
      return { state: "failed", says: "check/network/unreachable", repairedBy: "technician" };
  }
}

function ofInput(kind: "camera" | "microphone", state: InputState): Check {
  const says = `check/${kind}/${state}`;
  switch (state) {
    case "asking":
      return { state: "running", says };
    case "ready":
      return { state: "running", says: `check/${kind}/asking` };
    case "off":
      return { state: "limit", says, repairedBy: "you" };
    case "denied":
    case "missing":
    case "busy":
      return { state: "failed", says, repairedBy: "you" };
    case "failed":
      return { state: "failed", says, repairedBy: "technician" };
  }
}

export type Browser = "chromium" | "firefox" | "safari";

/** Whose three steps to show when a permission is denied. */
export function browserOf(userAgent: string): Browser {
  if (/firefox\//i.test(userAgent)) return "firefox";
  return /safari\//i.test(userAgent) && !/chrom/i.test(userAgent) ? "safari" : "chromium";
}
