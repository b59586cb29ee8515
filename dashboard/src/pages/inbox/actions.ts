// What people do in the inbox; each can be taken back.
import { signal } from "@preact/signals";
import { call } from "../../api/client";
import type { Cluster, Feedback, Job } from "../../api/contract";
import { leaveItem } from "../../lib/items";
import { loadStats } from "../../state/project";
import { complain, done, say } from "../../state/toast";
import { keepApart, merge } from "../issues/actions";
import type { Near } from "./inbox";

/** The report that is to be moved: a dialog asks where. */
export const moving = signal<Feedback | null>(null);

export async function place(report: Feedback, into: Cluster | null, after: () => void): Promise<void> {
  try {
    leaveItem(report.id);
    const action = await call("moveFeedback", { path: { id: report.id }, body: { cluster_id: into?.id ?? null } });
    after();
    void loadStats();
    done(into ? `Put into "${into.title}".` : "Made an issue of it.", async () => {
      await call("undoAction", { path: { id: action.action_id } });
      after();
    });
  } catch (error) {
    complain("Not moved", error);
  }
}

export async function tryAgain(job: Job, after: () => void): Promise<void> {
  try {
    await call("retryDeadLetter", { path: { id: job.id } });
    say("It is tried again.");
    after();
  } catch (error) {
    complain("Not tried again", error);
  }
}

export async function join(near: Near, after: () => void): Promise<void> {
  leaveItem(near.alone.id);
  if (await merge(near.other.id, [near.alone.id], after)) after();
}

export async function part(near: Near, after: () => void): Promise<void> {
  leaveItem(near.alone.id);
  if (await keepApart(near.other.id, near.alone.id, after)) after();
}
