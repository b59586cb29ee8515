// Work that was given up: why, and what to do about it.
import { useState } from "preact/hooks";
import { call } from "../../api/client";
import type { Job } from "../../api/contract";
import { leaveItem } from "../../lib/items";
import { plural } from "../../lib/words";
import { address } from "../../router";
import { complain, say } from "../../state/toast";
import { Confirm } from "../../ui/confirm";
import { Icon } from "../../ui/icons";
import { Ago } from "../../ui/time";
import { kindOf, reportOf } from "./jobs";

export async function retry(job: Job, again: () => void): Promise<void> {
  try {
    leaveItem(job.id);
    await call("retryDeadLetter", { path: { id: job.id } });
    say("It is tried again.");
    again();
  } catch (error) {
    complain("Not tried again", error);
  }
}

export async function drop(job: Job, again: () => void): Promise<void> {
  try {
    leaveItem(job.id);
    await call("dropDeadLetter", { path: { id: job.id } });
    say("Dropped.");
    again();
  } catch (error) {
    complain("Not dropped", error);
  }
}

export function DropQuestion({ job, again, onClose }: { job: Job; again: () => void; onClose: () => void }) {
  return (
    <Confirm title="Drop this work?" verb="Drop it" onClose={onClose} onYes={() => void drop(job, again)}>
      <p>"{kindOf(job)}" is not tried again. {reportOf(job) ? "Its report stays in the inbox; put it where it belongs by hand." : "The reports that it was about stay."} This cannot be undone.</p>
    </Confirm>
  );
}

export function DeadLetter({ job, again }: { job: Job; again: () => void }) {
  const [asking, setAsking] = useState(false);
  return (
    <li class="item" data-item={job.id} tabIndex={-1}>
      <header><Icon name="alert" /><h3>{kindOf(job)}</h3></header>
      <p class="because parked"><span>{job.error ?? "It left no reason."}</span></p>
      <footer>
        <span class="dim">
          {plural(job.attempt, "attempt")}, given up <Ago at={job.ended_at ?? job.updated_at} suffix=" ago" />
          {reportOf(job) && <>, its report is in the <a href={address("/inbox")}>inbox</a></>}
        </span>
        <span class="item-acts">
          <button type="button" class="button small" onClick={() => void retry(job, again)}><Icon name="again" />Try again<kbd>r</kbd></button>
          <button type="button" class="button small" onClick={() => setAsking(true)}><Icon name="trash" />Drop<kbd>d</kbd></button>
        </span>
      </footer>
      {asking && <DropQuestion job={job} again={again} onClose={() => setAsking(false)} />}
    </li>
  );
}
