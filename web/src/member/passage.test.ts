/** A device that goes over from one sitting to another. */
import { expect, test } from "vitest";
import type { Refusal } from "../refusal.ts";
import { goOver } from "./passage.ts";

/** What it did, in order. */
async function going(answer: Refusal | undefined): Promise<readonly (string | Refusal)[]> {
  const did: (string | Refusal)[] = [];
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  const refusal = await goOver({
    leave: async () => {
      await turn();
      did.push("left");
      return answer;
    },
    endMedia: async () => {
      await turn();
      did.push("sends nothing");
    },
    stay: () => did.push("stays"),
    enter: () => did.push("enters"),
  });
  return refusal ? [...did, refusal] : did;
}

test("sending in the first has ended before the second is entered", async () => {
  expect(await going(undefined)).toEqual(["left", "sends nothing", "enters"]);
});

test("who is not let go stays where it was, with its pictures and sound", async () => {
  const refusal: Refusal = { refused: "server.unreachable" };
  expect(await going(refusal)).toEqual(["left", "stays", refusal]);
});
