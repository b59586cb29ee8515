// What a page shows comes from the server: loaded when it is opened, again when the connection comes back, and whenever
// something says that it changed.
import { useEffect, useRef } from "preact/hooks";
import { useSignal, type Signal } from "@preact/signals";
import type { Event } from "../api/contract";
import { asFailure, wasAborted, type Failure } from "../api/client";
import { listen } from "../api/events";
import { healed } from "../state/connection";
import { batched } from "./debounce";

export interface Loading<T> {
  data: Signal<T | null>;
  failure: Signal<Failure | null>;
  /** Again; what is there stays until the answer comes. */
  again: () => void;
}

/** Loads with `fetch` at once, when `deps` change (then what is there goes first), and when the connection is back. */
export function useLoad<T>(fetch: (signal: AbortSignal) => Promise<T>, deps: unknown[] = []): Loading<T> {
  const data = useSignal<T | null>(null);
  const failure = useSignal<Failure | null>(null);
  const latest = useRef(fetch);
  latest.current = fetch;
  const running = useRef<AbortController | null>(null);
  const wanted = useRef(false); // once more, after the one under way
  const begin = useRef(() => {
    running.current?.abort();
    const { signal } = (running.current = new AbortController());
    wanted.current = false;
    void latest.current(signal).then(
      (answer) => {
        if (signal.aborted) return;
        data.value = answer;
        failure.value = null;
      },
      (error) => {
        if (!signal.aborted && !wasAborted(error)) failure.value = asFailure(error);
      },
    ).finally(() => {
      if (signal.aborted) return;
      running.current = null;
      if (wanted.current) begin();
    });
  }).current;
  // What is under way is not given up for the same again: where news come faster than answers, none would ever come.
  const again = useRef(() => {
    if (running.current) wanted.current = true;
    else begin();
  }).current;
  useEffect(() => {
    data.value = null;
    failure.value = null;
    begin();
    return () => {
      running.current?.abort();
      running.current = null;
    };
  }, deps);
  useEffect(() => {
    if (healed.value) begin();
  }, [healed.value]);
  return { data, failure, again };
}

const QUIET_MS = 400;

/** Calls `run` a moment after events of these kinds ("cluster." means all that begin so). */
export function useEvents(kinds: string[], run: (event: Event) => void, quietMs = QUIET_MS): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    let last: Event | undefined;
    const soon = batched(() => last && latest.current(last), quietMs);
    return listen((event) => {
      if (!kinds.some((kind) => event.kind.startsWith(kind))) return;
      last = event;
      soon();
    });
  }, []);
}

/** Calls `run` every so often while the page is looked at: for what no event tells. */
export function useEvery(ms: number, run: () => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) latest.current();
    }, ms);
    return () => clearInterval(timer);
  }, [ms]);
}
