/** One screen, by its name in the address: `?screen=lobby&language=fr`. */
import "../src/ui/fonts.css";
import "../src/ui/tokens.css";
import "../src/ui/base.css";
import { createRoot } from "react-dom/client";
import { App } from "../src/App.tsx";
import { chooseLanguage, isLanguage, startTranslation } from "../src/i18n/i18n.ts";
import { SampleMember } from "./member.ts";
import { stories } from "./stories.ts";

const query = new URLSearchParams(window.location.search);
const language = query.get("language") ?? "en";
await startTranslation([language]);
if (isLanguage(language)) await chooseLanguage(language);
const story = stories[query.get("screen") ?? "room"];
const root = document.getElementById("page");
if (!story || !root) throw new Error(`no such screen: ${Object.keys(stories).join(", ")}`);
createRoot(root).render(<App member={"refused" in story ? story : new SampleMember(story)} />);
