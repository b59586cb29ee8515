// Which points are at a place of the plane: a grid of buckets, and what lies within a shape. Plain functions.
import type { Dots } from "./raster";
import type { Box } from "./view";

const SIDE = 256;

export interface Grid {
  box: Box;
  /** Points of bucket b: order[start[b]] to order[start[b + 1]]. */
  start: Uint32Array;
  order: Uint32Array;
}

export function boxOf({ x, y, n }: Dots): Box {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (let i = 0; i < n; i++) {
    box.left = Math.min(box.left, x[i] as number);
    box.right = Math.max(box.right, x[i] as number);
    box.top = Math.min(box.top, y[i] as number);
    box.bottom = Math.max(box.bottom, y[i] as number);
  }
  return n ? box : { left: -1, top: -1, right: 1, bottom: 1 };
}

const cellOf = (at: number, low: number, high: number) =>
  Math.max(0, Math.min(SIDE - 1, Math.floor(((at - low) / Math.max(1, high - low)) * SIDE)));

export function gridOf(dots: Dots): Grid {
  const box = boxOf(dots);
  const bucket = new Uint32Array(dots.n);
  const start = new Uint32Array(SIDE * SIDE + 1);
  for (let i = 0; i < dots.n; i++) {
    const b = cellOf(dots.y[i] as number, box.top, box.bottom) * SIDE + cellOf(dots.x[i] as number, box.left, box.right);
    bucket[i] = b;
    start[b + 1]!++;
  }
  for (let b = 0; b < SIDE * SIDE; b++) start[b + 1]! += start[b] as number;
  const next = start.slice();
  const order = new Uint32Array(dots.n);
  for (let i = 0; i < dots.n; i++) order[next[bucket[i] as number]!++] = i;
  return { box, start, order };
}

/** Calls `found` for each point within a box. */
function within(grid: Grid, dots: Dots, box: Box, found: (i: number) => void): void {
  const [left, right] = [cellOf(box.left, grid.box.left, grid.box.right), cellOf(box.right, grid.box.left, grid.box.right)];
  const [top, bottom] = [cellOf(box.top, grid.box.top, grid.box.bottom), cellOf(box.bottom, grid.box.top, grid.box.bottom)];
  for (let cy = top; cy <= bottom; cy++) {
    const from = grid.start[cy * SIDE + left] as number;
    const to = grid.start[cy * SIDE + right + 1] as number; // the buckets of a row lie side by side
    for (let k = from; k < to; k++) {
      const i = grid.order[k] as number;
      const [x, y] = [dots.x[i] as number, dots.y[i] as number];
      if (x >= box.left && x <= box.right && y >= box.top && y <= box.bottom) found(i);
    }
  }
}

/** The nearest point at most `reach` away for which `counts` holds; -1: none. */
export function nearest(grid: Grid, dots: Dots, x: number, y: number, reach: number, counts: (i: number) => boolean): number {
  let best = -1;
  let bestD = reach * reach;
  within(grid, dots, { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach }, (i) => {
    const d = ((dots.x[i] as number) - x) ** 2 + ((dots.y[i] as number) - y) ** 2;
    if (d > bestD || !counts(i)) return;
    best = i;
    bestD = d;
  });
  return best;
}

/** The points inside a closed line of [x, y, x, y, ...]. */
export function inside(grid: Grid, dots: Dots, line: number[]): number[] {
  const xs = line.filter((_, i) => i % 2 === 0);
  const ys = line.filter((_, i) => i % 2 === 1);
  const box = { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
  const found: number[] = [];
  within(grid, dots, box, (i) => {
    const [x, y] = [dots.x[i] as number, dots.y[i] as number];
    let odd = false;
    for (let a = 0, b = xs.length - 1; a < xs.length; b = a++) {
      const [ay, by] = [ys[a] as number, ys[b] as number];
      if (ay > y !== by > y && x < (((xs[b] as number) - (xs[a] as number)) * (y - ay)) / (by - ay) + (xs[a] as number)) odd = !odd;
    }
    if (odd) found.push(i);
  });
  return found;
}
