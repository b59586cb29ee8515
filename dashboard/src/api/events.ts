// The event stream: one connection for all who listen, closed while nobody looks (browsers allow six to a server,
// tabs included), and opened again after the last event that was seen.
import { signal } from "@preact/signals";
import type { Event } from "./contract";
import { call, eventsAddress, isUp } from "./client";
import { connection, noteSilence } from "../state/connection";

type Listener = (event: Event) => void;

const KINDS: Event["kind"][] = [
  "cluster.opened", "cluster.updated", "cluster.regressed", "cluster.gone",
  "feedback.grouped", "feedback.parked", "feedback.removed", "model.progress", "model.switched",
  "map.updated", "fix.updated",
];

const AGAIN_MS = 1000;
const AGAIN_REFUSED_MS = 15_000;

/** Whether news come by themselves now. */
export const isStreaming = signal(false);

const listeners = new Set<Listener>();
let source: EventSource | undefined;
/** The newest event that is known of: the stream goes on after it. */
let last: number | null = null;

function take(message: MessageEvent<string>): void {
  const event = JSON.parse(message.data) as Event;
  last = event.id;
  for (const listener of listeners) listener(event);
}

function open(): void {
  source = new EventSource(eventsAddress(last));
  for (const kind of KINDS) source.addEventListener(kind, take);
  source.onopen = () => (isStreaming.value = true);
  source.onerror = () => void broken();
}

/** The stream ended: the server is gone, or closed it, or refuses it (too many streams, or we are signed out). */
async function broken(): Promise<void> {
  const refused = source?.readyState === EventSource.CLOSED;
  close();
  if (!(await isUp())) return noteSilence();
  if (refused) await call("listProjects", {}).catch(() => undefined); // says by itself when we are signed out
  setTimeout(settle, refused ? AGAIN_REFUSED_MS : AGAIN_MS);
}

function close(): void {
  source?.close();
  source = undefined;
  isStreaming.value = false;
}

/** Opens or closes the stream as it is needed now. */
function settle(): void {
  const wanted = listeners.size > 0 && !document.hidden && connection.value === "ok";
  if (wanted && !source) open();
  if (!wanted && source) close();
}

/** Calls `listener` for each event until the returned function is called. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  settle();
  return () => {
    listeners.delete(listener);
    settle();
  };
}

/** The newest event there was before anything was loaded: what happens until the stream is open is heard, too. */
export function hearAfter(id: number): void {
  last = Math.max(last ?? 0, id);
}

/** Another project. What was heard of the one before is older than what will be loaded. */
export function restartEvents(): void {
  close();
  settle();
}

export function startEvents(): void {
  document.addEventListener("visibilitychange", settle);
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", settle); // a page that the browser had kept
  connection.subscribe(settle);
}
