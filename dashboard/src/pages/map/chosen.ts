// What on the map is meant: the point under the mouse, the issue that is looked at, and the reports that were caught.
import { computed, signal } from "@preact/signals";
import { map } from "./data";

export type Tool = "pan" | "lasso" | "box";

export const tool = signal<Tool>("pan");
/** A point; -1: none. */
export const hovered = signal(-1);
const lookedId = signal<string | null>(null);
/** An issue by keyboard or from the table; -1: none. A new answer of the server, in another order, keeps it. */
export const looked = computed(() => map.value?.issues.findIndex((issue) => issue.id === lookedId.value) ?? -1);
export const lookTo = (issue: number): void => void (lookedId.value = map.value?.issues[issue]?.id ?? null);
/** Reports that were caught, by id: a new answer of the server keeps them. */
export const caught = signal<ReadonlySet<string>>(new Set());
/** The caught points of the map as it is. */
export const caughtPoints = computed<number[]>(() => {
  const ids = caught.value;
  const points: number[] = [];
  if (ids.size) map.value?.ids.forEach((id, i) => ids.has(id) && points.push(i));
  return points;
});

/** Issues that a search found; null: nothing is searched for. */
export const found = signal<ReadonlySet<string> | null>(null);

export interface CaughtIssue {
  id: string;
  title: string;
  count: number;
  reports: string[];
}

/** The caught reports by issue, most first. */
export const caughtIssues = computed<CaughtIssue[]>(() => {
  const m = map.value;
  if (!m || !caught.value.size) return [];
  const byIssue = new Map<number, string[]>();
  for (const i of caughtPoints.value) {
    const reports = byIssue.get(m.issueOf[i] as number) ?? [];
    reports.push(m.ids[i] as string);
    byIssue.set(m.issueOf[i] as number, reports);
  }
  const rows = [...byIssue].map(([i, reports]): CaughtIssue => {
    const { id, title, count } = m.issues[i] as (typeof m.issues)[number];
    return { id, title, count, reports };
  });
  return rows.sort((a, b) => b.reports.length - a.reports.length);
});

/** Adds points to what is caught, or takes them out when all of them are in already. */
export function catchThese(points: ArrayLike<number>): void {
  const m = map.value;
  if (!m || !points.length) return;
  const ids = Array.from(points, (i) => m.ids[i] as string);
  const next = new Set(caught.value);
  if (ids.every((id) => next.has(id))) for (const id of ids) next.delete(id);
  else for (const id of ids) next.add(id);
  caught.value = next;
}

export function release(): void {
  caught.value = new Set();
}
