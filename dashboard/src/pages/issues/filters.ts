// What of the issues is shown, and in which order: read from the address and written to it.
import type { Cluster, ClusterQuery, ClusterStatus, Operations, Source } from "../../api/contract";
import { DAY } from "../../lib/time";
import { SOURCES, STATUSES } from "../../lib/words";

type ListQuery = Operations["listClusters"]["query"];
export type Sort = NonNullable<ListQuery["sort"]>;
export type Seen = "24h" | "7d" | "30d";

export interface Filters {
  /** Empty: every status. */
  status: ClusterStatus[];
  source: Source | null;
  seen: Seen | null;
  /** At least so many reports. */
  min: number;
  sort: Sort;
  q: string;
}

export const OPEN: ClusterStatus[] = ["new", "triaged", "fixing", "pr_opened", "regressed"];
export const SORTS: Record<Sort, string> = {
  recent: "Last seen", size: "Most reports", trend: "Fastest growing", created: "Newest",
};
export const SEEN: Record<Seen, { name: string; days: number }> = {
  "24h": { name: "Last 24 hours", days: 1 },
  "7d": { name: "Last 7 days", days: 7 },
  "30d": { name: "Last 30 days", days: 30 },
};

const isOneOf = <T extends string>(list: readonly T[], value: string | null): value is T => list.includes(value as T);

export function sameStatuses(a: ClusterStatus[], b: ClusterStatus[]): boolean {
  return a.length === b.length && a.every((s) => b.includes(s));
}

/** What an address says; words that mean nothing here are left out. */
export function read(params: URLSearchParams): Filters {
  const status = params.get("status");
  const named = (status ?? "").split(",").filter((s): s is ClusterStatus => isOneOf(STATUSES, s));
  const source = params.get("source");
  const seen = params.get("seen");
  const sort = params.get("sort");
  const min = Number(params.get("min"));
  return {
    status: status === "all" ? [] : named.length ? named : OPEN,
    source: isOneOf(SOURCES, source) ? source : null,
    seen: isOneOf(Object.keys(SEEN) as Seen[], seen) ? seen : null,
    min: Number.isInteger(min) && min > 1 ? min : 1,
    sort: isOneOf(Object.keys(SORTS) as Sort[], sort) ? sort : "recent",
    q: params.get("q") ?? "",
  };
}

/** The parameters of an address that says this; null where nothing has to be said. */
export function write(f: Filters): Record<string, string | null> {
  return {
    status: f.status.length === 0 ? "all" : sameStatuses(f.status, OPEN) ? null : f.status.join(","),
    source: f.source,
    seen: f.seen,
    min: f.min > 1 ? String(f.min) : null,
    sort: f.sort === "recent" ? null : f.sort,
    q: f.q || null,
  };
}

export function toQuery(f: Filters, now: number): ListQuery {
  const query: ListQuery = { sort: f.sort };
  if (f.status.length) query.status = f.status;
  if (f.source) query.source = f.source;
  if (f.seen) query.since = new Date(now - SEEN[f.seen].days * DAY).toISOString();
  if (f.min > 1) query.min_count = f.min;
  return query;
}

/** The same rules for an issue that is at hand already (search results, live changes). */
export function matches(c: Cluster, f: Filters, now: number): boolean {
  if (f.status.length && !f.status.includes(c.status)) return false;
  if (f.source && !c.sources.includes(f.source)) return false;
  if (f.min > 1 && c.count < f.min) return false;
  return !f.seen || (c.last_seen !== null && Date.parse(c.last_seen) >= now - SEEN[f.seen].days * DAY);
}

/** The same as a saved view holds it, and back. What the page has no control for is not kept. */
export function toView(f: Filters): ClusterQuery {
  return {
    ...(f.status.length ? { status: f.status } : {}),
    ...(f.source ? { source: f.source } : {}),
    ...(f.seen ? { days: SEEN[f.seen].days } : {}),
    ...(f.min > 1 ? { min_count: f.min } : {}),
    ...(f.q ? { q: f.q } : {}),
    sort: f.sort,
  };
}

export function ofView(view: ClusterQuery): Filters {
  const seen = (Object.keys(SEEN) as Seen[]).find((s) => SEEN[s].days === view.days);
  return {
    status: view.status ?? [],
    source: view.source ?? null,
    seen: seen ?? null,
    min: view.min_count ?? 1,
    sort: view.sort ?? "recent",
    q: view.q ?? "",
  };
}
