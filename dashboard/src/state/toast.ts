// Short messages at the bottom, and the way back: what was done last can be undone, one step after the other.
import { signal } from "@preact/signals";
import { asFailure } from "../api/client";

export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "bad";
  undo?: (() => void) | undefined;
  link?: { text: string; href: string } | undefined;
}

interface Step {
  text: string;
  undo: () => Promise<void>;
  /** The message that says it; grows from step to step. */
  toast: number;
}

const SHOWN_MS = 7000;
const STEPS = 50;

export const toasts = signal<Toast[]>([]);
let counter = 0;
let steps: Step[] = [];
let forgotten = 0;

export function say(text: string, more: Partial<Pick<Toast, "tone" | "undo" | "link">> = {}): number {
  const id = ++counter;
  toasts.value = [...toasts.value.slice(-2), { id, text, tone: more.tone ?? "plain", undo: more.undo, link: more.link }];
  setTimeout(() => dismiss(id), SHOWN_MS);
  return id;
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((t) => t.id !== id);
}

/** What failed, in the server's words, with the id that finds it in the server's log. */
export function complain(what: string, error: unknown, undo?: Toast["undo"]): void {
  const failure = asFailure(error);
  if (failure.kind === "signed-out") return; // said by the page as a whole
  const request = failure.requestId ? ` (request ${failure.requestId})` : "";
  say(`${what}: ${failure.message}${request}`, { tone: "bad", undo });
}

/** Says what was done, and keeps the way back. */
export function done(text: string, undo: () => Promise<void>, link?: Toast["link"]): void {
  const step: Step = { text, undo, toast: 0 };
  step.toast = say(text, { undo: () => void takeBack(step), link });
  steps = [...steps.slice(1 - STEPS), step];
}

async function takeBack(step: Step): Promise<void> {
  if (!steps.includes(step)) return;
  const begun = forgotten;
  steps = steps.filter((s) => s !== step);
  dismiss(step.toast);
  try {
    await step.undo();
    say(`Undone: ${step.text}`);
  } catch (error) {
    const why = asFailure(error);
    const isLost = (why.kind === "refused" && why.status !== 429) || begun !== forgotten;
    if (!isLost) steps = [...steps, step].sort((a, b) => a.toast - b.toast); // it may go better later
    complain("Could not undo", error, isLost ? undefined : () => void takeBack(step));
  }
}

/** Another project: what was done before is not undone from here. */
export function forgetSteps(): void {
  forgotten++;
  steps = [];
  toasts.value = toasts.value.map((toast) => ({ ...toast, undo: undefined }));
}

export function undoLast(): void {
  const step = steps.at(-1);
  if (step) void takeBack(step);
  else say("There is nothing to undo.");
}
