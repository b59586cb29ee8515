// The way of one report, as it goes: stored, waiting, in its issue. For reports that were just sent.
import { useEffect } from "preact/hooks";
import type { Trace } from "../../api/contract";
import { call } from "../../api/client";
import { useEvents, useLoad, type Loading } from "../../lib/load";
import { address } from "../../router";
import { Icon } from "../../ui/icons";
import { Loaded } from "../../ui/page";

const FIRST_MS = 150;
const LONGEST_MS = 3000;

/** Follows a report until it is in an issue or was given up. */
export function useWay(id: string): Loading<Trace> {
  const way = useLoad((signal) => call("traceFeedback", { path: { id }, signal }), [id]);
  const waits = !way.failure.value && (way.data.value?.feedback.state ?? "pending") === "pending";
  useEvents(["feedback.", "cluster."], () => waits && way.again(), 50);
  useEffect(() => {
    if (!waits) return;
    let ms = FIRST_MS;
    let timer = setTimeout(function look() {
      way.again();
      ms = Math.min(ms * 1.6, LONGEST_MS);
      timer = setTimeout(look, ms);
    }, ms);
    return () => clearTimeout(timer);
  }, [waits, id]);
  return way;
}

function Landed({ trace }: { trace: Trace }) {
  const { feedback, steps } = trace;
  const title = [...steps].reverse().find((s) => s.cluster_id === feedback.cluster_id)?.cluster_title;
  if (feedback.state === "parked") return <p class="verdict bad">It could not be grouped. It waits in the <a href={address("/inbox")}>inbox</a>, with the reason.</p>;
  if (!feedback.cluster_id) return <p class="verdict">It waits to be grouped, which takes about a second.</p>;
  return <p class="verdict good"><Icon name="check" />It is in <a href={address(`/issues/${feedback.cluster_id}`)}>{title || "its issue"}</a></p>;
}

/** What the steps mean, oldest first; the last one is where it is now. */
export function Way({ of }: { of: Loading<Trace> }) {
  return (
    <Loaded of={of} what="The report's way could not be loaded" lines={3}>
      {(trace) => (
        <div class="journey" aria-live="polite">
          <ol>
            {trace.steps.filter((s) => s.step !== "written").map((step, i) => (
              <li key={i} class={step.step}>{step.words}</li>
            ))}
          </ol>
          <Landed trace={trace} />
        </div>
      )}
    </Loaded>
  );
}
