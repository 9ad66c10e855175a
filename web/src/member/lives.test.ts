/** What a member does when its core breaks: nothing more is sent, it begins anew, and not for ever. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Core, type Reply } from "../e2ee/core.ts";
import { ANSWER_LOOKS, START_LOOKS } from "../e2ee/patience.ts";
import { BEGINS_ANEW, FAULTS_MS, Lives } from "./lives.ts";

interface Told {
  readonly number: number;
  readonly core: Core;
}

interface TestWorker {
  readonly say: (reply: Reply) => void;
  /** A second passes. */
  look: () => void;
  isEnded: boolean;
}

/** A member whose cores break when the test says so. */
function member() {
  const said: string[] = [];
  const workers: TestWorker[] = [];
  let now = 0;
  const startCore = () => {
    let say: (reply: Reply) => void = () => undefined;
    const worker: TestWorker = { say: (reply) => say(reply), look: () => undefined, isEnded: false };
    workers.push(worker);
    return new Core({
      post: () => undefined,
      listen: (listener) => {
        say = listener;
      },
      watch: (look) => {
        worker.look = look;
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
  /** So many seconds of the page's own time. */
  const look = (times: number) => {
    for (let time = 0; time < times; time += 1) workers.at(-1)?.look();
  };
  const pass = (ms: number) => {
    now += ms;
  };
  return { lives, said, workers, panic, look, pass };
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

test("a core that hangs ends the life as one that breaks does, and who waits hears of it", async () => {
  const { lives, said, workers, look } = member();
  const { core } = lives.begin();
  void core.ask("newGroupId");
  workers[0]?.say({ id: 1, value: "it has started" });
  const asked = core.ask("newLedger");
  look(ANSWER_LOOKS);
  expect(said).toEqual([]);
  look(1);
  expect(said).toEqual(["end 1", "go on as 2"]);
  expect(workers.map(({ isEnded }) => isEnded)).toEqual([true, false]);
  await expect(asked).rejects.toThrow("no answer");
});

test("a core that answers each call in time does not hang, however long it has been asked", () => {
  const { lives, said, workers, look } = member();
  const { core } = lives.begin();
  for (let id = 1; id <= 5; id += 1) {
    void core.ask("newLedger");
    look(ANSWER_LOOKS);
    workers[0]?.say({ id, value: id });
  }
  look(2 * START_LOOKS); // nobody asks it anything
  expect(said).toEqual([]);
});

test("a core whose code is still on its way has longer, and not for ever", async () => {
  const { lives, said, look } = member();
  const asked = lives.begin().core.ask("newGroupId");
  look(START_LOOKS);
  expect(said).toEqual([]);
  look(1);
  expect(said).toEqual(["end 1", "go on as 2"]);
  await expect(asked).rejects.toThrow("no answer");
});

test("what hangs again and again is given up too", async () => {
  const { lives, said, look } = member();
  lives.begin();
  for (let fault = 0; fault <= BEGINS_ANEW; fault += 1) {
    const asked = lives.now?.core.ask("newGroupId").catch(() => undefined);
    look(START_LOOKS + 1);
    await asked;
  }
  expect(said.at(-1)).toBe("give up after 3");
  expect(lives.now).toBeUndefined();
});

test("what a person asked for while the core hung is refused: it may stand, or not", async () => {
  const { lives, panic } = member();
  const life = lives.begin();
  const ofTheCore = lives.ask(life, async () => void (await life.core.ask("newGroupId")));
  const ofTheServer = lives.ask(life, () => new Promise((resolve) => setTimeout(resolve)));
  panic();
  expect(await ofTheCore).toEqual({ refused: "core.interrupted" });
  expect(await ofTheServer).toEqual({ refused: "core.interrupted" });
});

test("the next life answers for itself, and so does one that was over before it was asked", async () => {
  const { lives, panic } = member();
  const first = lives.begin();
  panic();
  for (const life of [first, lives.now as Told]) {
    expect(await lives.ask(life, async () => undefined)).toBeUndefined();
    expect(await lives.ask(life, async () => ({ refused: "act.role" }))).toEqual({ refused: "act.role" });
    await expect(lives.ask(life, () => Promise.reject(new Error("a mistake")))).rejects.toThrow("a mistake");
  }
});

test("a core that is ended leaves nobody waiting", async () => {
  const { lives } = member();
  const life = lives.begin();
  const asked = life.core.ask("newGroupId");
  lives.broke(life);
  await expect(asked).rejects.toThrow("the core was ended");
});

test("the bounds are those of the table of limits", () => {
  const table = readFileSync(new URL("../../../docs/reference/limits.md", import.meta.url), "utf8");
  const limit = (name: string) => Number(new RegExp(`^\\| \`${name}\` \\| ([0-9,]+) \\|`, "m").exec(table)?.[1]);
  expect([limit("CORE_ANSWER_SECONDS"), limit("CORE_START_SECONDS")]).toEqual([ANSWER_LOOKS, START_LOOKS]);
});
