// The issue that is looked at: loaded, kept in step with events, and where its reports come page by page.
import { signal } from "@preact/signals";
import type { Cluster, ClusterDetail, Event, Feedback } from "../../api/contract";
import { asFailure, call, type Failure } from "../../api/client";
import { batched } from "../../lib/debounce";
import { address, go } from "../../router";
import { put } from "../issues/list";

const REPORTS_PAGE = 25;

export const issue = signal<ClusterDetail | null>(null);
export const representatives = signal<Feedback[]>([]);
export const reports = signal<Feedback[]>([]);
export const cursor = signal<string | null>(null);
export const loadingMore = signal(false);
export const failure = signal<Failure | null>(null);
/** Reports that came since. */
export const fresh = signal(0);
/** Reports there were when they were loaded. */
let counted = 0;

/** The issue that is looked at; empty: none. One that was left while it loaded must not show up any more. */
let wanted = "";
let loading: Promise<void> = Promise.resolve();

async function loadRepresentatives(of: ClusterDetail): Promise<void> {
  const at_hand = new Map(of.feedback_items.map((f) => [f.id, f]));
  const all = await Promise.all(of.representative_ids.map((id) => at_hand.get(id) ?? call("getFeedback", { path: { id } }).catch(() => null)));
  if (wanted === of.id) representatives.value = all.filter((f): f is Feedback => f !== null);
}

async function loadAll(id: string, quiet: boolean): Promise<void> {
  failure.value = null;
  if (!quiet) {
    issue.value = null;
    reports.value = representatives.value = [];
  }
  try {
    const [detail, page] = await Promise.all([
      call("getCluster", { path: { id } }),
      call("listClusterFeedback", { path: { id }, query: { limit: Math.max(REPORTS_PAGE, Math.min(reports.value.length, 200)) } }),
    ]);
    if (wanted !== id) return;
    if (detail.moved_from) return go(address(`/issues/${detail.id}`), { replace: true });
    issue.value = detail;
    reports.value = page.items;
    cursor.value = page.next_cursor;
    fresh.value = 0;
    counted = detail.count;
    put(detail);
    await loadRepresentatives(detail);
  } catch (error) {
    if (wanted === id) failure.value = asFailure(error);
  }
}

/** Loads an issue; `quiet`: what is there stays until the answer comes, and one that is not looked at any more stays away. */
export function load(id: string, { quiet = false } = {}): Promise<void> {
  if (quiet && wanted !== id) return Promise.resolve();
  wanted = id;
  again.cancel(); // what it brings is older
  return (loading = loadAll(id, quiet));
}

/** The page is left. */
export function leave(): void {
  wanted = "";
  again.cancel();
}

export async function loadMore(): Promise<void> {
  const of = issue.value;
  if (!of || !cursor.value || loadingMore.value) return;
  loadingMore.value = true;
  try {
    const page = await call("listClusterFeedback", { path: { id: of.id }, query: { limit: REPORTS_PAGE, cursor: cursor.value } });
    if (wanted !== of.id) return;
    reports.value = [...reports.value, ...page.items];
    cursor.value = page.next_cursor;
  } finally {
    loadingMore.value = false;
  }
}

/** The issue after a change of ours: what the answer does not hold stays. */
export function changed(c: Cluster): void {
  if (issue.value?.id === c.id) issue.value = { ...issue.value, ...c };
}

const again = batched(async (signal) => {
  await loading; // what it brings may be older than the event
  const of = issue.value;
  if (!of || of.id !== wanted || signal.aborted) return;
  const c = await call("getCluster", { path: { id: of.id }, signal }).catch(() => null); // the next event asks again
  if (!c || signal.aborted) return;
  if (c.id === of.id) changed(c);
  else go(address(`/issues/${c.id}`), { replace: true });
}, 400);

export function onEvent(event: Event): void {
  if (event.data.id !== wanted || !event.kind.startsWith("cluster.")) return;
  const came = (event.data.count ?? 0) - counted;
  if (came > 0 && issue.value?.id === wanted) fresh.value = came;
  again();
}
