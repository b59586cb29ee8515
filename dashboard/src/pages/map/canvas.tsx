// The picture: two canvases, drawn when something changed, at most once a frame.
import { computed, effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { plural } from "../../lib/words";
import { address, go } from "../../router";
import { theme as chosenTheme } from "../../state/theme";
import { here, moving, size, view, whole } from "./camera";
import { caughtPoints, found, hovered, looked } from "./chosen";
import { map, pointsOf, type MapData } from "./data";
import { follow } from "./gestures";
import { drawOver, drawPoints, fadedTones, layerOf, radiusOf, readTheme, type Scene, type Theme } from "./stage";

const SHARPEST = 2;
const SLOW_MS = 12; // a frame that takes longer is drawn coarser while things move
const line = signal<number[]>([]);
const dark = window.matchMedia("(prefers-color-scheme: dark)");

/** The points that stand out: of the issue under the mouse or looked at, else of what was found; null: none does. */
const lit = computed<ArrayLike<number> | null>(() => {
  const m = map.value;
  if (!m) return null;
  const issue = hovered.value >= 0 ? (m.issueOf[hovered.value] as number) : looked.value;
  if (issue >= 0) return pointsOf(m, issue);
  const ids = found.value;
  return ids && m.bySize.filter((i) => ids.has(m.issues[i]?.id ?? "")).flatMap((i) => [...pointsOf(m, i)]);
});
const faded = computed(() => map.value && fadedTones(map.value));
const caughtLayer = computed(() => map.value && layerOf(map.value, caughtPoints.value));

function sceneOf(m: MapData): Scene {
  const tone = lit.value && faded.value ? faded.value : m.hue;
  return { map: m, all: { dots: m.dots, tone }, lit: lit.value && layerOf(m, lit.value), caught: caughtLayer.value, line: line.value };
}

export function openPoint(point: number): void {
  const m = map.value;
  const issue = m?.issues[m.issueOf[point] as number];
  if (issue) go(address(`/issues/${issue.id}`));
}

/** Draws whenever a signal that it reads changes; returns how to end that. */
function drawing(points: HTMLCanvasElement, over: HTMLCanvasElement): () => void {
  let frame = 0;
  let cost = 0;
  let scene: Scene | null = null;
  let theme: Theme = readTheme(points);
  const draw = () => {
    frame = 0;
    if (!scene) return;
    const begun = performance.now();
    const full = Math.min(SHARPEST, window.devicePixelRatio || 1);
    const sharp = moving.value && cost > SLOW_MS ? full / 2 : full;
    const radius = radiusOf(scene.map.dots.n, here().scale / whole().scale);
    drawPoints(points, scene, here(), size.value, sharp, radius, theme);
    drawOver(over, scene, here(), size.value, full, theme);
    if (sharp === full) cost = performance.now() - begun;
  };
  const soon = () => {
    frame ||= requestAnimationFrame(draw);
  };
  const endScene = effect(() => {
    scene = map.value && sceneOf(map.value);
    soon();
  });
  const endFrame = effect(() => {
    void [view.value, size.value, moving.value];
    soon();
  });
  const recolour = () => {
    theme = readTheme(points);
    soon();
  };
  const endTheme = chosenTheme.subscribe(() => setTimeout(recolour));
  dark.addEventListener("change", recolour);
  return () => {
    cancelAnimationFrame(frame);
    dark.removeEventListener("change", recolour);
    [endScene, endFrame, endTheme].forEach((end) => end());
  };
}

export function MapCanvas({ of }: { of: MapData }) {
  const stage = useRef<HTMLDivElement>(null);
  const points = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = stage.current as HTMLDivElement;
    const measure = () => (size.value = { width: element.clientWidth, height: element.clientHeight });
    const watch = new ResizeObserver(measure);
    measure();
    watch.observe(element);
    const ends = [
      drawing(points.current as HTMLCanvasElement, over.current as HTMLCanvasElement),
      follow(element, { onLine: (l) => (line.value = [...l]), onOpen: openPoint }),
      () => watch.disconnect(),
    ];
    return () => ends.forEach((end) => end());
  }, []);
  return (
    <div class="map-stage" ref={stage}>
      <canvas ref={points} role="img" aria-label={`Map of ${plural(of.dots.n, "report")} in ${plural(of.bySize.length, "issue")}; the table beside it says the same in words.`} />
      <canvas ref={over} aria-hidden="true" />
    </div>
  );
}
