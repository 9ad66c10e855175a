/** What is copied for a technician: facts of this browser and page, without a name, a ticket or a link. */

export type Facts = Readonly<Record<string, string | number | undefined>>;

export function technicianReport(title: string, time_ms: number, facts: Facts): string {
  const known = Object.entries(facts).filter(([, value]) => value !== undefined && value !== "");
  return [
    title,
    `time: ${new Date(time_ms).toISOString()}`,
    `browser: ${navigator.userAgent}`,
    `origin: ${window.location.origin}`,
    ...known.map(([name, value]) => `${name}: ${value}`),
    "",
  ].join("\n");
}
