/**
 * Pictures of screens without a server: the product's own screens, a meeting that never was (`gallery/`).
 *
 *   node scripts/gallery.mjs --out FOLDER [--screen room]... [--language en]... [--size 1440x900] [--press CONTROL]...
 *     [--scale 0.7]
 *
 * Builds the gallery, serves it on an ephemeral port, and takes FOLDER/<screen>-<language>.png. An error in the console, a request to
 * another origin or a fault of the screen itself (faults.mjs) end it with 1. Without `--screen`: all of them.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { build, preview } from "vite";
import { faultsOfScreen } from "./faults.mjs";

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    screen: { type: "string", multiple: true, default: [] },
    language: { type: "string", multiple: true, default: [] },
    size: { type: "string", default: "1440x900" },
    press: { type: "string", multiple: true, default: [] },
    scale: { type: "string", default: "1" },
    built: { type: "boolean", default: false },
  },
});
if (!values.out) {
  console.error("--out is needed");
  process.exit(2);
}
/** 17 February 2021, 14:32 in Brussels: two minutes after the sample's own time. */
const TIME = new Date(Date.UTC(2021, 1, 17, 13, 30, 12));
const folder = join(import.meta.dirname, "../gallery");
const screens =
  values.screen.length > 0
    ? values.screen
    : [
        ...readFileSync(join(folder, "stories.ts"), "utf8").matchAll(
          /^ {2}"?([a-z-]+)"?: \{|^ {2}\.\.\.stops\((.*)\)/gm,
        ),
      ].flatMap(([, name, causes]) => name ?? causes.match(/[a-z]+/g).map((cause) => `stop-${cause}`));
const languages = values.language.length > 0 ? values.language : ["en", "fr"];
const [width, height] = values.size.split("x").map(Number);
const configFile = join(folder, "vite.config.ts");
if (!values.built) await build({ configFile, logLevel: "error" });
const server = await preview({
  configFile,
  logLevel: "error",
  preview: { host: "127.0.0.1", port: 0, strictPort: false },
});
const origin = new URL(server.resolvedUrls.local[0]).origin;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-background-networking"],
});
const faults = [];
mkdirSync(values.out, { recursive: true });
try {
  for (const language of languages) {
    const context = await browser.newContext({
      viewport: { width, height },
      timezoneId: "Europe/Brussels",
      deviceScaleFactor: Number(values.scale),
    });
    for (const screen of screens) {
      const page = await context.newPage();
      const note = (fault) => faults.push(`${screen}-${language}: ${fault}`);
      page.on("console", (message) => message.type() === "error" && note(message.text()));
      page.on("pageerror", (error) => note(String(error)));
      page.on("request", (request) => {
        const to = new URL(request.url());
        if (to.protocol.startsWith("http") && to.origin !== origin) note(`a request to ${to.origin}`);
      });
      await page.clock.setFixedTime(TIME);
      await page.goto(`${origin}/?screen=${screen}&language=${language}`);
      await page.locator("h1").first().waitFor({ state: "attached" });
      if (screen.startsWith("lock")) await page.locator('[data-control="lock"]').click();
      if (screen === "lock-roster") await page.locator('[data-control="roster-open"]').click();
      for (const name of values.press) await page.locator(`[data-control="${name}"]`).first().click();
      await page.evaluate(() => document.fonts.ready);
      await page.waitForFunction(() =>
        [...document.querySelectorAll("video")].every((video) => video.hidden || video.videoWidth > 0),
      );
      await page.mouse.move(0, 0);
      await page.screenshot({ path: join(values.out, `${screen}-${language}.png`) });
      for (const fault of await page.evaluate(faultsOfScreen)) note(fault);
      await page.close();
    }
    await context.close();
  }
} finally {
  await browser.close();
  await server.close();
  for (const fault of faults) console.error(fault);
}
process.exit(faults.length > 0 ? 1 : 0);
