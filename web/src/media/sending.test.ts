import { describe, expect, test } from "vitest";
import { Sending } from "./sending.ts";

function sendingUnder(index: number): Sending {
  const sending = new Sending(50);
  sending.require(index, true);
  sending.switchTo(index);
  return sending;
}

describe("our own frames", () => {
  test("leave under the key that is due", async () => {
    expect(await sendingUnder(3).ready("video")).toBe(true);
    expect(await sendingUnder(3).ready("audio")).toBe(true);
  });

  test("do not leave before there is a key", async () => {
    const sending = new Sending(50);
    expect(await sending.ready("video")).toBe(false);
    sending.require(null, true);
    expect(await sending.ready("audio")).toBe(false);
    expect(sending.counts().index).toBeNull();
  });

  test("wait for a key that is due, pictures only", async () => {
    const sending = sendingUnder(3);
    sending.require(4, true);
    expect(await sending.ready("audio")).toBe(false);
    const ready = sending.ready("video");
    sending.switchTo(4);
    expect(await ready).toBe(true);
  });

  test("wait once for a key that does not come, and leave when it does", async () => {
    const sending = sendingUnder(3);
    sending.require(4, true);
    expect(await sending.ready("video")).toBe(false);
    const again = sending.ready("video");
    sending.switchTo(4);
    expect(await again).toBe(false);
    expect(await sending.ready("video")).toBe(true);
  });

  test("are ours under the present key and the one before: what was sealed while it changed is on its way", () => {
    const sending = sendingUnder(3);
    sending.switchTo(4);
    expect([2, 3, 4, undefined].map((index) => sending.isOurs(index))).toEqual([false, true, true, false]);
  });

  test("stop at once when nothing may leave", async () => {
    const sending = sendingUnder(3);
    sending.require(null, true);
    expect(await sending.ready("video")).toBe(false);
    expect(sending.counts().index).toBeNull();
  });

  test("are pictures alone while another has the floor", async () => {
    const sending = sendingUnder(3);
    sending.require(3, false);
    expect(await sending.ready("audio")).toBe(false);
    expect(await sending.ready("video")).toBe(true);
  });
});
