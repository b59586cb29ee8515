// Background jobs in words.
import type { Job } from "../../api/contract";

const KINDS: Record<string, string> = {
  group: "Group new reports", regroup: "Try one report again", tidy: "Look at everything together", reembed: "Fetch missing vectors",
  remodel: "Change the model", summarise: "Write titles and summaries",
};
export const kindOf = (job: Job) => KINDS[job.kind] ?? job.kind;

export const STATES: Record<Job["status"], string> = {
  pending: "Waits", running: "Runs", success: "Done", failed: "Failed", cancelled: "Cancelled", timed_out: "Timed out", dead: "Given up",
};

export const reportOf = (job: Job) => (typeof job.payload["feedback_id"] === "string" ? job.payload["feedback_id"] : null);

/** How long it took, or has taken so far; from its creation, as its start is not told. */
export function tookOf(job: Job): string {
  if (!job.ended_at) return "";
  const ms = Date.parse(job.ended_at) - Date.parse(job.created_at);
  if (ms < 1000) return `${ms} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}
