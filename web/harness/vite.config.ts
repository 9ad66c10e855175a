/** Test pages that are not part of the product: real modules of the page, driven from pytest (tests/malice). */
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { gate: "gate.html", room: "room.html" } },
  },
});
