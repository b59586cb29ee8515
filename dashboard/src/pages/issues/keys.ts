// The keys of the list.
import type { Key } from "../../lib/keys";
import { address, go } from "../../router";
import { say } from "../../state/toast";
import { fix, setStatus } from "./actions";
import { ask } from "./dialogs";
import { load, rows } from "./list";
import { active, clear, move, selected, targets, toggle } from "./selection";
import { SEARCH_ID } from "./toolbar";

const PAGE = 10;

/** Runs on what is ticked, else on the active row. */
const onTargets = (run: (ids: string[]) => void) => () => {
  const ids = targets();
  if (ids.length) run(ids);
  else say("Choose an issue first: j and k move through the list.");
};

function escape(): void {
  if (selected.value.size) clear();
  else active.value = null;
}

const goTo = (index: number) => () => (active.value = rows.value.at(index)?.cluster.id ?? null);
const open = () => active.value && go(address(`/issues/${active.value}`));

const MOVE = "Move";
const CHANGE = "Change what is ticked, else the active one";

export const LIST_KEYS: Key[] = [
  { group: MOVE, keys: ["j", "ArrowDown"], help: "Next issue", run: () => move(1) },
  { group: MOVE, keys: ["k", "ArrowUp"], help: "Previous issue", run: () => move(-1) },
  { keys: ["PageDown"], run: () => move(PAGE) },
  { keys: ["PageUp"], run: () => move(-PAGE) },
  { keys: ["Home"], run: goTo(0) },
  { keys: ["End"], run: goTo(-1) },
  { group: MOVE, keys: ["Enter"], help: "Open the issue", run: open },
  { group: MOVE, keys: ["/"], help: "Search", run: () => document.getElementById(SEARCH_ID)?.focus() },
  { group: MOVE, keys: ["R"], help: "Load the list anew", run: () => void load({ quiet: true }) },
  { group: CHANGE, keys: ["x"], help: "Tick, or untick", run: () => active.value && toggle(active.value) },
  { group: CHANGE, keys: ["X"], help: "Tick all from the last one to here", run: () => active.value && toggle(active.value, { range: true }) },
  { group: CHANGE, keys: ["a"], help: "Mark as triaged", run: onTargets((ids) => void setStatus(ids, "triaged")) },
  { group: CHANGE, keys: ["r"], help: "Resolve", run: onTargets((ids) => void setStatus(ids, "resolved")) },
  { group: CHANGE, keys: ["o"], help: "Reopen", run: onTargets((ids) => void setStatus(ids, "new")) },
  { group: CHANGE, keys: ["i"], help: "Ignore", run: onTargets((ids) => void setStatus(ids, "ignored")) },
  { group: CHANGE, keys: ["s"], help: "Snooze", run: onTargets((ids) => ask("snooze", ids)) },
  { group: CHANGE, keys: ["m"], help: "Merge", run: onTargets((ids) => ask("merge", ids)) },
  { group: CHANGE, keys: ["e"], help: "Edit the title", run: onTargets((ids) => ask("title", ids.slice(0, 1))) },
  { group: CHANGE, keys: ["f"], help: "Fix", run: onTargets(fix) },
  { group: CHANGE, keys: ["Escape"], help: "Clear the ticks", run: escape },
];
