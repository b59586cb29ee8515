// In which time zone times are shown: this computer's own, or UTC.
import { signal } from "@preact/signals";
import { recall, remember } from "./storage";

export type Zone = "local" | "UTC";

export const zone = signal<Zone>(recall<string>("zone", "local") === "UTC" ? "UTC" : "local");
export const localZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function chooseZone(chosen: Zone): void {
  zone.value = chosen;
  remember("zone", chosen);
}

/** As Intl takes it; undefined: this computer's own. */
export const timeZone = () => (zone.value === "UTC" ? "UTC" : undefined);
