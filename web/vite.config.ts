import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { contentSecurityPolicy } from "./policy.ts";

/** Where signalling goes while the page is developed or previewed apart from its server. */
const server = process.env["INCAMERA_SERVER"] ?? "http://127.0.0.1:7880";
const toServer = { "/rtc": { target: server, ws: true }, "/api": { target: server, ws: true } };

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/incamera/web",
    emptyOutDir: true,
    assetsInlineLimit: 0, // no data: address: the policy forbids them
    modulePreload: { polyfill: false },
    sourcemap: false,
    license: { fileName: "licences.md" },
  },
  server: { proxy: toServer },
  preview: { proxy: toServer, headers: { "Content-Security-Policy": contentSecurityPolicy } },
  test: {
    include: ["src/**/*.test.ts", "src/**/*.test.tsx"],
    environment: "node",
    maxWorkers: "100%",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
