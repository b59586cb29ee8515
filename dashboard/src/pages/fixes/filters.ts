// Which fixes the page shows: in the address, like the filters of the issues.
import type { Fix, Operations } from "../../api/contract";
import { PULLS, STATES, tookMs } from "./words";

export interface FixFilters {
  state: string;
  pull: string;
  agent: string;
  /** At least so many dollars, so many minutes. */
  cost: number;
  took: number;
}

const MINUTE = 60_000;
export const COSTS = [0.1, 0.5, 1, 5];
export const TIMES = [1, 5, 15, 30];

const oneOf = (value: string | null, all: object) => (value && value in all ? value : "");
const among = (value: string | null, all: number[]) => all.find((n) => String(n) === value) ?? 0;

export function read(params: URLSearchParams): FixFilters {
  return {
    state: oneOf(params.get("state"), STATES), pull: oneOf(params.get("pr"), PULLS), agent: params.get("agent") ?? "",
    cost: among(params.get("cost"), COSTS), took: among(params.get("took"), TIMES),
  };
}

/** What the server sorts out. */
export function toQuery(f: FixFilters): Operations["listFixes"]["query"] {
  return { ...(f.state ? { status: f.state as Fix["status"] } : {}), ...(f.pull ? { pr_state: f.pull as Fix["pr_state"] } : {}) };
}

/** What is sorted out here, among what was loaded. */
export function fits(fix: Fix, f: FixFilters, now: number): boolean {
  if (f.agent && fix.agent !== f.agent) return false;
  return fix.cost.usd >= f.cost && tookMs(fix, now) >= f.took * MINUTE;
}

export const isAny = (f: FixFilters) => f.state !== "" || f.pull !== "" || f.agent !== "" || f.cost > 0 || f.took > 0;
export const sortsHere = (f: FixFilters) => f.agent !== "" || f.cost > 0 || f.took > 0;
