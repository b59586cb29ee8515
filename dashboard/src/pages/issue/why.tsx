// Why a report is in its issue: the decision's own words, what spoke for it, how well it fits today, and its whole way.
import { useEffect, useState } from "preact/hooks";
import type { Evidence, Feedback, Trace } from "../../api/contract";
import { asFailure, call, type Failure } from "../../api/client";
import { full, short } from "../../lib/time";
import { percent } from "../../lib/words";
import { address } from "../../router";
import { timeZone } from "../../state/zone";
import { EvidenceBars, SharedTerms } from "../../ui/evidence";
import { Skeleton } from "../../ui/states";

type Step = Trace["steps"][number];

function fitOf(now: Evidence): string {
  if (now.mean === null) return "";
  const chance = now.probability === null ? "" : `; ${percent(now.probability)} likely the same issue as the nearest report`;
  return `Today it is ${percent(now.mean)} alike to the issue's reports on average${chance}.${now.conflict ? " Platform, version or error code contradict." : ""}`;
}

function Decision({ step, here }: { step: Step; here: string | null }) {
  const { decision } = step;
  if (!decision) return null;
  return (
    <>
      {step.cluster_id && step.cluster_id !== here && step.cluster_title !== null && (
        <p>Into <a href={address(`/issues/${step.cluster_id}`)}>{step.cluster_title || "(no title)"}</a></p>
      )}
      {step.nearest && <p class="dim">Nearest report: <q>{step.nearest.title}</q></p>}
      <SharedTerms terms={decision.shared_terms} />
      <EvidenceBars evidence={decision.evidence} />
      <p class="dim by">{decision.model ? <>Read with <code>{decision.model}</code>, decided by {decision.actor}</> : <>By {decision.actor}</>}</p>
    </>
  );
}

/** "Moved here (90 % sure: ...)": the numbers are for whoever wants them. */
function Words({ of }: { of: string }) {
  const at = of.indexOf(" (");
  return <span>{at < 0 ? of : of.slice(0, at)}{at >= 0 && <span class="dim">{of.slice(at)}</span>}</span>;
}

function Way({ trace }: { trace: Trace }) {
  return (
    <ol class="way">
      {trace.steps.map((step, i) => (
        <li key={i} class={step.decision ? "decided" : ""}>
          <p class="way-head"><Words of={step.words} /><time class="dim" dateTime={step.at} title={full(step.at, timeZone())}>{short(step.at, timeZone())}</time></p>
          <Decision step={step} here={trace.feedback.cluster_id} />
          {step.request_id && <p class="dim by">Request <code>{step.request_id}</code></p>}
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
  }, [report.id, report.cluster_id]);
  if (failure) return <p role="alert">{failure.message}</p>;
  if (!trace) return <Skeleton lines={3} />;
  return (
    <div class="why">
      {trace.now && <p>{fitOf(trace.now)}</p>}
      <Way trace={trace} />
    </div>
  );
}
