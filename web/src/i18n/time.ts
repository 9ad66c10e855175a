/** Times as they are read aloud: 24 hours, with the city of this device. */

export type HourMinute = {
  readonly hours: string;
  readonly minutes: string;
};

export function hourMinute(time_ms: number, timeZone?: string): HourMinute {
  const parts = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone }).formatToParts(
    time_ms,
  );
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return { hours: part("hour"), minutes: part("minute") };
}

/** The time zone's city, as its id has it ("America/New_York" -> "New York"); words of ours come first. */
export function cityOf(timeZone: string): string {
  return timeZone.slice(timeZone.lastIndexOf("/") + 1).replaceAll("_", " ");
}

export function ownTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
}
