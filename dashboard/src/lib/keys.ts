// The keyboard: pages say which keys they know; the help is printed from the same list.
import { useLayoutEffect } from "preact/hooks";
import { signal } from "@preact/signals";

export interface Key {
  /** As KeyboardEvent.key says it, "ctrl+" in front where it is held: "j", "?", "Enter", "ctrl+z". */
  keys: string[];
  /** For the help; none: not shown there. */
  help?: string;
  group?: string;
  run: (event: KeyboardEvent) => void;
  /** Also while a text is being written. */
  inText?: boolean;
}

export const layers = signal<Key[][]>([]);

/** While the component is there, its keys are known; those of a later component come first. */
export function useKeys(list: Key[], deps: unknown[] = []): void {
  // As soon as it is drawn: a key that follows at once is not lost.
  useLayoutEffect(() => {
    layers.value = [...layers.peek(), list];
    return () => {
      layers.value = layers.peek().filter((l) => l !== list);
    };
  }, deps);
}

export function nameOf(event: KeyboardEvent): string {
  return event.ctrlKey || event.metaKey ? `ctrl+${event.key.toLowerCase()}` : event.key;
}

function writesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button"].includes(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Buttons and links take Enter and the space bar themselves. */
function takesIt(target: EventTarget | null, key: string): boolean {
  return (key === "Enter" || key === " ") && target instanceof Element && target.closest("button, a, summary, input") !== null;
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
  const name = nameOf(event);
  const inText = writesText(event.target);
  if (takesIt(event.target, name)) return;
  for (const layer of [...layers.peek()].reverse()) {
    const key = layer.find((k) => k.keys.includes(name) && (!inText || k.inText));
    if (!key) continue;
    event.preventDefault();
    key.run(event);
    return;
  }
}

export function startKeys(): void {
  document.addEventListener("keydown", onKey);
}
