// Reports that go elsewhere: into a new issue, or into another one. Each can be taken back.
import { call } from "../../api/client";
import { plural } from "../../lib/words";
import { address, go } from "../../router";
import { loadStats } from "../../state/project";
import { complain, say } from "../../state/toast";
import { load as loadList } from "../issues/list";
import { merge, undoable } from "../issues/actions";
import { issue, load } from "./issue";
import { leave } from "./selection";

/** The page and the list after reports left `from`, or came back to it. */
async function settle(from: string): Promise<void> {
  void loadStats();
  void loadList({ quiet: true });
  if (issue.value?.id === from) await load(from, { quiet: true });
}

/** Reports of the issue leave it for a new one. */
export async function splitOff(ids: string[]): Promise<void> {
  const of = issue.value;
  if (!of || !ids.length) return;
  if (ids.length >= of.count) return void say("These are all of its reports: a new issue of them would be the same one.");
  try {
    const action = await call("splitCluster", { path: { id: of.id }, body: { feedback_ids: ids } });
    leave(ids);
    const link = action.cluster_id ? { text: "Open it", href: address(`/issues/${action.cluster_id}`) } : undefined;
    undoable([action.action_id], `${plural(ids.length, "report")} made a new issue.`, () => void settle(of.id), link);
  } catch (error) {
    complain("Not split off", error);
  }
  await settle(of.id);
}

async function moveAll(from: string, ids: string[], to: { id: string; title: string }): Promise<void> {
  const actions: string[] = [];
  try {
    for (const id of ids) actions.push((await call("moveFeedback", { path: { id }, body: { cluster_id: to.id } })).action_id);
  } catch (error) {
    complain(actions.length ? `Only ${actions.length} of ${ids.length} reports were moved` : "Not moved", error);
  }
  if (!actions.length) return;
  leave(ids);
  const link = { text: "Open it", href: address(`/issues/${to.id}`) };
  undoable(actions, `${plural(actions.length, "report")} moved to “${to.title}”.`, () => void settle(from), link);
}

/** Reports of the issue go to another one; when they are all of it, that is a merge. */
export async function moveTo(ids: string[], to: { id: string; title: string }): Promise<void> {
  const of = issue.value;
  if (!of || !ids.length) return;
  if (ids.length >= of.count) {
    if (await merge(to.id, [of.id], () => go(address(`/issues/${of.id}`), { replace: true }))) go(address(`/issues/${to.id}`), { replace: true });
    return;
  }
  await moveAll(of.id, ids, to);
  await settle(of.id);
}
