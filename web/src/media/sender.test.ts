/** What a heartbeat says of our own tracks: the same as a Python member's (src/incamera/member/call.py). */
import { Track } from "livekit-client";
import { beforeAll, expect, test } from "vitest";
import { localCore } from "../../harness/localCore.ts";
import type { Core } from "../e2ee/core.ts";
import { publishedOf } from "./sender.ts";

let core: Core;
beforeAll(() => {
  core = localCore();
});

const camera = { trackSid: "TR_VCb", kind: Track.Kind.Video, source: Track.Source.Camera };
const microphone = { trackSid: "TR_AMa", kind: Track.Kind.Audio, source: Track.Source.Microphone };

test("published tracks are said by id, kind and source, in one order", () => {
  const said = [
    { sid: "TR_AMa", kind: "audio", source: "microphone", ssrcs: [] },
    { sid: "TR_VCb", kind: "video", source: "camera", ssrcs: [] },
  ];
  expect(publishedOf([camera, microphone])).toEqual(said);
  expect(publishedOf([microphone, camera])).toEqual(said);
});

test("a track that the room has not numbered is not said to be published", () => {
  expect(publishedOf([{ ...camera, trackSid: "" }])).toEqual([]);
});

test("the core takes what is said, and nothing of another form", async () => {
  const watch = await core.tell("newWatch", 0);
  const beat = (tracks: readonly unknown[]) =>
    JSON.stringify({
      ...{ heads: { main: null, sitting: null }, round: 1, sends_under: 1, nonce: "AAAAAAAAAAA" },
      ...{ echoes: [], hears: [], tracks },
    });
  await core.tell("heard", watch, 1, 0, 1, beat(publishedOf([camera, microphone])));
  await expect(localCore().tell("heard", watch, 1, 0, 1, beat([{ sid: "TR_VCb", kind: "video" }]))).rejects.toThrow();
});
