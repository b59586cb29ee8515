// Fixes that are looked at are asked for again: quickly while one is under way, as no event tells of their steps.
import { useEffect } from "preact/hooks";
import type { Fix } from "../../api/contract";
import { useEvents, useEvery, type Loading } from "../../lib/load";
import { fixesChanged } from "../../state/fixes";
import { loadRights } from "../../state/rights";
import { isUnderWay } from "./words";

const BUSY_MS = 1000;
const CALM_MS = 10_000;

export function useLive<T>(of: Loading<T>, fixes: (data: T) => Fix[]): void {
  const busy = of.data.value !== null && fixes(of.data.value).some(isUnderWay);
  useEvery(busy ? BUSY_MS : CALM_MS, of.again);
  useEvents(["cluster."], of.again);
  useEffect(() => {
    if (fixesChanged.value) of.again();
  }, [fixesChanged.value]);
  useEffect(() => void loadRights(), []);
}
