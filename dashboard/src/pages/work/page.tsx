import { useState } from "preact/hooks";
import { call } from "../../api/client";
import type { Job } from "../../api/contract";
import { ITEM_KEYS, currentItem } from "../../lib/items";
import { useKeys, type Key } from "../../lib/keys";
import { useEvents, useEvery, useLoad } from "../../lib/load";
import { count, plural } from "../../lib/words";
import { complain, say } from "../../state/toast";
import { Icon } from "../../ui/icons";
import { Loaded, Page, Section } from "../../ui/page";
import { Ago } from "../../ui/time";
import { DeadLetter, DropQuestion, retry } from "./dead";
import { kindOf, STATES, tookOf } from "./jobs";

const SHOWN = 100;
const LOOK_MS = 3000; // jobs make no events of their own

async function load(signal: AbortSignal) {
  const [jobs, dead, status] = await Promise.all([
    call("listWork", { query: { limit: SHOWN }, signal }),
    call("listDeadLetters", { query: { limit: SHOWN }, signal }),
    call("getClusteringStatus", { signal }),
  ]);
  return { jobs, dead, status };
}
type Work = Awaited<ReturnType<typeof load>>;

function now({ status }: Work): string {
  const n = status.pending_unclustered;
  if (n) return `${plural(n, "report")} wait${n === 1 ? "s" : ""} to be grouped${status.is_clustering ? "; grouping is at work" : ""}.`;
  return status.is_clustering ? "Grouping is at work." : "Nothing waits.";
}

function Row({ job }: { job: Job }) {
  return (
    <tr class={`job-${job.status}`}>
      <th scope="row">{kindOf(job)}{job.error && <span class="below">{job.error}</span>}</th>
      <td><span class={`mark mark-${job.status}`} />{STATES[job.status]}</td>
      <td class="number"><Ago at={job.created_at} suffix=" ago" /></td>
      <td class="number wide-only">{tookOf(job)}</td>
      <td class="number wide-only">{job.attempt ? `${count(job.attempt)} of ${count(job.max_attempts)}` : ""}</td>
    </tr>
  );
}

function Jobs({ jobs }: { jobs: Job[] }) {
  if (!jobs.length) return <p class="dim">No work has been done in the last day.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Jobs">
      <table class="plain">
        <thead><tr><th scope="col">Work</th><th scope="col">State</th><th scope="col" class="number">Asked for</th><th scope="col" class="number wide-only">Done after</th><th scope="col" class="number wide-only">Attempt</th></tr></thead>
        <tbody>{jobs.map((job) => <Row key={job.id} job={job} />)}</tbody>
      </table>
    </div>
  );
}

async function askForPass(again: () => void): Promise<void> {
  try {
    await call("startClusterJob", {});
    say("Grouping looks for what waits.");
    again();
  } catch (error) {
    complain("Not asked for", error);
  }
}

export function WorkPage() {
  const work = useLoad(load);
  const [dropping, setDropping] = useState<Job | null>(null);
  useEvents(["feedback.", "cluster.", "model."], work.again);
  useEvery(LOOK_MS, work.again);
  const current = () => work.data.peek()?.dead.items.find((job) => job.id === currentItem());
  const keys: Key[] = [
    ...ITEM_KEYS,
    { group: "Work", keys: ["r"], help: "Try what was given up again", run: () => { const job = current(); if (job) void retry(job, work.again); } },
    { group: "Work", keys: ["d"], help: "Drop what was given up", run: () => setDropping(current() ?? null) },
  ];
  useKeys(keys);
  return (
    <Page title="Work" about="What is done in the background, and what was given up."
      acts={<button type="button" class="button" onClick={() => void askForPass(work.again)}><Icon name="again" />Group now</button>}>
      <Loaded of={work} what="The work could not be loaded" lines={10}>
        {(data) => (
          <>
            <p role="status" class="now">{now(data)}</p>
            {data.dead.items.length > 0 && (
              <Section title="Given up" note={`${plural(data.dead.total < 0 ? data.dead.items.length : data.dead.total, "job")} that could not be done`}>
                <ul class="items">{data.dead.items.map((job) => <DeadLetter key={job.id} job={job} again={work.again} />)}</ul>
              </Section>
            )}
            <Section title="Jobs" note="Newest first; ended ones are kept for a day.">
              <Jobs jobs={data.jobs.items.filter((job) => job.status !== "dead")} />
            </Section>
          </>
        )}
      </Loaded>
      {dropping && <DropQuestion job={dropping} again={work.again} onClose={() => setDropping(null)} />}
    </Page>
  );
}
