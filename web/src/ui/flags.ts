/** Addresses of the flags: one file each, fetched when it is shown. */

const files = import.meta.glob<string>("../../node_modules/flag-icons/flags/4x3/??.svg", {
  query: "?url",
  import: "default",
  eager: true,
});

const byCode = new Map(Object.entries(files).map(([path, url]) => [path.slice(-6, -4), url]));

/** `undefined`: no such flag, so that a neutral plate is shown. */
export function flagUrl(code: string): string | undefined {
  return byCode.get(code);
}
