// Times as people say them. `now` is given, so that these are plain functions.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** "now", "5m", "3h", "2d", then the date. */
export function ago(iso: string | null, now: number, timeZone?: string): string {
  if (!iso) return "";
  const at = Date.parse(iso);
  const past = now - at;
  if (past < MINUTE) return "now";
  if (past < HOUR) return `${Math.floor(past / MINUTE)}m`;
  if (past < DAY) return `${Math.floor(past / HOUR)}h`;
  if (past < 30 * DAY) return `${Math.floor(past / DAY)}d`;
  return day(at, now, timeZone);
}

/** "3 Nov", with the year where it is another one; in this person's language, and time zone unless another is named. */
export function day(at: number, now: number, timeZone?: string): string {
  const yearOf = (ms: number) => new Date(ms).toLocaleDateString("en", { year: "numeric", timeZone });
  return new Date(at).toLocaleDateString(undefined, { timeZone, day: "numeric", month: "short", ...(yearOf(at) === yearOf(now) ? {} : { year: "numeric" }) });
}

/** The whole time, with its zone, for a tooltip. */
export function full(iso: string, timeZone?: string): string {
  return new Date(iso).toLocaleString(undefined, { timeZone, dateStyle: "medium", timeStyle: "long" });
}

/** The trend of days that end at `lastDay` (a UTC day) as one that ends today: days without a report are 0. */
export function untilToday(days: number[], lastDay: string, now: number): number[] {
  const behind = Math.round((Math.floor(now / DAY) * DAY - Date.parse(`${lastDay.slice(0, 10)}T00:00:00Z`)) / DAY);
  if (!Number.isFinite(behind) || behind <= 0) return days;
  return [...days.slice(Math.min(behind, days.length)), ...Array<number>(Math.min(behind, days.length)).fill(0)];
}

/** How long something took: "340 ms", "12.5 s", "4 min", "3 h". */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 2 * MINUTE) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 2 * HOUR ? `${Math.round(ms / MINUTE)} min` : `${Math.round(ms / HOUR)} h`;
}

/** The time to the minute. */
export function short(iso: string, timeZone?: string): string {
  return new Date(iso).toLocaleString(undefined, { timeZone, dateStyle: "medium", timeStyle: "short" });
}

/** A time as a field of type datetime-local has it, to the minute: this person's clock, or UTC. */
export function inputOf(at: number, utc: boolean): string {
  return new Date(at - (utc ? 0 : new Date(at).getTimezoneOffset() * MINUTE)).toISOString().slice(0, 16);
}

/** What such a field says. */
export const timeOf = (input: string, utc: boolean) => new Date(utc ? `${input}Z` : input).getTime();
