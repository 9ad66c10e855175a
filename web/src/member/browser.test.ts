import { expect, test } from "vitest";
import { canJoin, canSign, isFirstTab } from "./browser.ts";

function browser(sender: object, more: object = {}): typeof globalThis {
  return {
    RTCPeerConnection: class {},
    RTCRtpSender: { prototype: sender },
    navigator: { mediaDevices: { getUserMedia: () => undefined } },
    ...more,
  } as unknown as typeof globalThis;
}

test("a browser joins only if it has calls and access to encoded frames", () => {
  expect(canJoin(browser({ createEncodedStreams: () => undefined }))).toBe(true);
  expect(canJoin(browser({}, { RTCRtpScriptTransform: class {} }))).toBe(true);
  expect(canJoin(browser({}))).toBe(false);
  expect(canJoin({} as typeof globalThis)).toBe(false);
});

test("a browser joins only if it has Ed25519: one without says so, and does not stand at the door for ever", async () => {
  const old = { generateKey: () => Promise.reject(new DOMException("Unrecognized name", "NotSupportedError")) };
  expect(await canSign()).toBe(true);
  expect(await canSign(old as unknown as SubtleCrypto)).toBe(false);
});

test("the first tab that holds the lock has the loudspeaker, the next has not", async () => {
  let isHeld = false;
  const locks = {
    request: async (_: string, __: object, callback: (lock: object | null) => unknown) => {
      const lock = isHeld ? null : {};
      isHeld = true;
      return callback(lock);
    },
  } as unknown as LockManager;
  expect(await isFirstTab(locks)).toBe(true);
  expect(await isFirstTab(locks)).toBe(false);
});
