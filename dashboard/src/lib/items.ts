// j and k through whatever a page lists: elements with data-item (and tabindex -1). Where the focus is, there keys act.
import type { Key } from "./keys";

const all = () => [...document.querySelectorAll<HTMLElement>("#content [data-item]")];

function here(): HTMLElement | null {
  return document.activeElement?.closest<HTMLElement>("[data-item]") ?? null;
}

export function moveItem(by: number): void {
  const items = all();
  const at = here();
  const next = at ? items[Math.max(0, Math.min(items.length - 1, items.indexOf(at) + by))] : items[by > 0 ? 0 : items.length - 1];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

/** The id of the one with the focus. */
export const currentItem = () => here()?.dataset.item ?? null;

/** Before the current one goes: the one after it, or before it, gets the focus once the page is drawn anew. */
export function leaveItem(id: string): void {
  const items = all();
  const at = items.findIndex((one) => one.dataset.item === id);
  const next = (items[at + 1] ?? items[at - 1])?.dataset.item;
  if (at < 0 || !next || !items[at]?.contains(document.activeElement)) return;
  requestAnimationFrame(() => setTimeout(() => all().find((one) => one.dataset.item === next)?.focus()));
}

export const ITEM_KEYS: Key[] = [
  { group: "Move", keys: ["j", "ArrowDown"], help: "Next", run: () => moveItem(1) },
  { group: "Move", keys: ["k", "ArrowUp"], help: "Previous", run: () => moveItem(-1) },
];
