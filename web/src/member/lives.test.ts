/** What a member does when its core breaks: nothing more is sent, it begins anew, and not for ever. */
import { expect, test } from "vitest";
import { Core, type Reply } from "../e2ee/core.ts";
import { BEGINS_ANEW, FAULTS_MS, Lives } from "./lives.ts";

interface Told {
  readonly number: number;
  readonly core: Core;
}

/** A member whose cores break when the test says so. */
function member() {
  const said: string[] = [];
  const workers: { readonly say: (reply: Reply) => void; isEnded: boolean }[] = [];
  let now = 0;
  const startCore = () => {
    let say: (reply: Reply) => void = () => undefined;
    const worker = { say: (reply: Reply) => say(reply), isEnded: false };
    workers.push(worker);
    return new Core({
      post: () => undefined,
      listen: (listener) => {
        say = listener;
      },
      end: () => {
        worker.isEnded = true;
      },
    });
  };
  let number = 0;
  const lives = new Lives<Told>({
    startCore,
    begin: (core) => {
      number += 1;
      return { number, core };
    },
    end: (life) => said.push(`end ${life.number}`),
    goOn: (life) => said.push(`go on as ${life.number}`),
    giveUp: (life) => said.push(`give up after ${life.number}`),
    monotonic: () => now,
  });
  const panic = () => workers.at(-1)?.say({ id: 0, failed: "RuntimeError: unreachable" });
  const pass = (ms: number) => {
    now += ms;
  };
  return { lives, said, workers, panic, pass };
}

test("a core that breaks ends the life at once, before who waits for an answer hears of it", async () => {
  const { lives, said, panic } = member();
  const asked = lives.begin().core.ask("newGroupId");
  const heard = asked.catch(() => said.push("who asked"));
  panic();
  expect(said).toEqual(["end 1", "go on as 2"]);
  await heard;
  expect(said).toEqual(["end 1", "go on as 2", "who asked"]);
});

test("a broken core's Worker is ended, and what it still says is not heard", async () => {
  const { lives, said, workers, panic } = member();
  const { core } = lives.begin();
  panic();
  expect(workers.map(({ isEnded }) => isEnded)).toEqual([true, false]);
  workers[0]?.say({ id: 0, failed: "again" });
  expect(said).toEqual(["end 1", "go on as 2"]);
  await expect(core.ask("newGroupId")).rejects.toThrow("the core broke");
});

test("what breaks again and again is given up, and is nobody that looks alive", () => {
  const { lives, said, panic } = member();
  lives.begin();
  for (let fault = 0; fault <= BEGINS_ANEW; fault += 1) panic();
  expect(said).toEqual(["end 1", "go on as 2", "end 2", "go on as 3", "end 3", "give up after 3"]);
  expect(lives.now).toBeUndefined();
});

test("faults that lie far apart are each begun anew", () => {
  const { lives, said, panic, pass } = member();
  lives.begin();
  for (let fault = 0; fault < 2 * BEGINS_ANEW; fault += 1) {
    panic();
    pass(FAULTS_MS / BEGINS_ANEW);
  }
  expect(said.filter((word) => word.startsWith("give up"))).toEqual([]);
  expect(lives.now?.number).toBe(2 * BEGINS_ANEW + 1);
});

test("a life that is over is not ended again by what of it still runs", () => {
  const { lives, said, panic } = member();
  const first = lives.begin();
  panic();
  lives.broke(first);
  expect(said).toEqual(["end 1", "go on as 2"]);
});
