// A fix's log: its end at first, then as it grows; older lines when they are wanted. A connection that breaks is taken up where
// it broke.
import { signal } from "@preact/signals";
import type { FixLogRow } from "../../api/contract";
import { asFailure, call, isUp, logAddress, wasAborted, type Failure } from "../../api/client";
import { noteSilence } from "../../state/connection";
import { addRow, joined, type LogLine } from "./log-lines";

const PAGE = 200;
const NEWEST = Number.MAX_SAFE_INTEGER;
const AGAIN_MS = 1000;

export class FixLog {
  lines: LogLine[] = [];
  /** The last row that is there; grows with each. */
  readonly seen = signal(0);
  /** The first one; what is older is not there yet. */
  readonly first = signal(1);
  /** How many lines came in front of those at the beginning. */
  above = 0;
  readonly phase = signal<"loading" | "live" | "ended">("loading");
  readonly failure = signal<Failure | null>(null);
  private isOpen = false;
  private running: AbortController | null = null;
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly id: string) {}

  private take(rows: FixLogRow[]): void {
    for (const row of rows) {
      if (row.seq <= this.seen.peek()) continue;
      this.isOpen = addRow(this.lines, row, this.isOpen);
      this.seen.value = row.seq;
    }
  }

  /** Reads what is there, and stays for what comes. */
  async start(): Promise<void> {
    this.stop();
    const { signal } = (this.running = new AbortController());
    try {
      for (;;) {
        const seen = this.seen.peek();
        const page = await call("getFixLog", { path: { id: this.id }, query: { ...(seen ? { after: seen } : { before: NEWEST }), limit: PAGE }, signal });
        if (signal.aborted) return;
        this.failure.value = null;
        if (!seen) this.first.value = page.items[0]?.seq ?? 1;
        this.take(page.items);
        if (seen && page.items.length === PAGE) continue;
        this.phase.value = page.ended ? "ended" : "live";
        return page.ended ? undefined : this.follow();
      }
    } catch (error) {
      if (!signal.aborted && !wasAborted(error)) this.failure.value = asFailure(error);
    }
  }

  /** One page more in front of what is there. Throws a Failure. */
  async older(): Promise<void> {
    const before = this.first.peek();
    if (before <= 1) return;
    const { items } = await call("getFixLog", { path: { id: this.id }, query: { before, limit: PAGE } });
    if (before !== this.first.peek()) return; // somebody pressed twice
    const lines: LogLine[] = [];
    let isOpen = false;
    for (const row of items) isOpen = addRow(lines, row, isOpen);
    const had = this.lines.length;
    this.lines = joined(lines, isOpen, this.lines);
    this.above += this.lines.length - had;
    this.first.value = items[0]?.seq ?? 1;
  }

  private follow(): void {
    const source = (this.source = new EventSource(logAddress(this.id, this.seen.peek())));
    source.addEventListener("log", (message: MessageEvent<string>) => this.take([JSON.parse(message.data) as FixLogRow]));
    source.addEventListener("end", () => {
      this.phase.value = "ended";
      this.stop();
    });
    source.onerror = () => void this.broken();
  }

  private async broken(): Promise<void> {
    this.stop();
    const { signal } = (this.running = new AbortController());
    const up = await isUp();
    if (signal.aborted) return; // nobody looks at it any more, or it was begun anew
    if (!up) return noteSilence(); // whoever shows it starts again when the server is back
    this.timer = setTimeout(() => void this.start(), AGAIN_MS);
  }

  stop(): void {
    this.running?.abort();
    this.source?.close();
    this.source = null;
    clearTimeout(this.timer);
  }
}
