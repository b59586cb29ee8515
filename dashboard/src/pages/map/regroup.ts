// Carries a plan out: one correction after the other, and one way back for all of them.
import { call } from "../../api/client";
import { plural } from "../../lib/words";
import { address } from "../../router";
import { loadStats } from "../../state/project";
import { complain, say } from "../../state/toast";
import { undoable } from "../issues/actions";
import { load as loadList } from "../issues/list";
import { caughtIssues, release } from "./chosen";
import { intoIssue, intoOne, splitEach, type Step } from "./plan";

const MOST = 1000; // what one split takes; and moving more one by one would take too long

interface Progress {
  actions: string[];
  /** The issue that came out. */
  made: string | null;
}

async function doStep(step: Step, p: Progress): Promise<void> {
  if (step.do === "split") {
    const done = await call("splitCluster", { path: { id: step.from }, body: { feedback_ids: step.reports } });
    p.actions.push(done.action_id);
    p.made = done.cluster_id;
    return;
  }
  const into = step.into ?? p.made;
  if (!into) throw new Error("the issue that they were to go into was not made");
  p.made = into;
  if (step.do === "merge") p.actions.push((await call("mergeClusters", { path: { id: into }, body: { cluster_ids: step.issues } })).action_id);
  else for (const id of step.reports) p.actions.push((await call("moveFeedback", { path: { id }, body: { cluster_id: into } })).action_id);
}

async function carryOut(steps: Step[], what: string, after: () => void): Promise<void> {
  const p: Progress = { actions: [], made: null };
  try {
    for (const step of steps) await doStep(step, p);
    release();
  } catch (error) {
    complain(p.actions.length ? "Only a part of it was done" : "Not done", error);
  }
  if (!p.actions.length) return;
  const settle = () => {
    after();
    void loadStats();
    void loadList({ quiet: true });
  };
  undoable(p.actions, what, settle, p.made ? { text: "Open it", href: address(`/issues/${p.made}`) } : undefined);
  settle();
}

function caughtReports(): number {
  return caughtIssues.value.reduce((n, p) => n + p.reports.length, 0);
}

/** Runs a plan, or says why there is nothing to do. `after` is called once it is done, and again when it is taken back. */
async function run(steps: Step[], what: string, nothing: string, after: () => void): Promise<void> {
  const n = caughtReports();
  if (!n) return void say("Catch some reports first: with the lasso (l) or the box (b).");
  if (n > MOST) return void say(`At most ${plural(MOST, "report")} can be changed at a time; ${plural(n, "report")} are caught.`);
  if (!steps.length) return void say(nothing);
  await carryOut(steps, what, after);
}

export const makeOne = (after: () => void) =>
  run(intoOne(caughtIssues.value), `${plural(caughtReports(), "report")} made one issue.`, "These are an issue already.", after);

export const splitAll = (after: () => void) =>
  run(splitEach(caughtIssues.value), `${plural(caughtReports(), "report")} split off.`, "These are whole issues: there is nothing to split off.", after);

export const moveAll = (to: { id: string; title: string }, after: () => void) =>
  run(intoIssue(caughtIssues.value, to.id), `${plural(caughtReports(), "report")} moved to “${to.title}”.`, "They are in it already.", after);
