import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "vite";
import { expect, test } from "vitest";
import en from "./en.json";
import fr from "./fr.json";

const source = join(import.meta.dirname, "..");
const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
  (file) => /\.tsx?$/.test(file) && !file.endsWith(".test.ts"),
);

/** Every leaf: path with slashes -> words. */
function leaves(tree: object, path = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" ? [[path + key, value] as [string, string]] : leaves(value as object, `${path}${key}/`),
  );
}

/** Plural forms are one key: French has a form (`many`) that English has not. */
const stem = (key: string) => key.replace(/_(one|many|other)$/, "");
const keysOf = (tree: object) => [...new Set(leaves(tree).map(([key]) => stem(key)))].sort();

test("English and French have the same keys", () => {
  expect(keysOf(fr)).toEqual(keysOf(en));
});

test("English and French fill in the same values", () => {
  const values = (words: string) => [...new Set(words.match(/\{\{\w+\}\}/g))].sort();
  const french = new Map(leaves(fr));
  for (const [key, words] of leaves(en)) expect(values(french.get(key) ?? ""), key).toEqual(values(words));
});

test("French has a no-break space before its high signs and inside its quotation marks", () => {
  for (const [key, words] of leaves(fr)) {
    const prose = words.replaceAll(/\{\{\w+\}\}/g, "x");
    expect(prose, key).not.toMatch(/[^\u00a0][:;?!»]/);
    expect(prose, key).not.toMatch(/«[^\u00a0]/);
    expect(prose, key).not.toMatch(/[\u202f']/);
  }
});

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit);
  else if (typeof value === "object" && value !== null) {
    if ("type" in value) visit(value as Node);
    for (const child of Object.values(value)) walk(child, visit);
  }
}

/** Attributes that people read or hear. */
const SPOKEN = new Set(["aria-label", "title", "alt", "placeholder", "label", "detail"]);

/** Words in markup: text between tags, a literal in braces, or a literal in an attribute that people read. */
function literals(code: string): string[] {
  const found: string[] = [];
  const isWord = (text: unknown) => typeof text === "string" && /\p{L}{2}/u.test(text);
  walk(parseSync("file.tsx", code, { lang: "tsx" }).program, (node) => {
    if (node.type === "JSXText" && isWord(node["value"])) found.push(String(node["value"]).trim());
    if (node.type === "JSXExpressionContainer") {
      const { type, value } = node["expression"] as Node;
      if (type === "Literal" && isWord(value)) found.push(String(value));
    }
    if (node.type === "JSXAttribute") {
      const { name } = node["name"] as { name?: unknown };
      const value = node["value"] as Node | null;
      if (SPOKEN.has(String(name)) && value?.type === "Literal" && isWord(value["value"]))
        found.push(String(value["value"]));
    }
  });
  return found;
}

test("no markup has words of its own", () => {
  for (const file of files.filter((one) => one.endsWith(".tsx")))
    expect(literals(readFileSync(join(source, file), "utf8")), file).toEqual([]);
});

test("the check for words in markup can fail", () => {
  expect(literals('<p title="Leave" className="x">Leave {"now"} {t("a")}</p>')).toEqual(["Leave", "Leave", "now"]);
});

test("each key that is named in the source exists, and each that exists is used", () => {
  const known = new Set(keysOf(en));
  const code = files.map((file) => readFileSync(join(source, file), "utf8")).join("\n");
  const parts = [...new Set(keysOf(en).map((key) => key.slice(0, key.indexOf("/"))))].join("|");
  const named = [...code.matchAll(new RegExp(`"((?:${parts})/[\\w./]+)"`, "g"))].map((match) => match[1] ?? "");
  const starts = [...code.matchAll(new RegExp(`\`((?:${parts})/[^\`]*?)\\$\\{`, "g"))].map((match) => match[1] ?? "");
  expect(named.filter((key) => !known.has(key))).toEqual([]);
  const isUsed = (key: string) => named.includes(key) || starts.some((start) => key.startsWith(start));
  expect([...known].filter((key) => !isUsed(key))).toEqual([]);
});

test("what a button is called contains the words that stand on it, for who speaks to the page", () => {
  const pairs = [
    ["door/admit", "door/admitWhom"],
    ["door/refuse", "door/refuseWhom"],
    ["lock/exclude", "lock/excludeWhom"],
  ] as const;
  for (const words of [en, fr].map((one) => new Map(leaves(one))))
    for (const [shown, called] of pairs) expect(words.get(called)).toContain(words.get(shown)?.replace("…", ""));
});
