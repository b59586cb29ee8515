import { ago, full } from "../lib/time";
import { now } from "../state/clock";
import { timeZone } from "../state/zone";

/** "3h", with the whole time on hover and for machines. */
export function Ago({ at, suffix = "" }: { at: string | null; suffix?: string }) {
  if (!at) return null;
  const text = ago(at, now.value, timeZone());
  return (
    <time dateTime={at} title={full(at, timeZone())}>
      {text}
      {suffix && /^\d/.test(text) && !text.includes(" ") ? suffix : ""}
    </time>
  );
}
