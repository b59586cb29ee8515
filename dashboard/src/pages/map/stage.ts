// Draws one frame: the points into a picture, names and lines over it.
import { mix, pixelOf, HUES } from "./colours";
import type { MapData } from "./data";
import { place, type Label } from "./labels";
import { drawDots, type Dots, type Picture } from "./raster";
import { toScreenX, toScreenY, type Size, type View } from "./view";

const DIM = 0.22;
const FADED = HUES + 1; // tones behind the plain ones

export interface Theme {
  ground: number;
  /** Grey, then the hues; then all of them faded. */
  tones: Uint32Array;
  text: string;
  surface: string;
  accent: string;
  ring: Uint32Array;
}

/** The tokens' colours as they are now; `probe` is an element that shows nothing. */
export function readTheme(probe: HTMLElement): Theme {
  const colour = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const ground = pixelOf(colour("--surface"));
  const plain = Array.from({ length: HUES + 1 }, (_, i) => pixelOf(colour(`--map-${i}`)));
  return {
    ground,
    tones: Uint32Array.from([...plain, ...plain.map((c) => mix(c, ground, DIM))]),
    text: colour("--text"),
    surface: colour("--surface"),
    accent: colour("--accent"),
    ring: Uint32Array.of(pixelOf(colour("--text"))),
  };
}

interface Layer {
  dots: Dots;
  tone: Uint8Array;
}

export interface Scene {
  map: MapData;
  all: Layer;
  lit: Layer | null;
  caught: Layer | null;
  /** The lasso, in the plane. */
  line: number[];
}

export function layerOf(map: MapData, points: ArrayLike<number>): Layer | null {
  if (!points.length) return null;
  const pick = (from: Float32Array) => Float32Array.from(points, (i) => from[i] as number);
  return { dots: { n: points.length, x: pick(map.dots.x), y: pick(map.dots.y) }, tone: Uint8Array.from(points, (i) => map.hue[i] as number) };
}

/** The tones of all points when others stand out. */
export const fadedTones = (map: MapData): Uint8Array => map.hue.map((hue) => hue + FADED);

/** Radius of a point in pixels of the screen: smaller where there are many, bigger when one comes near. */
export function radiusOf(n: number, closer: number): number {
  const base = n < 3000 ? 3.6 : n < 20_000 ? 2.6 : 1.7;
  return Math.min(9, base * Math.max(1, closer) ** 0.35);
}

let buffer: { image: ImageData; picture: Picture } | null = null;

function pictureOf(width: number, height: number): { image: ImageData; picture: Picture } {
  if (buffer?.image.width !== width || buffer.image.height !== height) {
    const image = new ImageData(width, height);
    buffer = { image, picture: { width, height, pixels: new Uint32Array(image.data.buffer) } };
  }
  return buffer;
}

/** `sharp`: pixels of the picture for one of the screen. */
export function drawPoints(canvas: HTMLCanvasElement, scene: Scene, view: View, size: Size, sharp: number, radius: number, theme: Theme): void {
  const [width, height] = [Math.max(1, Math.round(size.width * sharp)), Math.max(1, Math.round(size.height * sharp))];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const { image, picture } = pictureOf(width, height);
  picture.pixels.fill(theme.ground);
  const seen = { x: view.x, y: view.y, scale: view.scale * sharp };
  drawDots(picture, scene.all.dots, seen, radius * sharp, scene.all.tone, theme.tones);
  if (scene.lit) drawDots(picture, scene.lit.dots, seen, radius * sharp, scene.lit.tone, theme.tones);
  if (scene.caught) {
    drawDots(picture, scene.caught.dots, seen, (radius + 2.5) * sharp, new Uint8Array(scene.caught.dots.n), theme.ring);
    drawDots(picture, scene.caught.dots, seen, radius * sharp, scene.caught.tone, theme.tones);
  }
  canvas.getContext("2d", { alpha: false })?.putImageData(image, 0, 0);
}

const FONT = "600 12px system-ui, sans-serif";
const widths = new Map<string, number>();

function drawLabel(pen: CanvasRenderingContext2D, label: Label, theme: Theme): void {
  pen.strokeStyle = theme.surface;
  pen.strokeText(label.text, label.x, label.y);
  pen.fillStyle = theme.text;
  pen.fillText(label.text, label.x, label.y);
}

function drawLine(pen: CanvasRenderingContext2D, line: number[], view: View, size: Size, theme: Theme): void {
  pen.beginPath();
  for (let i = 0; i < line.length; i += 2) pen.lineTo(toScreenX(view, size, line[i] as number), toScreenY(view, size, line[i + 1] as number));
  pen.closePath();
  pen.strokeStyle = theme.accent;
  pen.lineWidth = 2;
  pen.setLineDash([5, 4]);
  pen.stroke();
  pen.setLineDash([]);
}

/** Names and the lasso, over the points. */
export function drawOver(canvas: HTMLCanvasElement, scene: Scene, view: View, size: Size, sharp: number, theme: Theme): void {
  const [width, height] = [Math.round(size.width * sharp), Math.round(size.height * sharp)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.setTransform(sharp, 0, 0, sharp, 0, 0);
  pen.clearRect(0, 0, size.width, size.height);
  pen.font = FONT;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  pen.lineWidth = 4;
  const widthOf = (text: string) => {
    const known = widths.get(text) ?? pen.measureText(text).width;
    widths.set(text, known);
    return known;
  };
  const issues = scene.map.bySize.slice(0, 2000).map((i) => scene.map.issues[i] as MapData["issues"][number]);
  for (const label of place(issues, view, size, widthOf)) drawLabel(pen, label, theme);
  if (scene.line.length > 3) drawLine(pen, scene.line, view, size, theme);
}
