// A fix's log: what is there page by page, then as it grows. A connection that breaks is taken up where it broke.
import { signal } from "@preact/signals";
import type { FixLogRow } from "../../api/contract";
import { asFailure, call, isUp, logAddress, wasAborted, type Failure } from "../../api/client";
import { noteSilence } from "../../state/connection";
import { addRow, type LogLine } from "./log-lines";

const PAGE = 200;
const AGAIN_MS = 1000;

export class FixLog {
  readonly lines: LogLine[] = [];
  /** Grows with each row. */
  readonly seen = signal(0);
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
        const page = await call("getFixLog", { path: { id: this.id }, query: { after: this.seen.peek(), limit: PAGE }, signal });
        if (signal.aborted) return;
        this.failure.value = null;
        this.take(page.items);
        if (page.items.length === PAGE) continue;
        this.phase.value = page.ended ? "ended" : "live";
        return page.ended ? undefined : this.follow();
      }
    } catch (error) {
      if (!signal.aborted && !wasAborted(error)) this.failure.value = asFailure(error);
    }
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
