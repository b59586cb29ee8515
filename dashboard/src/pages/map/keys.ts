// The map by keyboard.
import type { Key } from "../../lib/keys";
import { address, go } from "../../router";
import { say } from "../../state/toast";
import { SEARCH_ID } from "../issues/toolbar";
import { here, look, lookAt, showAll, zoomBy } from "./camera";
import { catchThese, caught, looked, lookTo, release, tool, type Tool } from "./chosen";
import { map, pointsOf } from "./data";
import { makeOne, splitAll } from "./regroup";
import { choosingWhere } from "./side";
import { pan } from "./view";

const STEP = 80;
const CLOSER = 1.5;

const shift = (dx: number, dy: number) => () => look(pan(here(), dx, dy));
const take = (name: Tool) => () => (tool.value = name);

/** To the next biggest issue, or the one before. */
function step(by: number): void {
  const m = map.value;
  if (!m?.bySize.length) return;
  const at = m.bySize.indexOf(looked.value);
  const next = m.bySize[at < 0 ? 0 : Math.min(m.bySize.length - 1, Math.max(0, at + by))] as number;
  lookTo(next);
  const issue = m.issues[next] as (typeof m.issues)[number];
  lookAt(issue.x, issue.y);
}

function open(): void {
  const issue = map.value?.issues[looked.value];
  if (issue) go(address(`/issues/${issue.id}`));
}

function catchLooked(): void {
  const m = map.value;
  if (m && looked.value >= 0) catchThese(pointsOf(m, looked.value));
  else say("Look at an issue first: j and k.");
}

function escape(): void {
  if (caught.value.size) release();
  else if (looked.value >= 0) lookTo(-1);
  else tool.value = "pan";
}

const LOOK = "Look around";
const CATCH = "Catch reports";

export const mapKeys = (after: () => void): Key[] => [
  { group: LOOK, keys: ["j"], help: "Next issue, by size", run: () => step(1) },
  { group: LOOK, keys: ["k"], help: "Issue before", run: () => step(-1) },
  { group: LOOK, keys: ["Enter"], help: "Open that issue", run: open },
  { group: LOOK, keys: ["+", "="], help: "Closer", run: () => zoomBy(CLOSER) },
  { group: LOOK, keys: ["-"], help: "Farther", run: () => zoomBy(1 / CLOSER) },
  { group: LOOK, keys: ["0"], help: "Everything", run: showAll },
  { group: LOOK, keys: ["ArrowLeft"], run: shift(STEP, 0) },
  { group: LOOK, keys: ["ArrowRight"], run: shift(-STEP, 0) },
  { group: LOOK, keys: ["ArrowUp"], run: shift(0, STEP) },
  { group: LOOK, keys: ["ArrowDown"], run: shift(0, -STEP) },
  { group: LOOK, keys: ["/"], help: "Search: what is found lights up", run: () => document.getElementById(SEARCH_ID)?.focus() },
  { group: CATCH, keys: ["h"], help: "Move the map (the mouse drags it)", run: take("pan") },
  { group: CATCH, keys: ["l"], help: "Lasso (or Shift while dragging)", run: take("lasso") },
  { group: CATCH, keys: ["b"], help: "Box (or Alt while dragging)", run: take("box") },
  { group: CATCH, keys: ["x"], help: "All reports of the issue that is looked at", run: catchLooked },
  { group: CATCH, keys: ["n"], help: "Make one issue of what was caught", run: () => void makeOne(after) },
  { group: CATCH, keys: ["d"], help: "Split what was caught off its issues", run: () => void splitAll(after) },
  { group: CATCH, keys: ["v"], help: "Move what was caught to an issue", run: () => (caught.value.size ? (choosingWhere.value = true) : say("Catch some reports first.")) },
  { group: CATCH, keys: ["Escape"], help: "Let go", run: escape },
];
