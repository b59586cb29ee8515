// Names of the biggest issues, none over another. Plain functions.
import { toScreenX, toScreenY, type Size, type View } from "./view";

export interface Labelled {
  x: number;
  y: number;
  /** Of its topmost point: the name stands above it. */
  top: number;
  title: string;
  shown: number;
}

export interface Label {
  text: string;
  x: number;
  y: number;
}

const MOST = 40;
const TRIED = 240;
const LONGEST = 34;
const HEIGHT = 18;
const GAP = 6;
const ABOVE = 16;

const short = (title: string) => (title.length <= LONGEST ? title : `${title.slice(0, LONGEST - 1).trimEnd()}…`);

/** `issues` is in order, biggest first. `widthOf` measures a text in pixels. */
export function place(issues: Labelled[], view: View, size: Size, widthOf: (text: string) => number): Label[] {
  const boxes: { left: number; right: number; top: number; bottom: number }[] = [];
  const labels: Label[] = [];
  let tried = 0;
  for (const issue of issues) {
    if (issue.shown < 2 || labels.length >= MOST || tried >= TRIED) break;
    const x = toScreenX(view, size, issue.x);
    const middle = toScreenY(view, size, issue.y);
    if (x < 0 || middle < 0 || x > size.width || middle > size.height) continue;
    const y = Math.max(HEIGHT, toScreenY(view, size, issue.top) - ABOVE);
    tried++;
    const text = short(issue.title);
    const half = widthOf(text) / 2 + GAP;
    const box = { left: x - half, right: x + half, top: y - HEIGHT / 2 - 1, bottom: y + HEIGHT / 2 + 1 };
    if (box.left < 0 || box.right > size.width) continue;
    if (boxes.some((b) => box.left < b.right && box.right > b.left && box.top < b.bottom && box.bottom > b.top)) continue;
    boxes.push(box);
    labels.push({ text, x, y });
  }
  return labels;
}
