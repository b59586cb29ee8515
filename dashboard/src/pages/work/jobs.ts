// Background jobs in words.
import type { Job } from "../../api/contract";
import { span } from "../../lib/time";

const KINDS: Record<string, string> = {
  group: "Group new reports", regroup: "Try one report again", tidy: "Look at everything together", reembed: "Fetch missing vectors",
  remodel: "Change the model", summarise: "Write titles and summaries", chart: "Draw the map", fix: "Fix an issue",
};
export const kindOf = (job: Job) => KINDS[job.kind] ?? job.kind;

export const STATES: Record<Job["status"], string> = {
  pending: "Waits", running: "Runs", success: "Done", failed: "Failed", cancelled: "Cancelled", timed_out: "Timed out", dead: "Given up",
};

export const reportOf = (job: Job) => (typeof job.payload["feedback_id"] === "string" ? job.payload["feedback_id"] : null);

/** How long it took; from its creation, as its start is not told. */
export const tookOf = (job: Job) => (job.ended_at ? span(Date.parse(job.ended_at) - Date.parse(job.created_at)) : "");
