// Which of the reports are meant, and whose way is open.
import { computed, signal } from "@preact/signals";
import { selectionOf } from "../../state/selection";
import { reports } from "./issue";

const ids = computed(() => reports.value.map((f) => f.id));

export const { active, activeIndex, selected, targets, move, toggle, clear, leave } = selectionOf(ids);

/** Reports whose "why here" is open. */
export const opened = signal<ReadonlySet<string>>(new Set());

export function open(id: string, is: boolean): void {
  if (opened.value.has(id) === is) return;
  const next = new Set(opened.value);
  if (is) next.add(id);
  else next.delete(id);
  opened.value = next;
}

export function forget(): void {
  clear();
  active.value = null;
  opened.value = new Set();
}
