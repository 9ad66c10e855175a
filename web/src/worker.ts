/**
 * Workers under the page's policy: `require-trusted-types-for 'script'` makes the address of a worker something that only a named
 * policy gives out, and ours gives out scripts of the page's own origin alone.
 */

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): unknown };
}

const policy = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy("workers", {
  createScriptURL(url) {
    if (new URL(url, location.href).origin !== location.origin) throw new TypeError("a worker of another origin");
    return url;
  },
});

/** Starts a worker from an address that the build gave (`import url from "./x.worker.ts?worker&url"`). */
export function startWorker(url: string): Worker {
  return new Worker((policy?.createScriptURL(url) ?? url) as string, { type: "module" });
}
