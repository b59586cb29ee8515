import { effect, signal } from "@preact/signals";
import { recall, remember } from "./storage";

export type Theme = "system" | "light" | "dark";
const ALL: Theme[] = ["system", "light", "dark"];

const stored = recall<string>("theme", "system");
export const theme = signal<Theme>(ALL.find((t) => t === stored) ?? "system");

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  remember("theme", chosen);
}

export function nextTheme(): void {
  chooseTheme(ALL[(ALL.indexOf(theme.value) + 1) % ALL.length] as Theme);
}

export function applyTheme(): void {
  effect(() => {
    if (theme.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  });
}
