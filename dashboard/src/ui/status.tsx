import type { ClusterStatus } from "../api/contract";
import { STATUS } from "../lib/words";

// Told apart by shape as well as by colour.
const MARKS: Record<ClusterStatus, preact.JSX.Element> = {
  new: <circle cx="8" cy="8" r="5.25" class="hollow dashed" />,
  triaged: <circle cx="8" cy="8" r="5.25" class="hollow" />,
  fixing: <><circle cx="8" cy="8" r="5.25" class="hollow" /><path class="solid" d="M8 4.500a3.500 3.500 0 0 1 0 7z" /></>,
  pr_opened: <><circle cx="8" cy="8" r="5.25" class="hollow" /><path class="solid" d="M8 4.500a3.500 3.500 0 1 1-3.500 3.500H8z" /></>,
  resolved: <><circle cx="8" cy="8" r="6" class="solid" /><path class="cut" d="M5.200 8.300l2 2 3.600-4.300" /></>,
  regressed: <><circle cx="8" cy="8" r="6" class="solid" /><path class="cut" d="M8 4.800v4M8 11v.2" /></>,
  ignored: <><circle cx="8" cy="8" r="5.25" class="hollow" /><path class="line" d="M4.500 11.500l7-7" /></>,
  snoozed: <><circle cx="8" cy="8" r="5.25" class="hollow" /><path class="line" d="M8 5v3.200l2 1.300" /></>,
};

export function StatusMark({ status }: { status: ClusterStatus }) {
  const { name, says } = STATUS[status];
  return (
    <svg class={`status status-${status}`} viewBox="0 0 16 16" width="16" height="16" role="img" aria-label={name}>
      <title>{`${name}: ${says}`}</title>
      {MARKS[status]}
    </svg>
  );
}

export function StatusBadge({ status }: { status: ClusterStatus }) {
  return (
    <span class={`badge status-${status}`} title={STATUS[status].says}>
      <StatusMark status={status} />
      {STATUS[status].name}
    </span>
  );
}
