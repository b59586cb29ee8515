// Which part of the plane is seen: screen = (data - centre) * scale + middle of the screen. Plain functions.

export interface View {
  /** What of the plane is in the middle. */
  x: number;
  y: number;
  /** Screen pixels of one unit of the plane. */
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const PADDING = 36;
const TOOLS = 40; // more at the left, where the tools are
const DEEPEST = 400; // times as close as the whole
const WIDEST = 0.5;

export const toScreenX = (v: View, s: Size, x: number) => (x - v.x) * v.scale + s.width / 2;
export const toScreenY = (v: View, s: Size, y: number) => (y - v.y) * v.scale + s.height / 2;
export const toPlaneX = (v: View, s: Size, sx: number) => (sx - s.width / 2) / v.scale + v.x;
export const toPlaneY = (v: View, s: Size, sy: number) => (sy - s.height / 2) / v.scale + v.y;

/** All of a box, with some room around. */
export function fit(box: Box, size: Size): View {
  const width = Math.max(1, box.right - box.left);
  const height = Math.max(1, box.bottom - box.top);
  const scale = Math.min(Math.max(1, size.width - 2 * PADDING - TOOLS) / width, Math.max(1, size.height - 2 * PADDING) / height);
  return { x: (box.left + box.right - TOOLS / scale) / 2, y: (box.top + box.bottom) / 2, scale };
}

/** `factor` times as close, with what is at (sx, sy) of the screen staying there. `whole` is the scale that shows everything. */
export function zoom(v: View, size: Size, factor: number, sx: number, sy: number, whole: number): View {
  const scale = Math.min(whole * DEEPEST, Math.max(whole * WIDEST, v.scale * factor));
  const [x, y] = [toPlaneX(v, size, sx), toPlaneY(v, size, sy)];
  return { scale, x: x - (sx - size.width / 2) / scale, y: y - (sy - size.height / 2) / scale };
}

export function pan(v: View, dx: number, dy: number): View {
  return { ...v, x: v.x - dx / v.scale, y: v.y - dy / v.scale };
}

/** Between two views; the scale goes by ratios, so that coming near looks even. */
export function between(a: View, b: View, part: number): View {
  return { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part, scale: a.scale * (b.scale / a.scale) ** part };
}
