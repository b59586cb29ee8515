// Which row is meant: the active one (by keyboard or mouse), and those that are ticked.
import { computed, signal } from "@preact/signals";
import { rows } from "./list";

export const active = signal<string | null>(null);
export const selected = signal<ReadonlySet<string>>(new Set());
let anchor: string | null = null;

export const activeIndex = computed(() => rows.value.findIndex((r) => r.cluster.id === active.value));

/** What an action is about: the ticked ones, else the active one. */
export function targets(): string[] {
  if (selected.value.size) return [...selected.value];
  return active.value ? [active.value] : [];
}

export function move(by: number): void {
  const last = rows.value.length - 1;
  if (last < 0) return;
  const from = activeIndex.value;
  const to = from < 0 ? (by > 0 ? 0 : last) : Math.min(last, Math.max(0, from + by));
  active.value = rows.value[to]?.cluster.id ?? null;
}

export function toggle(id: string, { range = false } = {}): void {
  const next = new Set(selected.value);
  const ids = rows.value.map((r) => r.cluster.id);
  const [a, b] = [ids.indexOf(anchor ?? ""), ids.indexOf(id)];
  if (range && a >= 0 && b >= 0) for (const one of ids.slice(Math.min(a, b), Math.max(a, b) + 1)) next.add(one);
  else if (!next.delete(id)) next.add(id);
  anchor = id;
  selected.value = next;
}

export function clear(): void {
  selected.value = new Set();
  anchor = null;
}

export function selectAll(): void {
  selected.value = new Set(rows.value.map((r) => r.cluster.id));
}

/** Rows leave the list: they are no longer ticked, and the next one that stays becomes the active one. */
export function leave(ids: Iterable<string>): void {
  const out = new Set(ids);
  selected.value = new Set([...selected.value].filter((id) => !out.has(id)));
  if (!active.value || !out.has(active.value)) return;
  const at = activeIndex.value;
  const stays = (from: number, step: number): string | null => {
    for (let i = from; i >= 0 && i < rows.value.length; i += step) {
      const id = rows.value[i]?.cluster.id;
      if (id && !out.has(id)) return id;
    }
    return null;
  };
  active.value = stays(at + 1, 1) ?? stays(at - 1, -1);
}
