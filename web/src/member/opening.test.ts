/** A chair opens a sitting over a network that fails, and at a server that says no. */
import { expect, test } from "vitest";
import type { Code, Refusal } from "../refusal.ts";
import { opened } from "./opening.ts";
import type { SittingPhase } from "./sitting.ts";

interface Look {
  readonly phase?: SittingPhase;
  readonly refused?: Code;
}

/** What the chair is told, and after how many looks. */
async function opening(looks: readonly Look[]): Promise<{ told: Refusal | undefined; after: number }> {
  let after = 0;
  const look = () => looks[Math.max(after - 1, 0)];
  const sitting = {
    get phase() {
      return look()?.phase ?? "outside";
    },
    deeds: {
      get refusal() {
        const refused = look()?.refused;
        return refused && { refused };
      },
    },
  };
  const told = await opened(sitting, async (holds) => {
    do after += 1;
    while (!holds() && after < looks.length);
  });
  return { told, after };
}

test.each<Code>(["server.unreachable", "record.moved", "server.closing", "storage.failed"])(
  "%s passes: who opens goes on waiting, and is told of nothing",
  async (refused) => {
    const looks = [{}, { refused }, { refused }, { refused, phase: "member" }] as const;
    expect(await opening(looks)).toEqual({ told: undefined, after: 4 });
  },
);

test("a no of the server ends the wait, though the network failed before it", async () => {
  const looks: Look[] = [{ refused: "server.unreachable" }, { refused: "act.role" }, { phase: "member" }];
  expect(await opening(looks)).toEqual({ told: { refused: "act.role" }, after: 2 });
});

test("whose part ends meanwhile is told what stood in the way", async () => {
  const refused = "server.unreachable";
  expect(await opening([{ refused }])).toEqual({ told: { refused }, after: 1 });
});
