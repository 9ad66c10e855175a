import { expect, test } from "vitest";
import { ignoreGone } from "./goneParticipants.ts";

test("an answer for who has left is heard by nobody after us, all others are, and all once we stop", () => {
  const worker = new EventTarget();
  const heard: string[] = [];
  const stop = ignoreGone(worker, (identity) => identity === "here");
  worker.addEventListener("message", (event) => heard.push((event as MessageEvent).data.data.participantIdentity));
  const answer = (kind: string, participantIdentity: string) =>
    worker.dispatchEvent(new MessageEvent("message", { data: { kind, data: { enabled: true, participantIdentity } } }));
  answer("enable", "here");
  answer("enable", "gone");
  answer("error", "elsewhere");
  expect(heard).toEqual(["here", "elsewhere"]);
  stop();
  answer("enable", "gone");
  expect(heard).toEqual(["here", "elsewhere", "gone"]);
});
