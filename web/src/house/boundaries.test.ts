import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "incamera-house-"));
  copyFileSync(join(root, "biome.json"), join(folder, "biome.json"));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Which rules each file breaks, by biome: a checker needs a test that it can fail. All at once: its start takes long. */
function broken(files: Readonly<Record<string, string>>): Record<string, string[]> {
  for (const [path, code] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), code);
  }
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  const { stdout, stderr } = spawnSync(process.execPath, [biome, "lint", "--reporter=json", "src"], {
    cwd: folder,
    encoding: "utf8",
  });
  const { summary, diagnostics } = JSON.parse(stdout) as Report;
  expect(summary.changed + summary.unchanged, stderr).toBe(Object.keys(files).length);
  const rules = (path: string) =>
    diagnostics
      .filter(({ location }) => location.path === path)
      .map(({ category }) => category.split("/").at(-1) ?? "");
  return Object.fromEntries(Object.keys(files).map((path) => [path, rules(path)]));
}

interface Report {
  readonly summary: { readonly changed: number; readonly unchanged: number };
  readonly diagnostics: readonly { readonly category: string; readonly location: { readonly path: string } }[];
}

test("a pure core that asks the time, the page or React is refused", () => {
  for (const part of ["record", "meeting", "accreditation"]) {
    const found = broken({
      [`src/${part}/time.ts`]: "export const now = Date.now();\n",
      [`src/${part}/page.ts`]: "export const path = location.pathname;\n",
      [`src/${part}/screen.ts`]: 'export { useState } from "react";\n',
      [`src/${part}/media.ts`]: 'export { MediaRoom } from "../media/room.ts";\n',
      [`src/${part}/pure.ts`]: "export const one = 1;\n",
    });
    expect(Object.values(found)).toEqual([
      ["noRestrictedGlobals"],
      ["noRestrictedGlobals"],
      ["noRestrictedImports"],
      ["noRestrictedImports"],
      [],
    ]);
    rmSync(join(folder, "src"), { recursive: true });
  }
});

test("a feature that reaches for another feature, or past the member, is refused", () => {
  const found = broken({
    "src/features/chamber/feature.ts": 'export { CheckPage } from "../prejoin/CheckPage.tsx";\n',
    "src/features/chamber/media.ts": 'export { Room } from "livekit-client";\n',
    "src/features/chamber/devices.ts": 'export { Devices } from "../../media/devices.ts";\n',
    "src/features/chamber/member.ts": 'export { useMember } from "../../member/context.ts";\n',
  });
  expect(Object.values(found)).toEqual([["noRestrictedImports"], ["noRestrictedImports"], ["noRestrictedImports"], []]);
});

test("the member does not know its screens", () => {
  const found = broken({
    "src/member/planted.ts": 'export { CheckPage } from "../features/prejoin/CheckPage.tsx";\n',
  });
  expect(Object.values(found)).toEqual([["noRestrictedImports"]]);
});
