// Fixes that are looked at: events tell of their steps. Only while there is no stream of events they are asked for again.
import { useEffect, useRef } from "preact/hooks";
import { isStreaming } from "../../api/events";
import { useEvents, useEvery, type Loading } from "../../lib/load";
import { fixesChanged } from "../../state/fixes";
import { loadRights } from "../../state/rights";

const ASK_MS = 5000;
const QUIET_MS = 100;

export function useLive<T>(of: Loading<T>): void {
  useEvents(["cluster.", "fix."], of.again, QUIET_MS);
  useEvery(ASK_MS, () => {
    if (!isStreaming.peek()) of.again();
  });
  // What happened between loading and the stream's beginning was told to nobody.
  const had = useRef(isStreaming.peek());
  useEffect(() => {
    if (isStreaming.value && !had.current) of.again();
    had.current = isStreaming.value;
  }, [isStreaming.value]);
  useEffect(() => {
    if (fixesChanged.value) of.again();
  }, [fixesChanged.value]);
  useEffect(() => void loadRights(), []);
}
