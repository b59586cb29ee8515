// The list of issues: pages of it as they are needed, search, and changes as they happen.
import { computed, signal } from "@preact/signals";
import type { Cluster, Event } from "../../api/contract";
import { asFailure, call, wasAborted, type Failure } from "../../api/client";
import { findIssues, type Found } from "../../api/find";
import { query } from "../../router";
import { batched } from "../../lib/debounce";
import { matches, read, toQuery, type Filters } from "./filters";

export interface Row {
  cluster: Cluster;
  /** Of a search: what found it. */
  match?: Found["match"];
  /** It was merged away, or its reports went elsewhere, since the list was loaded. */
  gone?: boolean;
}

const FIRST_PAGE = 100;
const NEXT_PAGE = 200;
const LARGEST_PAGE = 1000;
const SEARCH_HITS = 100;
const MAX_REFETCH = 12; // rows that are asked for at a time after events

export const filters = computed(() => read(query.value));
export const rows = signal<Row[]>([]);
/** How many there are in all; -1: not known. */
export const total = signal(0);
export const phase = signal<"loading" | "ready" | "failed">("loading");
export const failure = signal<Failure | null>(null);
/** Issues that came up since the list was loaded, and belong into it. */
export const fresh = signal<ReadonlySet<string>>(new Set());
/** Rows that a scroll bar shows: those that are still to come, too. */
export const length = computed(() => Math.max(rows.value.length, total.value));

let cursor: string | null = null;
let loading: Promise<void> | null = null;
let whole: Promise<void> = Promise.resolve();
let abort = new AbortController();

interface Answer {
  rows: Row[];
  total: number;
  cursor: string | null;
}

async function listPage(f: Filters, at: string | null, limit: number, signal: AbortSignal): Promise<Answer> {
  const page = await call("listClusters", { query: { ...toQuery(f, Date.now()), limit, ...(at ? { cursor: at } : {}) }, signal });
  return { rows: page.items.map((cluster) => ({ cluster })), total: page.total, cursor: page.next_cursor };
}

async function search(f: Filters, signal: AbortSignal): Promise<Answer> {
  const found = await findIssues(f.q, toQuery(f, Date.now()), SEARCH_HITS, signal);
  const rows = found.filter(({ cluster }) => matches(cluster, f, Date.now()));
  return { rows, total: rows.length, cursor: null };
}

function show(answer: Answer): void {
  rows.value = answer.rows;
  total.value = answer.total;
  cursor = answer.cursor;
  fresh.value = new Set();
  phase.value = "ready";
  failure.value = null;
}

/** What is there answers something else: nobody must take it for what is asked for now. */
export function empty(): void {
  rows.value = [];
  total.value = 0;
  stale.clear();
}

async function loadAll(quiet: boolean): Promise<void> {
  abort.abort();
  abort = new AbortController();
  const { signal } = abort;
  const wanted = quiet ? Math.min(Math.max(rows.value.length, FIRST_PAGE), LARGEST_PAGE) : FIRST_PAGE;
  if (!quiet) phase.value = "loading";
  loading = null;
  try {
    const f = filters.value;
    const answer = f.q.trim() ? await search(f, signal) : await listPage(f, null, wanted, signal);
    if (!signal.aborted) show(answer);
  } catch (error) {
    if (signal.aborted || wasAborted(error)) return;
    failure.value = asFailure(error);
    if (!quiet || !rows.value.length) phase.value = "failed";
  }
}

/** Loads from the start. `quiet`: what is there stays until the answer comes, and as much of it is loaded again. */
export function load({ quiet = false } = {}): Promise<void> {
  stale.clear();
  refetch.cancel(); // what it brings is older
  return (whole = loadAll(quiet));
}

/** The page is left: whoever comes back loads anew. */
export function leave(): void {
  refetch.cancel();
}

async function loadMore(limit: number): Promise<void> {
  const { signal } = abort;
  const answer = await listPage(filters.value, cursor, limit, signal);
  if (signal.aborted) return;
  const known = new Set(rows.value.map((r) => r.cluster.id)); // one may have moved down since its page was loaded
  rows.value = [...rows.value, ...answer.rows.filter((r) => !known.has(r.cluster.id))];
  total.value = answer.total;
  cursor = answer.cursor;
}

/** Sees to it that the rows up to here are loaded, or under way. */
export function need(upTo: number): void {
  if (loading || !cursor || rows.value.length >= upTo) return;
  const mine = loadMore(upTo - rows.value.length > NEXT_PAGE ? LARGEST_PAGE : NEXT_PAGE)
    .then(() => {
      if (loading !== mine) return;
      loading = null;
      need(upTo);
    })
    .catch((error) => {
      if (loading === mine) loading = null;
      if (!wasAborted(error)) failure.value = asFailure(error);
    });
  loading = mine;
}

export function rowOf(id: string): Row | undefined {
  return rows.value.find((r) => r.cluster.id === id);
}

/** An issue as it is now, where it stands. */
export function put(cluster: Cluster): void {
  rows.value = rows.value.map((r) => (r.cluster.id === cluster.id ? { ...r, cluster, gone: cluster.merged_into !== null } : r));
}

export function take(ids: Iterable<string>): void {
  const out = new Set(ids);
  const left = rows.value.filter((r) => !out.has(r.cluster.id));
  if (total.value > 0) total.value -= rows.value.length - left.length;
  rows.value = left;
}

// ---- As it happens: nothing moves; numbers change where they stand, and what is new is counted. ----

const stale = new Set<string>();
const refetch = batched(async (signal) => {
  await whole; // what it brings may be older than the events
  if (signal.aborted) return;
  const ids = [...stale].slice(0, MAX_REFETCH);
  for (const id of ids) stale.delete(id);
  await Promise.all(ids.map((id) => askFor(id, signal)));
  if (stale.size && !signal.aborted) refetch();
}, 500);

/** A row as it is now; where it cannot be had, the next event asks again. */
async function askFor(id: string, signal: AbortSignal): Promise<void> {
  const cluster = await call("getCluster", { path: { id }, signal }).catch(() => null);
  if (cluster?.id === id && !signal.aborted) put(cluster);
}

export function onEvent(event: Event): void {
  const { id, count, status, title } = event.data;
  if (!event.kind.startsWith("cluster.") || !id) return;
  const row = rowOf(id);
  if (!row) return note(event, id);
  const gone = event.kind === "cluster.gone";
  const cluster = { ...row.cluster, count: count ?? row.cluster.count, status: status ?? row.cluster.status, title: title ?? row.cluster.title };
  rows.value = rows.value.map((r) => (r === row ? { ...row, cluster: gone ? row.cluster : cluster, gone } : r));
  if (gone) return;
  stale.add(id);
  refetch();
}

/** One that is not in the list: would it be, were it loaded now? What the event does not say is taken for granted. */
function note(event: Event, id: string): void {
  const { status, count } = event.data;
  const f = filters.value;
  if (event.kind === "cluster.gone") {
    if (fresh.value.has(id)) fresh.value = new Set([...fresh.value].filter((known) => known !== id));
    return;
  }
  if (f.q || cursor !== null && event.kind !== "cluster.opened") return;
  if (status && f.status.length && !f.status.includes(status)) return;
  if ((count ?? 0) < f.min || fresh.value.has(id)) return;
  fresh.value = new Set([...fresh.value, id]);
}
