// Which row of a list is meant: the active one (by keyboard or mouse), and those that are ticked.
import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

export interface Selection {
  active: Signal<string | null>;
  activeIndex: ReadonlySignal<number>;
  selected: Signal<ReadonlySet<string>>;
  /** What an action is about: the ticked ones, else the active one. */
  targets: () => string[];
  move: (by: number) => void;
  /** Ticks or unticks one; `range`: ticks all from the last one to here. */
  toggle: (id: string, how?: { range?: boolean }) => void;
  clear: () => void;
  selectAll: () => void;
  /** Rows leave the list: they are no longer ticked, and the next one that stays becomes the active one. */
  leave: (ids: Iterable<string>) => void;
}

/** A selection of a list of ids, in the order in which they are shown. */
export function selectionOf(ids: ReadonlySignal<string[]>): Selection {
  const active = signal<string | null>(null);
  const selected = signal<ReadonlySet<string>>(new Set());
  const activeIndex = computed(() => (active.value ? ids.value.indexOf(active.value) : -1));
  let anchor: string | null = null;

  const move = (by: number) => {
    const last = ids.value.length - 1;
    if (last < 0) return;
    const from = activeIndex.value;
    active.value = ids.value[from < 0 ? (by > 0 ? 0 : last) : Math.min(last, Math.max(0, from + by))] ?? null;
  };

  const toggle = (id: string, { range = false } = {}) => {
    const next = new Set(selected.value);
    const [a, b] = [ids.value.indexOf(anchor ?? ""), ids.value.indexOf(id)];
    if (range && a >= 0 && b >= 0) for (const one of ids.value.slice(Math.min(a, b), Math.max(a, b) + 1)) next.add(one);
    else if (!next.delete(id)) next.add(id);
    anchor = id;
    selected.value = next;
  };

  const leave = (gone: Iterable<string>) => {
    const out = new Set(gone);
    selected.value = new Set([...selected.value].filter((id) => !out.has(id)));
    if (!active.value || !out.has(active.value)) return;
    const at = activeIndex.value;
    const stays = (id: string) => !out.has(id);
    active.value = ids.value.slice(at + 1).find(stays) ?? ids.value.slice(0, Math.max(at, 0)).reverse().find(stays) ?? null;
  };

  return {
    active,
    activeIndex,
    selected,
    targets: () => (selected.value.size ? [...selected.value] : active.value ? [active.value] : []),
    move,
    toggle,
    clear: () => {
      selected.value = new Set();
      anchor = null;
    },
    selectAll: () => (selected.value = new Set(ids.value)),
    leave,
  };
}
