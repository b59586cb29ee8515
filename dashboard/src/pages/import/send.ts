// Records to the server in batches, with what became of them. A batch that got no answer is sent again: every line has an
// id, so what was stored already counts as a duplicate.
import { signal } from "@preact/signals";
import { asFailure, Failure, sendLines, wasAborted } from "../../api/client";
import type { BatchResult, Source } from "../../api/contract";
import { healed } from "../../state/connection";
import { lineOf, type Mapping } from "./mapping";
import { recordsOf, type Rec } from "./read";

const BATCH_LINES = 500;
const BATCH_CHARS = 512 * 1024;
const KEPT_REJECTS = 100_000;
const PAUSE_MS = 1000;

export interface Reject {
  file: string;
  line: number;
  reason: string;
  raw: string;
}

export interface Progress {
  phase: "ready" | "running" | "done" | "stopped" | "failed";
  read: number;
  size: number;
  ok: number;
  duplicate: number;
  filtered: number;
  rejected: number;
  /** Why it does not go on just now. */
  waits: string;
  failure: Failure | null;
}

export const NOTHING: Progress = { phase: "ready", read: 0, size: 0, ok: 0, duplicate: 0, filtered: 0, rejected: 0, waits: "", failure: null };

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((go) => {
    const timer = setTimeout(go, ms);
    stop.addEventListener("abort", () => (clearTimeout(timer), go()), { once: true });
  });
}

/** Until the server answers again, or it is stopped. */
function back(stop: AbortSignal): Promise<void> {
  const before = healed.peek();
  return new Promise((resolve) => {
    const go = () => {
      end();
      resolve();
    };
    const end = healed.subscribe((times) => times !== before && queueMicrotask(go));
    stop.addEventListener("abort", go, { once: true });
  });
}

export class Import {
  readonly progress = signal<Progress>(NOTHING);
  /** Grows as progress.rejected does. */
  readonly rejects: Reject[] = [];
  private readonly abort = new AbortController();
  private waiting: { rec: Rec; line: string }[] = [];
  private chars = 0;
  private file = "";

  constructor(private readonly files: File[], private readonly mapping: Mapping, private readonly source: Source | null) {}

  private note(part: Partial<Progress>): void {
    this.progress.value = { ...this.progress.value, ...part };
  }

  private reject(rec: Rec, reason: string): void {
    if (this.rejects.length < KEPT_REJECTS) this.rejects.push({ file: this.file, line: rec.line, reason, raw: rec.raw });
    this.note({ rejected: this.progress.value.rejected + 1 });
  }

  /** One batch, tried until the server takes it, refuses it for good, or a person stops. */
  private async send(lines: string): Promise<BatchResult[]> {
    for (;;) {
      try {
        const results = await sendLines(lines, this.abort.signal);
        this.note({ waits: "" });
        return results;
      } catch (error) {
        if (wasAborted(error)) throw error;
        const failure = asFailure(error);
        const busy = failure.status === 429 || failure.status === 503;
        if (failure.kind !== "offline" && !busy) throw failure;
        this.note({ waits: busy ? "The server has much to do; it goes on in a moment." : "The server does not answer. It goes on when it is back." });
        await (busy ? pause(Math.max(failure.retryAfterS * 1000, PAUSE_MS), this.abort.signal) : back(this.abort.signal));
        if (this.abort.signal.aborted) throw new DOMException("stopped", "AbortError");
      }
    }
  }

  private async flush(): Promise<void> {
    const batch = this.waiting;
    if (!batch.length) return;
    this.waiting = [];
    this.chars = 0;
    const results = await this.send(batch.map((one) => one.line).join("\n"));
    const by = { ok: 0, duplicate: 0, filtered: 0 };
    for (const result of results) {
      const one = batch[(result.line ?? 0) - 1];
      if (!one || !result.status) continue;
      if (result.status === "error") this.reject(one.rec, [result.error?.field, result.error?.detail].filter(Boolean).join(": "));
      else by[result.status]++;
    }
    const p = this.progress.value;
    this.note({ ok: p.ok + by.ok, duplicate: p.duplicate + by.duplicate, filtered: p.filtered + by.filtered });
  }

  private async one(file: File): Promise<void> {
    this.file = file.name;
    for await (const rec of recordsOf(file, (n) => this.note({ read: this.progress.value.read + n }))) {
      if (this.abort.signal.aborted) throw new DOMException("stopped", "AbortError");
      const { line, wrong } = rec.value ? lineOf({ ...rec, value: rec.value }, this.mapping, this.source) : { line: undefined, wrong: rec.wrong };
      if (!line) {
        this.reject(rec, wrong ?? "it cannot be read");
        continue;
      }
      this.waiting.push({ rec, line });
      this.chars += line.length;
      if (this.waiting.length >= BATCH_LINES || this.chars >= BATCH_CHARS) await this.flush();
    }
    await this.flush();
  }

  async run(): Promise<void> {
    this.note({ phase: "running", size: this.files.reduce((sum, f) => sum + f.size, 0) });
    try {
      for (const file of this.files) await this.one(file);
      this.note({ phase: "done" });
    } catch (error) {
      if (wasAborted(error)) this.note({ phase: "stopped", waits: "" });
      else this.note({ phase: "failed", failure: error instanceof Failure ? error : new Failure("refused", `${this.file}: ${error instanceof Error ? error.message : error}`) });
    }
  }

  /** Stops; what was stored stays. */
  stop(): void {
    this.abort.abort();
  }
}
