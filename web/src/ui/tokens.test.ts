import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";

const source = join(import.meta.dirname, "..");
const css = readFileSync(join(import.meta.dirname, "tokens.css"), "utf8");

type Rgb = readonly [number, number, number];

/** The colours of one light, by their token's name. */
function colours(light: "chamber" | "paper"): ReadonlyMap<string, Rgb> {
  const block = css.split(`[data-light="${light}"] {`)[1]?.split("}")[0] ?? "";
  const channel = (hex: string, at: number) => Number.parseInt(hex.slice(at, at + 2), 16);
  return new Map(
    [...block.matchAll(/--([\w-]+): #([0-9a-f]{6});/g)].map(([, name = "", hex = ""]) => [
      name,
      [channel(hex, 0), channel(hex, 2), channel(hex, 4)],
    ]),
  );
}

/** WCAG 2.2, "relative luminance". */
function luminance(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** WCAG 2.2, "contrast ratio". */
function contrast(one: Rgb, other: Rgb): number {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** `color-mix(in srgb, <colour> <share>, <ground>)`. */
function mix(colour: Rgb, share: number, ground: Rgb): Rgb {
  return colour.map((value, at) => value * share + (ground[at] ?? 0) * (1 - share)) as unknown as Rgb;
}

const GROUNDS = ["bg", "s1", "s2"];
const ON_ALL = ["text", "text2", "text3", "accent", "floor-text", "ok", "danger"];
/** What stands on a ground of its own. */
const ON_OWN = [
  ["on-accent", "accent"],
  ["on-floor", "floor"],
  ["on-danger", "danger"],
  ["on-selected", "selected"],
  ["text", "danger-ground"],
  ["text2", "danger-ground"],
  ["danger", "danger-ground"],
] as const;
/** The badges of the check: a colour on a breath of itself (CheckRow.module.css). */
const BADGES = [
  ["ok", "ok", 0.12],
  ["floor-text", "floor", 0.25],
  ["danger", "danger", 0.12],
] as const;

describe.each(["chamber", "paper"] as const)("in the light of %s", (light) => {
  const of = (name: string): Rgb => {
    const found = colours(light).get(name);
    if (!found) throw new Error(`${light} has no --${name}`);
    return found;
  };

  test("all text stands out from every ground by 4.5 to 1", () => {
    const pairs = [...ON_ALL.flatMap((text) => GROUNDS.map((ground) => [text, ground] as const)), ...ON_OWN];
    for (const [text, ground] of pairs)
      expect(contrast(of(text), of(ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
  });

  test("what can be pressed, the focus ring and a badge stand out by 3 to 1", () => {
    for (const ground of [...GROUNDS, "danger-ground"])
      for (const shape of ["edge", "accent"])
        expect(contrast(of(shape), of(ground)), `${shape} on ${ground}`).toBeGreaterThanOrEqual(3);
    for (const [sign, colour, share] of BADGES)
      expect(contrast(of(sign), mix(of(colour), share, of("s1"))), `a badge in ${colour}`).toBeGreaterThanOrEqual(3);
  });
});

test("both lights name the same colours", () => {
  expect([...colours("chamber").keys()]).toEqual([...colours("paper").keys()]);
});

test("the measure is WCAG's: black on white is 21 to 1, and grey #767676 on white just passes for text", () => {
  expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21, 5);
  expect(contrast([0x76, 0x76, 0x76], [255, 255, 255])).toBeCloseTo(4.54, 2);
});

const sheets = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".css"))
  .map((file) => [file, readFileSync(join(source, file), "utf8")] as const);

test("no style has a colour of its own beside the tokens", () => {
  for (const [file, text] of sheets.filter(([one]) => !one.endsWith("tokens.css")))
    expect(text.match(/#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(/gi) ?? [], file).toEqual([]);
});

test("whatever moves takes its time from the token that reduced motion sets to nothing", () => {
  expect(css).toMatch(/prefers-reduced-motion: reduce\)[^@]*--motion: 0ms/s);
  for (const [file, text] of sheets) {
    expect(text, file).not.toMatch(/@keyframes|animation:/);
    for (const [rule] of text.matchAll(/transition:[^;]*;/g)) expect(rule, file).toContain("var(--motion)");
  }
});

test("text is nowhere smaller than the label's 15 pixels", () => {
  for (const [file, text] of sheets)
    for (const [, size] of text.matchAll(/font-size: ([\d.]+)rem/g))
      expect(Number(size), file).toBeGreaterThanOrEqual(0.9375);
});

test("a size that has a token goes by its name, and each token is used", () => {
  const rest = sheets.filter(([file]) => !file.endsWith("tokens.css"));
  const sizes = new Map([...css.matchAll(/--type-(\w+): ([\d.]+rem)/g)].map(([, name, size]) => [size, name]));
  for (const [file, text] of rest)
    for (const [, size] of text.matchAll(/font-size: ([\d.]+rem)/g))
      expect(sizes.get(size), `${size} in ${file}`).toBeUndefined();
  const used = new Set(rest.flatMap(([, text]) => [...text.matchAll(/var\(--([\w-]+)/g)].map(([, name]) => name)));
  const tokens = new Set([...css.matchAll(/^ +--([\w-]+):/gm)].map(([, name]) => name));
  expect([...tokens].filter((name) => !used.has(name))).toEqual([]);
});

test("each class that a component names has a rule, and each rule a component", () => {
  const code = readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".tsx"))
    .map((file) => readFileSync(join(source, file), "utf8"));
  for (const [file, text] of sheets.filter(([one]) => one.endsWith(".module.css"))) {
    const rules = text.replaceAll(/\/\*.*?\*\/|"[^"]*"/gs, "");
    const ruled = new Set([...rules.matchAll(/\.([a-zA-Z]\w*)/g)].map(([, name]) => name));
    const named = new Set<string | undefined>();
    let byWeight = false;
    for (const one of code) {
      const [, alias] =
        new RegExp(`import (\\w+) from "[^"]*/${basename(file).replaceAll(".", "\\.")}"`).exec(one) ?? [];
      if (alias === undefined) continue;
      for (const [, name] of one.matchAll(new RegExp(`\\b${alias}\\["(\\w+)"\\]`, "g"))) named.add(name);
      byWeight ||= new RegExp(`\\b${alias}\\[\\w+\\]`).test(one);
    }
    expect(
      [...named].filter((name) => !ruled.has(name)),
      file,
    ).toEqual([]);
    if (!byWeight)
      expect(
        [...ruled].filter((name) => !named.has(name)),
        file,
      ).toEqual([]);
  }
});
