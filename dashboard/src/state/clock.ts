// The time, coarse: what says "5m" is drawn anew twice a minute.
import { signal } from "@preact/signals";

export const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 30_000);
