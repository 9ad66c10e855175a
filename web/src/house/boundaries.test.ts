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

/** What biome says of `code` if it stood in `path`: a checker needs a test that it can fail. Empty: nothing. */
function lint(path: string, code: string): string {
  mkdirSync(join(folder, dirname(path)), { recursive: true });
  writeFileSync(join(folder, path), code);
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  const { status, stdout, stderr } = spawnSync(process.execPath, [biome, "lint", "--colors=off", path], {
    cwd: folder,
    encoding: "utf8",
  });
  return status === 0 ? "" : stdout + stderr;
}

test("a pure core that asks the time, the page or React is refused", () => {
  for (const part of ["record", "meeting", "accreditation"]) {
    const path = `src/${part}/planted.ts`;
    expect(lint(path, "export const now = Date.now();\n")).toContain("noRestrictedGlobals");
    expect(lint(path, "export const path = location.pathname;\n")).toContain("noRestrictedGlobals");
    expect(lint(path, 'export { useState } from "react";\n')).toContain("noRestrictedImports");
    expect(lint(path, 'export { MediaRoom } from "../media/room.ts";\n')).toContain("noRestrictedImports");
    expect(lint(path, "export const one = 1;\n")).toBe("");
  }
});

test("a feature that reaches for another feature, or past the member, is refused", () => {
  const path = "src/features/chamber/planted.ts";
  expect(lint(path, 'export { CheckPage } from "../prejoin/CheckPage.tsx";\n')).toContain("noRestrictedImports");
  expect(lint(path, 'export { Room } from "livekit-client";\n')).toContain("noRestrictedImports");
  expect(lint(path, 'export { Devices } from "../../media/devices.ts";\n')).toContain("noRestrictedImports");
  expect(lint(path, 'export { useMember } from "../../member/context.ts";\n')).toBe("");
});

test("the member does not know its screens", () => {
  expect(lint("src/member/planted.ts", 'export { CheckPage } from "../features/prejoin/CheckPage.tsx";\n')).toContain(
    "noRestrictedImports",
  );
});
