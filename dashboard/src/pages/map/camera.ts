// Where one looks: kept while the page is left, moved by hand or towards an issue.
import { signal } from "@preact/signals";
import { map } from "./data";
import { between, fit, zoom, type Size, type View } from "./view";

const GLIDE_MS = 260;
const CLOSE = 14; // times the whole: how near an issue is looked at

/** null: everything, however big the screen is. */
export const view = signal<View | null>(null);
export const size = signal<Size>({ width: 1, height: 1 });
/** Frames are coming thick: they may be coarser. */
export const moving = signal(false);

const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
let glide = 0;

export const whole = (): View => (map.value ? fit(map.value.grid.box, size.value) : { x: 0, y: 0, scale: 1 });
export const here = (): View => view.value ?? whole();

export function look(v: View): void {
  cancelAnimationFrame(glide);
  view.value = v;
}

export function glideTo(to: View): void {
  cancelAnimationFrame(glide);
  if (calm.matches) return look(to);
  const from = here();
  const begun = performance.now();
  const step = (now: number) => {
    const part = Math.min(1, (now - begun) / GLIDE_MS);
    view.value = between(from, to, 1 - (1 - part) ** 3);
    if (part < 1) glide = requestAnimationFrame(step);
  };
  glide = requestAnimationFrame(step);
}

export const showAll = () => glideTo(whole());

export function zoomBy(factor: number, sx = size.value.width / 2, sy = size.value.height / 2): void {
  look(zoom(here(), size.value, factor, sx, sy, whole().scale));
}

export function lookAt(x: number, y: number): void {
  glideTo({ x, y, scale: Math.max(here().scale, whole().scale * CLOSE) });
}
