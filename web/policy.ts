/**
 * What the page may load and run, as the server sends it with `index.html` (and `vite preview` too, so that a breach is seen
 * in development): nothing of another origin, no inline script or style, no string that becomes script.
 *
 * `'wasm-unsafe-eval'` is for the WebAssembly core; `mediastream:` and `blob:` for pictures and sound.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob:",
  "media-src 'self' blob: mediastream:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");
