import { expect, test } from "vitest";
import type { Input, InputState } from "../../member/plane.ts";
import { browserOf, checkCamera, checkLoudspeaker, checkMicrophone, checkNetwork } from "./checks.ts";

const input = (state: InputState): Input => ({ state, id: "", choices: [] });

test("a camera that works says what others get", () => {
  expect(checkCamera({ ...input("ready"), picture: { width: 1280, height: 720, rate_fps: 30 } })).toEqual({
    state: "ok",
    says: "check/camera/ready",
    values: { width: 1280, height: 720, rate: 30 },
  });
});

test("each failure says by whom it is repaired", () => {
  for (const state of ["denied", "missing", "busy"] as const)
    expect(checkCamera(input(state))).toMatchObject({ state: "failed", repairedBy: "you" });
  expect(checkMicrophone(input("failed"), "waiting")).toMatchObject({ state: "failed", repairedBy: "technician" });
  expect(checkNetwork({ state: "refused", status: 401 })).toMatchObject({ state: "failed", repairedBy: "secretariat" });
  expect(checkNetwork({ state: "unreachable" })).toMatchObject({ state: "failed", repairedBy: "technician" });
});

test("a microphone is not called good before it was heard", () => {
  expect(checkMicrophone(input("ready"), "waiting").state).toBe("todo");
  expect(checkMicrophone(input("ready"), "quiet").state).toBe("limit");
  expect(checkMicrophone(input("ready"), "heard").state).toBe("ok");
});

test("only the listener knows whether the loudspeaker works", () => {
  expect(checkLoudspeaker("asked").state).toBe("todo");
  expect(checkLoudspeaker("heard").state).toBe("ok");
  expect(checkLoudspeaker("unheard").state).toBe("failed");
});

test("the three steps are those of the browser that denied", () => {
  expect(browserOf("Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/140.0")).toBe("firefox");
  expect(browserOf("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15")).toBe("safari");
  expect(browserOf("Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36")).toBe("chromium");
});
