// What waits for a person: reports in no issue, with the reason, and issues of one report that are nearly another one.
import type { Answer } from "../../api/client";
import { call } from "../../api/client";
import { LIKELY } from "../../api/near";
import { findIssues } from "../../api/find";
import type { Cluster, Feedback, Job, Suggestion } from "../../api/contract";
import { ago } from "../../lib/time";
import { count, plural } from "../../lib/words";

const SHOWN = 100;
const OFFERED = 8;
const LIKE_CHARS = 400;
const LOOKED_AT = 300; // issues that are compared with their neighbours

type Status = Answer<"getClusteringStatus">;
export interface Inbox {
  reports: Feedback[];
  total: number;
  status: Status;
  /** By report id: the job that tries it again, or was given up. */
  jobs: Map<string, Job>;
  near: Near[];
  left: boolean;
}

/** A suggestion, seen from the issue that has one report. */
export interface Near {
  suggestion: Suggestion;
  alone: { id: string; title: string };
  other: { id: string; title: string; count: number };
}

const chance = (near: Near) => near.suggestion.evidence.probability ?? 0;

export function nearOf(s: Suggestion): Near | null {
  const a = { id: s.cluster_id, title: s.title, count: s.count };
  const b = { id: s.other_id ?? "", title: s.other_title ?? "", count: s.other_count };
  if (s.action !== "merge" || !b.id || Math.min(a.count, b.count) > 1) return null;
  const [alone, other] = a.count > 1 ? [b, a] : b.count > 1 ? [a, b] : [b, a];
  return { suggestion: s, alone, other };
}

export async function load(signal: AbortSignal): Promise<Inbox> {
  const [reports, status, dead, again, near] = await Promise.all([
    call("listFeedback", { query: { unclustered: true, limit: SHOWN }, signal }),
    call("getClusteringStatus", { signal }),
    call("listDeadLetters", { query: { limit: SHOWN }, signal }),
    call("listWork", { query: { kind: "regroup", limit: SHOWN }, signal }),
    call("analyzeClusters", { query: { limit: LOOKED_AT }, signal }),
  ]);
  const jobs = new Map<string, Job>();
  for (const job of [...again.items, ...dead.items].reverse()) {
    const id = job.payload["feedback_id"];
    if (typeof id === "string") jobs.set(id, job);
  }
  const found = near.items.map(nearOf).filter((n): n is Near => n !== null && chance(n) >= LIKELY);
  found.sort((a, b) => chance(b) - chance(a));
  return { reports: reports.items, total: reports.total, status, jobs, near: found, left: near.next_cursor !== null };
}

/** Issues that a report may belong to: by what it says. */
export async function nearTo(report: Feedback): Promise<{ cluster: Cluster; note: string }[]> {
  const found = await findIssues(`${report.title} ${report.body}`.trim().slice(0, LIKE_CHARS), {}, OFFERED, new AbortController().signal);
  return found.slice(0, OFFERED).map(({ cluster }) => ({ cluster, note: plural(cluster.count, "report") }));
}

/** Why a report is in no issue yet. */
export function whyNot(report: Feedback, inbox: Inbox, now: number): string {
  const { status } = inbox;
  const job = inbox.jobs.get(report.id);
  if (report.state === "parked") {
    if (!job) return "Grouping failed on it, and nothing tries it again: put it where it belongs yourself.";
    const why = job.error ? `: ${job.error}` : "";
    if (job.status === "dead") return `Grouping failed ${count(job.attempt)} times and gave up${why}`;
    return `Grouping failed${why}. It is tried again ${job.run_at && Date.parse(job.run_at) > now ? "in a moment" : "now"} (attempt ${job.attempt + 1} of ${job.max_attempts}).`;
  }
  if (status.embedder.reason) return `Waits for the embedder: ${status.embedder.reason}`;
  const waiting = status.pending_unclustered;
  if (waiting > 1) return `Waits its turn: ${count(waiting)} reports wait, and grouping ${status.is_clustering ? "is at work" : "starts in a moment"}.`;
  const since = ago(report.received_at, now);
  return since === "now" ? "Just arrived; it is grouped within about a second." : `Waits for ${since}. Is a worker running? See Health.`;
}
