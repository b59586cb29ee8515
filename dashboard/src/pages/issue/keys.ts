// The keys of one issue.
import type { Key } from "../../lib/keys";
import { openFix } from "../../shell/overlays";
import { say } from "../../state/toast";
import { back, copyLink, neighbour, question, set } from "./acts";
import { cursor, issue, reports } from "./issue";
import { askWhere } from "./move";
import { moreReports } from "./reports";
import { splitOff } from "./regroup";
import { active, activeIndex, clear, move, opened, open, selected, targets, toggle } from "./selection";

/** Runs on the ticked reports, else on the active one. */
const onTargets = (run: (ids: string[]) => void) => () => {
  const ids = targets();
  if (ids.length) run(ids);
  else say("Choose a report first: j and k move through them.");
};

function step(by: number): void {
  if (by > 0 && cursor.value && activeIndex.value === reports.value.length - 1) moreReports();
  move(by);
}

function escape(): void {
  if (selected.value.size) clear();
  else if (active.value) active.value = null;
  else back();
}

/** The way of the active report, else of the first one. */
function trace(): void {
  active.value ??= reports.value[0]?.id ?? null;
  if (active.value) open(active.value, !opened.value.has(active.value));
}

const MOVE = "Move";
const REPORTS = "What is ticked, else the active report";
const CHANGE = "Change this issue";

export const ISSUE_KEYS: Key[] = [
  { group: MOVE, keys: ["j"], help: "Next report", run: () => step(1) },
  { group: MOVE, keys: ["k"], help: "Previous report", run: () => step(-1) },
  { group: MOVE, keys: ["t"], help: "Why it is here, and how it came", run: trace },
  { group: MOVE, keys: ["J"], help: "Next issue of the list", run: () => neighbour(1) },
  { group: MOVE, keys: ["K"], help: "Previous issue of the list", run: () => neighbour(-1) },
  { group: MOVE, keys: ["Escape"], help: "Clear the ticks; back to the list", run: escape },
  { group: REPORTS, keys: ["x"], help: "Tick, or untick", run: () => active.value && toggle(active.value) },
  { group: REPORTS, keys: ["X"], help: "Tick all from the last one to here", run: () => active.value && toggle(active.value, { range: true }) },
  { group: REPORTS, keys: ["n"], help: "Make a new issue of them", run: onTargets((ids) => void splitOff(ids)) },
  { group: REPORTS, keys: ["v"], help: "Move them to another issue", run: onTargets(askWhere) },
  { group: CHANGE, keys: ["a"], help: "Mark as triaged", run: () => set("triaged") },
  { group: CHANGE, keys: ["r"], help: "Resolve", run: () => set("resolved") },
  { group: CHANGE, keys: ["o"], help: "Reopen", run: () => set("new") },
  { group: CHANGE, keys: ["i"], help: "Ignore", run: () => set("ignored") },
  { group: CHANGE, keys: ["s"], help: "Snooze", run: () => question("snooze") },
  { group: CHANGE, keys: ["m"], help: "Merge another issue into it", run: () => question("merge") },
  { group: CHANGE, keys: ["e"], help: "Edit the title", run: () => question("title") },
  { group: CHANGE, keys: ["y"], help: "Copy its address", run: () => issue.value && void copyLink() },
  { group: CHANGE, keys: ["f"], help: "Fix", run: () => issue.value && openFix(issue.value) },
];
