// Whether the server answers and knows us. When it comes back, `healed` counts up, and who shows data loads it anew.
import { signal } from "@preact/signals";

export type Connection = "ok" | "offline" | "signed-out";

export const connection = signal<Connection>("ok");
/** Grows each time the connection came back. */
export const healed = signal(0);

const FIRST_MS = 500;
const LONGEST_MS = 8000;
let probe: () => Promise<boolean> = async () => false;
let timer: ReturnType<typeof setTimeout> | undefined;

/** How to find out whether the server is back (given by main, so that this file needs no client). */
export function probeWith(isUp: () => Promise<boolean>): void {
  probe = isUp;
}

function look(waitMs: number): void {
  timer = setTimeout(async () => {
    if (await probe()) return heal();
    if (connection.value === "offline") look(Math.min(waitMs * 2, LONGEST_MS));
  }, waitMs);
}

function heal(): void {
  clearTimeout(timer);
  if (connection.value !== "offline") return;
  connection.value = "ok";
  healed.value++;
}

export function noteSilence(): void {
  if (connection.value !== "ok") return;
  connection.value = "offline";
  look(FIRST_MS);
}

/** Looks at once, for a person who does not want to wait, or when the browser says that the network is back. */
export function lookNow(): void {
  if (connection.value !== "offline") return;
  clearTimeout(timer);
  look(0);
}

export function noteAnswer(): void {
  if (connection.value === "offline") heal();
}

export function noteSignedOut(): void {
  clearTimeout(timer);
  connection.value = "signed-out";
}
