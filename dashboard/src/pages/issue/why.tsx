// Why a report is in its issue: the decision's own words, what spoke for it, and how well it fits today.
import { useEffect, useState } from "preact/hooks";
import type { Evidence, Feedback, Trace } from "../../api/contract";
import { asFailure, call, type Failure } from "../../api/client";
import { percent } from "../../lib/words";
import { Skeleton } from "../../ui/states";
import { Ago } from "../../ui/time";

const PARTS: [keyof Evidence & ("semantic" | "lexical" | "title" | "stack"), string][] = [
  ["semantic", "means the same"],
  ["lexical", "shares rare words"],
  ["title", "the titles are alike"],
  ["stack", "shares stack frames"],
];

function Bars({ evidence }: { evidence: Evidence }) {
  return (
    <dl class="evidence">
      {PARTS.filter(([part]) => evidence[part] !== null).map(([part, words]) => (
        <div key={part}>
          <dt>{words}</dt>
          <dd><meter min={0} max={1} value={evidence[part] ?? 0} aria-label={words} />{percent(evidence[part] ?? 0)}</dd>
        </div>
      ))}
    </dl>
  );
}

function fitOf(now: Evidence): string {
  if (now.mean === null) return "";
  const chance = now.probability === null ? "" : `; ${percent(now.probability)} likely the same issue as the nearest report`;
  return `Today it is ${percent(now.mean)} alike to the issue's reports on average${chance}.${now.conflict ? " Platform, version or error code contradict." : ""}`;
}

function Steps({ trace }: { trace: Trace }) {
  return (
    <ol class="steps">
      {trace.steps.map((step, i) => (
        <li key={i}>
          <span>{step.words}{step.cluster_title && step.step !== "received" && <> <q>{step.cluster_title}</q></>}</span>
          <span class="dim"><Ago at={step.at} suffix=" ago" /></span>
        </li>
      ))}
    </ol>
  );
}

export function Why({ report }: { report: Feedback }) {
  const [trace, setTrace] = useState<Trace | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => {
    call("traceFeedback", { path: { id: report.id } }).then(setTrace, (error) => setFailure(asFailure(error)));
  }, [report.id]);
  if (failure) return <p role="alert">{failure.message}</p>;
  if (!trace) return <Skeleton lines={3} />;
  const placed = trace.steps.filter((s) => s.decision).at(-1);
  return (
    <div class="why">
      {placed?.decision && (
        <>
          <p><b>{placed.words}</b>{placed.nearest && <>; nearest: <q>{placed.nearest.title}</q></>}</p>
          {placed.decision.shared_terms.length > 0 && (
            <p class="dim">Shared words: {placed.decision.shared_terms.slice(0, 10).map((t) => <span key={t} class="chip">{t}</span>)}</p>
          )}
          <Bars evidence={placed.decision.evidence} />
        </>
      )}
      {trace.now && <p class="dim">{fitOf(trace.now)}</p>}
      <details><summary>Its whole way</summary><Steps trace={trace} /></details>
    </div>
  );
}
