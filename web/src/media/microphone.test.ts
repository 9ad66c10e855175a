import { expect, test } from "vitest";
import { closedMicrophone, type MicrophoneEvent, microphoneAfter, whyClosed } from "./microphone.ts";

const after = (...events: MicrophoneEvent[]) => events.reduce(microphoneAfter, closedMicrophone);

test("without the floor a press opens nothing, and it is said why", () => {
  expect(after("pressed").isOpen).toBe(false);
  expect(whyClosed(after("pressed"))).toBe("floor.not_yours");
});

test("who asked is on air when the floor is given", () => {
  expect(after("asked", "may_speak")).toEqual({ isOpen: true, isArmed: false, maySpeak: true });
});

test("who did not ask, or asked no more, has it closed until a press", () => {
  expect(after("may_speak").isOpen).toBe(false);
  expect(after("asked", "withdrew", "may_speak").isOpen).toBe(false);
  expect(after("may_speak", "pressed").isOpen).toBe(true);
  expect(whyClosed(after("may_speak"))).toBeUndefined();
});

test("it closes when the floor goes, and stays closed when it comes back", () => {
  expect(after("asked", "may_speak", "may_not_speak").isOpen).toBe(false);
  expect(after("asked", "may_speak", "may_not_speak", "may_speak").isOpen).toBe(false);
});

test("the same word twice changes nothing", () => {
  expect(after("may_speak", "pressed", "may_speak").isOpen).toBe(true);
});
