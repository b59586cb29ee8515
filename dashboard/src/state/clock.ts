// The time, coarse: what says "5m" is drawn anew twice a minute.
import { signal } from "@preact/signals";

export const now = signal(Date.now());
/** To the second, for what runs. */
export const second = signal(Date.now());
setInterval(() => (second.value = Date.now()), 1000);
setInterval(() => (now.value = Date.now()), 30_000);
