/**
 * Pictures of the page as somebody sees it, for the documentation and for a look beside the design.
 *
 *   node scripts/screenshots.mjs --link LINK --out room.png [--size 1440x900] [--language fr] [--inside] [--view speaker]
 *                                [--participants 12] [--press CONTROL]... [--full]
 *
 * `--inside` enters; `--participants` waits until that many pictures of others play; `--press` presses what `data-control`
 * names. The browser is `CHROMIUM` or /usr/bin/chromium, with its synthetic camera and microphone. Breaches of the page's
 * policy, errors and requests to another origin are printed, and end the script with 1.
 */

import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values } = parseArgs({
  options: {
    link: { type: "string" },
    out: { type: "string" },
    size: { type: "string", default: "1440x900" },
    language: { type: "string", default: "en" },
    inside: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    denied: { type: "boolean", default: false },
    view: { type: "string" },
    participants: { type: "string", default: "0" },
    press: { type: "string", multiple: true, default: [] },
  },
});
if (!values.link || !values.out) {
  console.error("--link and --out are needed");
  process.exit(2);
}

const [width, height] = values.size.split("x").map(Number);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    ...(values.denied ? [] : ["--use-fake-ui-for-media-stream"]),
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
  ],
});
const faults = [];
try {
  const context = await browser.newContext({
    viewport: { width, height },
    locale: values.language === "fr" ? "fr-FR" : "en-GB",
    timezoneId: "Europe/Brussels",
  });
  const page = await context.newPage();
  const origin = new URL(values.link).origin;
  // A device that is not enrolled yet, and a seat part that is not its to read, are answered with 401 and 403.
  page.on(
    "console",
    (message) => message.type() === "error" && !/status of 40[13]/.test(message.text()) && faults.push(message.text()),
  );
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("request", (request) => {
    const { protocol, origin: to } = new URL(request.url());
    if (protocol.startsWith("http") && to !== origin) faults.push(`a request to ${to}`);
  });
  await page.goto(values.link);
  const control = (name) => page.locator(`[data-control="${name}"]`);
  if (values.inside) {
    await control("enter").waitFor();
    const asks = await control("page-asks").isVisible();
    await control("enter").click();
    // On the server's own page the first press goes on there, the second enrols.
    if (asks) await control("enter").click();
    await page.locator('[data-control="room"][data-line="open"]').waitFor({ timeout: 30_000 });
    if (values.view) await page.keyboard.press(values.view === "speaker" ? "1" : "2");
    await page.waitForFunction(
      (count) =>
        [...document.querySelectorAll("video[data-identity]:not([data-mirrored])")].filter(
          (video) => video.videoWidth > 0,
        ).length >= count,
      Number(values.participants),
      { timeout: 60_000 },
    );
  } else if (!values.denied) {
    await page.waitForFunction(() => document.querySelector("video")?.videoWidth > 0, null, { timeout: 20_000 });
    await page.locator('[data-control="check-microphone"][data-state="ok"]').waitFor({ timeout: 20_000 });
  } else {
    await page.locator('[data-control="check-camera"][data-state="failed"]').waitFor({ timeout: 20_000 });
  }
  for (const name of values.press) await control(name).click();
  await page.evaluate(() => document.fonts.ready);
  await page.mouse.move(0, 0);
  await page.screenshot({ path: values.out, fullPage: values.full });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (overflow > 0) faults.push(`${overflow} px wider than the window`);
} finally {
  await browser.close();
}
for (const fault of faults) console.error(fault);
process.exit(faults.length > 0 ? 1 : 0);
