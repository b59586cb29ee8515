// Reports dragged with the mouse, and where they can be dropped: a new issue, one that lies near, or any other.
import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { plural } from "../../lib/words";
import { Icon, type IconName } from "../../ui/icons";
import { askWhere } from "./move";
import { moveTo, splitOff } from "./regroup";
import { selected } from "./selection";
import { nearest } from "./suggestions";

const NEAR = 5;

/** The reports under way; empty: none. */
const dragged = signal<string[]>([]);

/** What hangs at the pointer: the browser takes its picture once. */
function ghost(text: string): HTMLElement {
  const element = document.createElement("div");
  element.className = "drag-ghost";
  element.textContent = text;
  document.body.append(element);
  setTimeout(() => element.remove());
  return element;
}

/** The handle of a report; with it go all that are ticked, if this one is. */
export function Grip({ id, title }: { id: string; title: string }) {
  const onDragStart = (event: DragEvent) => {
    const ids = selected.value.has(id) ? [...selected.value] : [id];
    event.dataTransfer?.setData("text/plain", title);
    event.dataTransfer?.setDragImage(ghost(plural(ids.length, "report")), -12, 12);
    setTimeout(() => (dragged.value = ids)); // a page that changes within dragstart ends the drag
  };
  return (
    <span class="grip" draggable title="Drag it to another issue" aria-hidden="true" onDragStart={onDragStart} onDragEnd={() => (dragged.value = [])}>
      <Icon name="grip" />
    </span>
  );
}

function Zone({ icon, children, onDrop }: { icon: IconName; children: ComponentChildren; onDrop: (ids: string[]) => void }) {
  const [over, setOver] = useState(false);
  const onOver = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    const ids = dragged.value;
    dragged.value = [];
    onDrop(ids);
  };
  return (
    <li class={`zone ${over ? "over" : ""}`} onDragEnter={onOver} onDragOver={onOver} onDragLeave={() => setOver(false)} onDrop={drop}>
      <Icon name={icon} /><span class="clip">{children}</span>
    </li>
  );
}

/** There while something is dragged. Keyboard and screen reader have the same by n and v, and by the bar of ticked reports. */
export function DropTray() {
  if (!dragged.value.length) return null;
  return (
    <div class="tray" aria-hidden="true">
      <b>Drop {plural(dragged.value.length, "report")} into</b>
      <ul>
        <Zone icon="split" onDrop={(ids) => void splitOff(ids)}>A new issue</Zone>
        {nearest.value.slice(0, NEAR).map((n) => <Zone key={n.id} icon="issues" onDrop={(ids) => void moveTo(ids, n)}>{n.title}</Zone>)}
        <Zone icon="search" onDrop={askWhere}>Another issue…</Zone>
      </ul>
    </div>
  );
}
