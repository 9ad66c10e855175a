/** The gallery: the product's screens with a meeting that never was. Never part of what is shipped. */
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  build: { outDir: "../../.build/gallery", emptyOutDir: true, assetsInlineLimit: 0 },
});
