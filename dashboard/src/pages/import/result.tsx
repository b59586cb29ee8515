// How far an import is, and what came of it.
import { saveText } from "../../lib/save";
import { count, percent, plural } from "../../lib/words";
import { address } from "../../router";
import { Icon } from "../../ui/icons";
import type { Import, Reject } from "./send";

const SHOWN = 100;

/** The rejected records with their reasons, as NDJSON: mended, it can be imported again. */
function save(rejects: Reject[]): void {
  const lines = rejects.map((r) => JSON.stringify({ file: r.file, line: r.line, reason: r.reason, raw: r.raw }));
  saveText(`${lines.join("\n")}\n`, "rejects.jsonl", "application/x-ndjson");
}

function Rejects({ run }: { run: Import }) {
  const { rejected } = run.progress.value;
  if (!rejected) return null;
  return (
    <section class="rejects">
      <header>
        <h3>{plural(rejected, "record")} not taken</h3>
        <button type="button" class="button small" onClick={() => save(run.rejects)}><Icon name="download" />Download them</button>
      </header>
      <ul tabIndex={0} aria-label="Records that were not taken">
        {run.rejects.slice(0, SHOWN).map((r, i) => (
          <li key={i}><b>Line {count(r.line)}</b> {r.reason}<code class="clip">{r.raw.slice(0, 200)}</code></li>
        ))}
        {rejected > SHOWN && <li class="dim">and {count(rejected - SHOWN)} more, in the file to download</li>}
      </ul>
    </section>
  );
}

const SAYS = { ready: "Starting", running: "Importing", done: "Done", stopped: "Stopped; what was stored stays", failed: "It did not go on" };

export function Result({ run, onClose }: { run: Import; onClose: () => void }) {
  const p = run.progress.value;
  const running = p.phase === "running" || p.phase === "ready";
  const part = p.phase === "done" ? 1 : p.size ? Math.min(1, p.read / p.size) : 0;
  return (
    <div class="import-run">
      <p role="status">{SAYS[p.phase]}{running && ` (${percent(part)} read)`}. {p.waits}</p>
      <progress max={1} value={part} aria-label="How much of it was read" />
      {p.failure && <p role="alert" class="problem">{p.failure.message} {p.failure.requestId && <>Request <code>{p.failure.requestId}</code></>}</p>}
      <dl class="numbers">
        <div><dt>stored</dt><dd>{count(p.ok)}</dd></div>
        <div><dt>known already</dt><dd>{count(p.duplicate)}</dd></div>
        {p.filtered > 0 && <div><dt>left out by the source's settings</dt><dd>{count(p.filtered)}</dd></div>}
        <div class={p.rejected ? "bad" : ""}><dt>not taken</dt><dd>{count(p.rejected)}</dd></div>
      </dl>
      <Rejects run={run} />
      <div class="dialog-end">
        {running ? <button type="button" class="button" onClick={() => run.stop()}>Stop</button> : (
          <>
            {p.ok > 0 && <a class="button" href={address("/")} onClick={onClose}>To the issues</a>}
            <button type="button" class="button primary" autoFocus onClick={onClose}>Close</button>
          </>
        )}
      </div>
    </div>
  );
}
