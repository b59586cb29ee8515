// Numbers and names as people read them.
import type { ClusterStatus, Source } from "../api/contract";

export const count = (n: number) => n.toLocaleString();
export const plural = (n: number, one: string, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
export const percent = (part: number) => `${Math.round(part * 100)} %`;

export const STATUS: Record<ClusterStatus, { name: string; says: string }> = {
  new: { name: "New", says: "nobody has looked at it yet" },
  triaged: { name: "Triaged", says: "someone looked at it" },
  fixing: { name: "Fixing", says: "a fix is being made" },
  pr_opened: { name: "In review", says: "its pull request is open" },
  resolved: { name: "Resolved", says: "a new report would bring it back" },
  regressed: { name: "Regressed", says: "it was resolved, and came back" },
  ignored: { name: "Ignored", says: "put aside" },
  snoozed: { name: "Snoozed", says: "put aside for a time" },
};
export const STATUSES = Object.keys(STATUS) as ClusterStatus[];

export const SOURCE: Record<Source, string> = {
  manual: "Manual", reddit: "Reddit", sentry: "Sentry", github: "GitHub",
  datadog: "Datadog", posthog: "PostHog", splunk: "Splunk", generic: "Other", form: "Form",
};
export const SOURCES = Object.keys(SOURCE) as Source[];

/** A link that a report brought along; only the web's own kinds are followed. */
export const webLink = (url: string | null) => (url && /^https?:\/\//i.test(url) ? url : null);
