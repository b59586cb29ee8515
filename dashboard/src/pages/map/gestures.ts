// Mouse, pen and fingers on the map: moving, zooming, catching with a line, pointing.
import { here, look, moving, size, zoomBy } from "./camera";
import { catchThese, hovered, tool, type Tool } from "./chosen";
import { map } from "./data";
import { inside, nearest } from "./near";
import { pan, toPlaneX, toPlaneY } from "./view";

const REACH = 8; // pixels between the pointer and a point that is still meant
const STILL = 4; // pixels that a click may move
const WHEEL = 0.0016;

export interface Hooks {
  /** The line that is being drawn, in the plane; empty: none. */
  onLine: (line: number[]) => void;
  onOpen: (point: number) => void;
}

interface Touch {
  x: number;
  y: number;
}

/** What a pointer is doing since it went down. */
interface Stroke {
  tool: Tool;
  from: Touch;
  moved: boolean;
  line: number[];
}

const plane = (x: number, y: number): [number, number] => [toPlaneX(here(), size.value, x), toPlaneY(here(), size.value, y)];

export function pointAt(x: number, y: number): number {
  const m = map.value;
  if (!m) return -1;
  const [px, py] = plane(x, y);
  return nearest(m.grid, m.dots, px, py, REACH / here().scale, () => true);
}

function boxLine(a: Touch, b: Touch): number[] {
  return [...plane(a.x, a.y), ...plane(b.x, a.y), ...plane(b.x, b.y), ...plane(a.x, b.y)];
}

/** Follows the pointers on an element until the returned function is called. */
export function follow(element: HTMLElement, hooks: Hooks): () => void {
  const down = new Map<number, Touch>();
  let stroke: Stroke | null = null;

  const at = (event: MouseEvent): Touch => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  const pinch = (id: number, to: Touch) => {
    const [other] = [...down].filter(([key]) => key !== id).map(([, touch]) => touch);
    const from = down.get(id);
    if (!other || !from) return;
    const apart = (t: Touch) => Math.max(1, Math.hypot(t.x - other.x, t.y - other.y));
    look(pan(here(), (to.x - from.x) / 2, (to.y - from.y) / 2));
    zoomBy(apart(to) / apart(from), (to.x + other.x) / 2, (to.y + other.y) / 2);
  };

  const draw = (s: Stroke, to: Touch) => {
    if (s.tool === "box") s.line = boxLine(s.from, to);
    else s.line.push(...plane(to.x, to.y));
    hooks.onLine(s.line);
  };

  const onDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    const from = at(event);
    down.set(event.pointerId, from);
    const wanted = event.shiftKey ? "lasso" : event.altKey ? "box" : tool.value;
    stroke = down.size > 1 ? null : { tool: wanted, from, moved: false, line: wanted === "pan" ? [] : plane(from.x, from.y) };
    hooks.onLine([]);
  };

  const onMove = (event: PointerEvent) => {
    const to = at(event);
    const from = down.get(event.pointerId);
    if (!from) {
      hovered.value = event.pointerType === "touch" ? -1 : pointAt(to.x, to.y);
      return;
    }
    if (down.size > 1) pinch(event.pointerId, to);
    else if (stroke) {
      stroke.moved ||= Math.hypot(to.x - stroke.from.x, to.y - stroke.from.y) > STILL;
      if (stroke.tool !== "pan") draw(stroke, to);
      else if (stroke.moved) look(pan(here(), to.x - from.x, to.y - from.y));
    }
    moving.value = true;
    down.set(event.pointerId, to);
  };

  const onUp = (event: PointerEvent) => {
    const to = at(event);
    down.delete(event.pointerId);
    const done = stroke;
    stroke = null;
    moving.value = false;
    hooks.onLine([]);
    const m = map.value;
    if (!done || !m || event.type === "pointercancel") return;
    if (done.moved && done.tool !== "pan") return catchThese(inside(m.grid, m.dots, done.line));
    if (done.moved) return;
    const point = pointAt(to.x, to.y);
    if (done.tool !== "pan" && point >= 0) catchThese([point]);
    else if (event.pointerType === "touch") hovered.value = point;
    else if (point >= 0) hooks.onOpen(point);
  };

  let rest: ReturnType<typeof setTimeout> | undefined;
  const onWheel = (event: WheelEvent) => {
    event.preventDefault();
    const { x, y } = at(event);
    moving.value = true;
    clearTimeout(rest);
    rest = setTimeout(() => (moving.value = false), 150);
    zoomBy(Math.exp(-event.deltaY * WHEEL * (event.deltaMode === 1 ? 16 : 1) * (event.ctrlKey ? 4 : 1)), x, y);
  };
  const onLeave = () => (hovered.value = -1);

  element.addEventListener("pointerdown", onDown);
  element.addEventListener("pointermove", onMove);
  element.addEventListener("pointerup", onUp);
  element.addEventListener("pointercancel", onUp);
  element.addEventListener("pointerleave", onLeave);
  element.addEventListener("wheel", onWheel, { passive: false });
  return () => {
    clearTimeout(rest);
    element.removeEventListener("pointerdown", onDown);
    element.removeEventListener("pointermove", onMove);
    element.removeEventListener("pointerup", onUp);
    element.removeEventListener("pointercancel", onUp);
    element.removeEventListener("pointerleave", onLeave);
    element.removeEventListener("wheel", onWheel);
  };
}
