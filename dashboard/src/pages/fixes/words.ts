// Fixes in words and numbers.
import type { Fix } from "../../api/contract";
import { span } from "../../lib/time";
import { count } from "../../lib/words";

type Step = Fix["step"];

export const STEPS: Record<Step, string> = {
  queued: "Waits its turn", preparing: "Reads the repository", base_tests: "Tests the code as it is", agent: "The agent works",
  checking: "Checks the change", patched_tests: "Tests the change", pushing: "Opens the pull request", opened: "Pull request opened",
};

export const STATES: Record<Fix["status"], string> = {
  pending: "Waits", running: "Runs", success: "Done", failed: "Failed", cancelled: "Cancelled", timed_out: "Timed out", dead: "Given up",
};

export const PULLS: Record<Fix["pr_state"], string> = {
  none: "No pull request", open: "In review", merged: "Merged", closed: "Closed without a merge", issue: "Written up as an issue",
};

export const isUnderWay = (fix: Fix) => fix.status === "pending" || fix.status === "running";
export const hasEnded = (fix: Fix) => !isUnderWay(fix);
export const mayRetry = (fix: Fix) => hasEnded(fix) && fix.status !== "success";
/** There is something at a forge to look at. */
export const hasPull = (fix: Fix) => fix.pr_state === "open" || fix.pr_state === "merged" || fix.pr_state === "closed";

/** Where it stands, in a few words. */
export function standing(fix: Fix): string {
  if (fix.status === "running") return STEPS[fix.step];
  return fix.status === "success" && fix.pr_state !== "none" ? PULLS[fix.pr_state] : STATES[fix.status];
}

/** The colour of its mark: as jobs have it, but a merge is what was wanted, and a review is still open. */
export function markOf(fix: Fix): string {
  if (fix.status !== "success") return fix.status;
  return fix.pr_state === "open" ? "review" : fix.pr_state === "closed" ? "cancelled" : "success";
}

export const tookMs = (fix: Fix, now: number) => (fix.started_at ? (fix.ended_at ? Date.parse(fix.ended_at) : now) - Date.parse(fix.started_at) : 0);
export const tookOf = (fix: Fix, now: number) => (fix.started_at ? span(tookMs(fix, now)) : "");

export function money(usd: number): string {
  if (usd === 0) return "$0";
  return usd < 0.01 ? "< $0.01" : `$${usd.toFixed(2)}`;
}

/** What the model cost; nothing where none was asked. */
export function costOf({ cost }: Fix): string {
  if (!cost.calls) return "no model was asked";
  return `${money(cost.usd)}, ${count(cost.calls)} model calls, ${count(cost.tokens_in + cost.tokens_out)} tokens`;
}

/** An agent that is no agent is called what it is. */
export const agentOf = (name: string) => (name === "scripted" ? "scripted (no model: it plays back a prepared change)" : name);
export const agentShort = (name: string) => (name === "scripted" ? "scripted, no model" : name);
