// What people do with issues. Each change shows at once, is sent, and can be taken back.
import type { Cluster, ClusterStatus, Operations } from "../../api/contract";
import { asFailure, call } from "../../api/client";
import { plural } from "../../lib/words";
import { loadStats } from "../../state/project";
import { openFix } from "../../shell/overlays";
import { complain, done, say, type Toast } from "../../state/toast";
import { filters, load, put, rowOf, take } from "./list";
import { matches } from "./filters";
import { leave } from "./selection";

type Patch = Operations["patchCluster"]["body"];

const AT_ONCE = 6;

/** Runs `work` over all, a few at a time; the first failure and those that worked. */
async function each<T>(all: T[], work: (one: T) => Promise<void>): Promise<{ worked: T[]; error: unknown }> {
  const waiting = [...all];
  const worked: T[] = [];
  let error: unknown = null;
  const worker = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      try {
        await work(one);
        worked.push(one);
      } catch (why) {
        error ??= why;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { worked, error };
}

const patch = (id: string, body: Patch) => call("patchCluster", { path: { id }, body });

/** The issues of these ids, as the list or the page knows them. */
export type Known = (id: string) => Cluster | undefined;
const inList: Known = (id) => rowOf(id)?.cluster;

/** After a change: what no longer belongs into the list leaves it, the rest stays where it is. */
function settle(changed: Cluster[]): void {
  const out = changed.filter((c) => c.merged_into !== null || !matches(c, filters.value, Date.now())).map((c) => c.id);
  leave(out);
  take(out);
  for (const c of changed) put(c);
  void loadStats();
}

const VERBS: Partial<Record<ClusterStatus, string>> = {
  new: "reopened", triaged: "marked as triaged", resolved: "resolved", ignored: "ignored", snoozed: "snoozed",
};

export type Settable = NonNullable<Patch["status"]>;

/** Changes the status of issues; `until` with snoozed. Tells `after` each issue as it is then. */
export async function setStatus(ids: string[], status: Settable, until: string | null = null, known: Known = inList, after?: (c: Cluster) => void): Promise<void> {
  const before = ids.map(known).filter((c): c is Cluster => c !== undefined);
  const changed: Cluster[] = [];
  const result = await each(before, async (c) => {
    changed.push(await patch(c.id, { status, ...(until ? { snooze_until: until } : {}) }));
  });
  settle(changed);
  changed.forEach((c) => after?.(c));
  const n = result.worked.length;
  if (result.error) complain(n ? `${before.length - n} of ${before.length} could not be ${VERBS[status]}` : `Not ${VERBS[status]}`, result.error);
  if (!n) return;
  done(`${n === 1 ? "Issue" : plural(n, "issue")} ${VERBS[status]}.`, async () => {
    const back = await each(result.worked, async (c) => {
      const restored = await restore(c);
      after?.(restored);
    });
    await load({ quiet: true });
    void loadStats();
    if (back.error) throw back.error;
  });
}

/** The status that it had. */
function restore(c: Cluster): Promise<Cluster> {
  return patch(c.id, { restore: c.status as NonNullable<Patch["restore"]>, ...(c.status === "snoozed" && c.snooze_until ? { snooze_until: c.snooze_until } : {}) });
}

/** A title that is kept from now on; an empty one is given back to the grouping. */
export async function retitle(before: Cluster, title: string, after?: (c: Cluster) => void): Promise<void> {
  if (title === before.title) return;
  const show = (c: Cluster) => {
    put(c);
    after?.(c);
  };
  try {
    show(await patch(before.id, { title }));
    done(title ? "Title changed." : "Title given back to the grouping.", async () => {
      show(await patch(before.id, { title: before.title_locked ? before.title : "" }));
    });
  } catch (error) {
    complain("The title was not changed", error);
  }
}

/** Asks how an issue is to be fixed. Fixes cost money and a reader's time: one at a time. */
export function fix(ids: string[]): void {
  const c = ids.length === 1 ? inList(ids[0] ?? "") : undefined;
  if (c) openFix({ id: c.id, title: c.title });
  else say("Fixes are started one issue at a time.");
}

/** The others end in `into`. True when it was done. */
export async function merge(into: string, others: string[], undone?: () => void): Promise<boolean> {
  try {
    const action = await call("mergeClusters", { path: { id: into }, body: { cluster_ids: others } });
    leave(others);
    take(others);
    put(await call("getCluster", { path: { id: into } }));
    void loadStats();
    undoable([action.action_id], `${plural(others.length + 1, "issue")} merged.`, undone);
    return true;
  } catch (error) {
    complain("Not merged", error);
    return false;
  }
}

/** Never one: the two are kept apart. */
export async function keepApart(id: string, other: string, undone?: () => void): Promise<boolean> {
  try {
    const action = await call("keepApart", { path: { id }, body: { cluster_id: other } });
    undoable([action.action_id], "Kept apart from now on.", undone);
    return true;
  } catch (error) {
    complain("Not kept apart", error);
    return false;
  }
}

/** Says what these corrections did; taking it back undoes the last one first. */
export function undoable(actionIds: string[], text: string, undone?: () => void, link?: Toast["link"]): void {
  const left = [...actionIds]; // what a second try begins with
  let unsure = ""; // asked for, and no answer came
  done(text, async () => {
    for (let id = left.at(-1); id !== undefined; id = left.at(-1)) {
      try {
        await call("undoAction", { path: { id } });
      } catch (error) {
        const why = asFailure(error);
        const wasDone = unsure === id && why.status === 404; // it had been taken back: only the answer was lost
        unsure = why.kind === "offline" ? id : "";
        if (!wasDone) throw error;
      }
      left.pop();
    }
    await load({ quiet: true });
    void loadStats();
    undone?.();
  }, link);
}
