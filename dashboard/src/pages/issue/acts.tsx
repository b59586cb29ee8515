// What can be done with one issue as a whole.
import { copyText } from "../../lib/clipboard";
import { address, go } from "../../router";
import { openFix } from "../../shell/overlays";
import { say } from "../../state/toast";
import { Icon, type IconName } from "../../ui/icons";
import { setStatus, type Settable } from "../issues/actions";
import { ask } from "../issues/dialogs";
import { rows } from "../issues/list";
import { active } from "../issues/selection";
import { changed, issue, load } from "./issue";

export function set(status: Settable): void {
  const c = issue.value;
  if (c) void setStatus([c.id], status, null, () => c, changed);
}

export function question(kind: "merge" | "snooze" | "title"): void {
  const c = issue.value;
  if (!c) return;
  ask(kind, [c.id], () => c, (after) => {
    changed(after);
    if (kind === "merge") void load(c.id, { quiet: true });
  });
}

/** The next one or the one before, in the list as it was left. */
export function neighbour(by: number): void {
  const at = rows.value.findIndex((r) => r.cluster.id === issue.value?.id);
  const next = at < 0 ? undefined : rows.value[at + by];
  if (!next) return void say(by > 0 ? "That was the last issue of the list." : "That was the first issue of the list.");
  active.value = next.cluster.id;
  go(address(`/issues/${next.cluster.id}`), { replace: true });
}

export function back(): void {
  if (rows.value.length && history.length > 1) history.back();
  else go(address("/"));
}

export async function copyLink(): Promise<void> {
  const link = `${window.location.origin}${address(`/issues/${issue.value?.id}`)}`;
  say((await copyText(link)) ? "The address is copied." : link);
}

interface Act {
  icon: IconName;
  label: string;
  hotkey: string;
  run: () => void;
  when: boolean;
}

export function Acts() {
  const status = issue.value?.status ?? "new";
  const open = status === "new" || status === "triaged" || status === "regressed";
  const acts: Act[] = [
    { icon: "eye", label: "Mark as triaged", hotkey: "a", run: () => set("triaged"), when: status === "new" || status === "regressed" },
    { icon: "undo", label: "Reopen", hotkey: "o", run: () => set("new"), when: status === "resolved" || status === "ignored" || status === "snoozed" },
    { icon: "check", label: "Resolve", hotkey: "r", run: () => set("resolved"), when: status !== "resolved" },
    { icon: "snooze", label: "Snooze", hotkey: "s", run: () => question("snooze"), when: open },
    { icon: "ignore", label: "Ignore", hotkey: "i", run: () => set("ignored"), when: status !== "ignored" },
    { icon: "merge", label: "Merge", hotkey: "m", run: () => question("merge"), when: true },
    { icon: "edit", label: "Edit title", hotkey: "e", run: () => question("title"), when: true },
    { icon: "fix", label: "Fix", hotkey: "f", run: () => issue.value && openFix(issue.value), when: true },
  ];
  return (
    <div class="acts" role="toolbar" aria-label="Change this issue">
      {acts.filter((a) => a.when).map((a) => (
        <button key={a.label} type="button" class="button" onClick={a.run}><Icon name={a.icon} />{a.label}<kbd>{a.hotkey}</kbd></button>
      ))}
    </div>
  );
}
