/** Composition root of the page: reads the link, builds the member, draws. */

import "./ui/fonts.css";
import "./ui/tokens.css";
import "./ui/base.css";
import { setLogLevel } from "livekit-client";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import { startCore } from "./e2ee/startCore.ts";
import { startTranslation } from "./i18n/i18n.ts";
import { qualityNamed } from "./media/quality.ts";
import { AccreditedMember } from "./member/accredited.ts";
import { canJoin, canSign, isFirstTab } from "./member/browser.ts";
import { exposeForTests } from "./member/debug.ts";
import { enter } from "./member/entrance.ts";
import { TabMemory } from "./member/memory.ts";
import { Station } from "./member/station.ts";
import { isRefusal, refuse } from "./refusal.ts";

const query = new URLSearchParams(window.location.search);
setLogLevel(query.has("debug") ? "info" : "silent"); // its lines have addresses and identities

const entered = begin(); // at once: the link leaves the address before anything is waited for
const member = isRefusal(entered) || (await canSign()) ? entered : refuse("browser.unsupported");
window.addEventListener("hashchange", () => window.location.reload()); // another link, opened in this tab
await startTranslation(navigator.languages);
const root = document.getElementById("page");
if (root === null) throw new Error("index.html has no #page");
createRoot(root).render(<App member={member} />);
if (!isRefusal(member)) {
  if (query.has("debug")) exposeForTests(member);
  await member.start();
}

function begin() {
  const memory = new TabMemory(window.sessionStorage);
  const entrance = enter(window.location, window.history, memory);
  if (!canJoin()) return refuse("browser.unsupported");
  if (isRefusal(entrance)) return entrance;
  return new AccreditedMember({
    entrance,
    memory,
    station: new Station(memory, qualityNamed(query.get("quality"))),
    isFirstTab: isFirstTab(),
    startCore,
    language: () => document.documentElement.lang,
    now: Date.now,
    monotonic: () => performance.now(),
  });
}
