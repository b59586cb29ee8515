// What a page shows comes from the server: loaded when it is opened, again when the connection comes back, and whenever
// something says that it changed.
import { useEffect, useRef } from "preact/hooks";
import { useSignal, type Signal } from "@preact/signals";
import type { Event } from "../api/contract";
import { asFailure, wasAborted, type Failure } from "../api/client";
import { listen } from "../api/events";
import { healed } from "../state/connection";
import { batched, turns, type Turns } from "./debounce";

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
  const isOpen = useRef(false);
  const fetches = useRef<Turns>();
  fetches.current ??= turns(async (signal) => {
    try {
      const answer = await latest.current(signal);
      if (signal.aborted) return;
      data.value = answer;
      failure.value = null;
    } catch (error) {
      if (!signal.aborted && !wasAborted(error)) failure.value = asFailure(error);
    }
  });
  const { again, anew, stop } = fetches.current;
  useEffect(() => {
    isOpen.current = true;
    data.value = null;
    failure.value = null;
    anew();
    return () => {
      isOpen.current = false;
      stop();
    };
  }, deps);
  useEffect(() => {
    if (healed.value) anew();
  }, [healed.value]);
  // Who waited for something else may ask when the page is left.
  return { data, failure, again: useRef(() => isOpen.current && again()).current };
}

const QUIET_MS = 400;

/** Calls `run` a moment after events of these kinds ("cluster." means all that begin so). */
export function useEvents(kinds: string[], run: (event: Event) => void, quietMs = QUIET_MS): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    let last: Event | undefined;
    const soon = batched(() => {
      if (last) latest.current(last);
    }, quietMs);
    const deafen = listen((event) => {
      if (!kinds.some((kind) => event.kind.startsWith(kind))) return;
      last = event;
      soon();
    });
    return () => {
      deafen();
      soon.cancel();
    };
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
