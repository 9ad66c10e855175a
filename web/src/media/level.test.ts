import { expect, test } from "vitest";
import { levelOf, segmentsLit } from "./level.ts";

test("a full-scale sine is three decibels below full scale", () => {
  const sine = Float32Array.from({ length: 4800 }, (_, index) => Math.sin((2 * Math.PI * index) / 48));
  expect(levelOf(sine)).toBeCloseTo(-3.01, 1);
});

test("silence lights no segment, and shouting lights all of them", () => {
  expect(levelOf(new Float32Array(128))).toBe(Number.NEGATIVE_INFINITY);
  expect(segmentsLit(Number.NEGATIVE_INFINITY, 28)).toBe(0);
  expect(segmentsLit(0, 28)).toBe(28);
  expect(segmentsLit(-33, 28)).toBe(14);
});
