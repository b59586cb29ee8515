// The map as the server draws it, made ready for looking at: points in the order in which they are drawn, found by place.
import { signal } from "@preact/signals";
import type { ClusterStatus, Event, Map as Answer } from "../../api/contract";
import { asFailure, call, wasAborted, type Failure } from "../../api/client";
import { DAY } from "../../lib/time";
import { SEEN, type Filters } from "../issues/filters";
import { huesOf } from "./colours";
import { gridOf, type Grid } from "./near";
import type { Dots } from "./raster";

export interface MapIssue {
  id: string;
  title: string;
  status: ClusterStatus;
  /** Its reports in all, and those on the map. */
  count: number;
  shown: number;
  x: number;
  y: number;
  /** Of its topmost point. */
  top: number;
}

export interface MapData {
  dots: Dots;
  /** Of each point: its report, its issue (an index) and its colour (0 is grey). */
  ids: string[];
  issueOf: Uint32Array;
  hue: Uint8Array;
  issues: MapIssue[];
  /** Points of issue i: points[start[i]] to points[start[i + 1]]. */
  start: Uint32Array;
  points: Uint32Array;
  /** Indices of issues, biggest first. */
  bySize: number[];
  grid: Grid;
  /** Reports that fit the filters; more than there are points when the map would be too full. */
  total: number;
  undrawn: number;
  /** The server draws what is undrawn, some time. */
  draws: boolean;
  drawn: boolean;
}

export const MOST_POINTS = 100_000;

export const map = signal<MapData | null>(null);
export const failure = signal<Failure | null>(null);
/** Something changed on the server since. */
export const stale = signal(false);

let abort = new AbortController();

/** Single reports lie under all others, big issues under small ones. */
function drawOrder(issueOf: number[], issues: Answer["clusters"]): Uint32Array {
  const rank = Float64Array.from(issues, (c) => (c.count < 2 ? -Infinity : -c.shown));
  const at = (i: number) => rank[issueOf[i] as number] as number;
  return Uint32Array.from(issueOf.keys()).sort((a, b) => (at(a) === at(b) ? a - b : at(a) < at(b) ? -1 : 1));
}

/** The points of each issue, side by side. */
function byIssue(issueOf: Uint32Array, issues: number): Pick<MapData, "start" | "points"> {
  const start = new Uint32Array(issues + 1);
  for (const issue of issueOf) start[issue + 1]!++;
  for (let i = 0; i < issues; i++) start[i + 1]! += start[i] as number;
  const next = start.slice();
  const points = new Uint32Array(issueOf.length);
  issueOf.forEach((issue, point) => (points[next[issue]!++] = point));
  return { start, points };
}

export const pointsOf = (m: MapData, issue: number): Uint32Array => m.points.subarray(m.start[issue], m.start[issue + 1]);

export function ready(answer: Answer, least: number): MapData {
  const { id, x, y, cluster } = answer.points;
  const issues: MapIssue[] = answer.clusters.map((c) => ({ ...c, top: c.y }));
  const order = drawOrder(cluster, issues).filter((i) => (issues[cluster[i] as number]?.count ?? 0) >= least);
  const dots: Dots = { n: order.length, x: new Float32Array(order.length), y: new Float32Array(order.length) };
  const ids: string[] = [];
  const issueOf = new Uint32Array(order.length);
  const hues = huesOf(issues);
  const hue = new Uint8Array(order.length);
  order.forEach((from, to) => {
    const issue = issues[cluster[from] as number] as MapIssue;
    issue.top = Math.min(issue.top, y[from] as number);
    dots.x[to] = x[from] as number;
    dots.y[to] = y[from] as number;
    ids.push(id[from] as string);
    issueOf[to] = cluster[from] as number;
    hue[to] = hues[cluster[from] as number] as number;
  });
  const bySize = issues.map((_, i) => i).filter((i) => (issues[i]?.shown ?? 0) > 0 && (issues[i]?.count ?? 0) >= least);
  bySize.sort((a, b) => (issues[b]?.shown ?? 0) - (issues[a]?.shown ?? 0));
  return { dots, ids, issueOf, hue, issues, bySize, ...byIssue(issueOf, issues.length), grid: gridOf(dots), total: answer.total, undrawn: answer.undrawn, draws: answer.draws, drawn: answer.laid_at !== null };
}

/** Loads what the filters take; what is there stays until the answer comes. */
export async function load(f: Filters): Promise<void> {
  abort.abort();
  const { signal } = (abort = new AbortController());
  stale.value = false;
  try {
    const answer = await call("getMap", {
      query: {
        limit: MOST_POINTS,
        ...(f.status.length ? { status: f.status } : {}),
        ...(f.source ? { source: f.source } : {}),
        ...(f.seen ? { since: new Date(Date.now() - SEEN[f.seen].days * DAY).toISOString() } : {}),
      },
      signal,
    });
    if (signal.aborted) return;
    map.value = ready(answer, f.min);
    failure.value = null;
  } catch (error) {
    if (!signal.aborted && !wasAborted(error)) failure.value = asFailure(error);
  }
}

export function forget(): void {
  abort.abort();
  map.value = null;
  failure.value = null;
}

/** Colours and places change with these; numbers alone do not matter here. */
export function onEvent(event: Event): void {
  if (event.kind === "map.updated" || event.kind.startsWith("cluster.")) stale.value = true;
}
