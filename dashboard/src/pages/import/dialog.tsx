// Importing files: what is in them, which column is what, how far it is, and what could not be taken.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Source } from "../../api/contract";
import { loadStats } from "../../state/project";
import { SOURCE, SOURCES } from "../../lib/words";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icons";
import { FIELDS, guess, lineOf, type Mapping, type Use } from "./mapping";
import { recordsOf, type Rec } from "./read";
import { Result } from "./result";
import { Import } from "./send";

const LOOKED_AT = 50; // records from which the columns are known
const SHOWN = 3;

const USES: Record<Use, string> = {
  title: "Title", body: "Text", external_id: "Id", created_at: "Written at", url: "Link", stack: "Stack", status: "Status", repo: "Repository",
  metadata: "Detail", none: "Leave out",
};

/** The first records of a file. */
async function beginningOf(file: File): Promise<Rec[]> {
  const found: Rec[] = [];
  for await (const rec of recordsOf(file, () => undefined)) if (found.push(rec) >= LOOKED_AT) break;
  return found;
}

const columnsOf = (records: Rec[]) => [...new Set(records.flatMap((r) => Object.keys(r.value ?? {})))].filter((name) => name !== "source" && name !== "payload");

function Choose({ onFiles }: { onFiles: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <div class="choose">
      <Icon name="upload" />
      <p>CSV with a header row, NDJSON (one object a line) or a JSON array; gzip is welcome. Nothing is sent until you have seen what is in it.</p>
      <input ref={input} type="file" multiple class="hidden" aria-label="Files" tabIndex={-1} accept=".csv,.tsv,.json,.jsonl,.ndjson,.gz,text/csv,application/json"
        onChange={(e) => onFiles([...(e.currentTarget.files ?? [])])} />
      <button type="button" class="button primary" autoFocus onClick={() => input.current?.click()}>Choose files</button>
      <p class="dim">or drop them anywhere on the page</p>
    </div>
  );
}

function Columns({ columns, mapping, onChange }: { columns: string[]; mapping: Mapping; onChange: (mapping: Mapping) => void }) {
  return (
    <fieldset class="columns">
      <legend>Which column is what</legend>
      {columns.map((name) => (
        <label key={name}>
          <span class="clip mono">{name}</span>
          <select value={mapping[name]} onChange={(e) => onChange({ ...mapping, [name]: e.currentTarget.value as Use })}>
            {[...FIELDS, "metadata" as const, "none" as const].map((use) => <option key={use} value={use}>{USES[use]}</option>)}
          </select>
        </label>
      ))}
    </fieldset>
  );
}

/** The first reports, as they would be sent. */
function Sample({ records, mapping, source }: { records: Rec[]; mapping: Mapping; source: Source | null }) {
  return (
    <ul class="sample" aria-label="The first reports">
      {records.slice(0, SHOWN).map((rec) => {
        const { line, wrong } = rec.value ? lineOf({ ...rec, value: rec.value }, mapping, source) : { wrong: rec.wrong };
        if (!line) return <li key={rec.line} class="problem">Line {rec.line}: {wrong}</li>;
        const report = JSON.parse(line) as { title?: string; body?: string; payload?: unknown };
        return (
          <li key={rec.line}>
            <b class="clip">{report.payload ? "An item as its vendor writes it" : report.title ?? "(no title: the first line of the text)"}</b>
            <span class="dim clip">{report.body ?? ""}</span>
          </li>
        );
      })}
    </ul>
  );
}

function Look({ files, onStart, onClose }: { files: File[]; onStart: (run: Import) => void; onClose: () => void }) {
  const [records, setRecords] = useState<Rec[] | null>(null);
  const [mapping, setMapping] = useState<Mapping>({});
  const [source, setSource] = useState<Source | null>(null);
  const [wrong, setWrong] = useState("");
  useEffect(() => {
    const first = files[0];
    if (!first) return;
    beginningOf(first).then(
      (found) => {
        setRecords(found);
        setMapping(guess(columnsOf(found)));
        if (!found.length) setWrong("There is nothing in it.");
      },
      (error) => setWrong(error instanceof Error ? error.message : String(error)),
    );
  }, [files]);
  const submit = (event: Event) => {
    event.preventDefault();
    const run = new Import(files, mapping, source);
    onStart(run);
    void run.run();
  };
  const columns = columnsOf(records ?? []);
  return (
    <form onSubmit={submit}>
      <p><b>{files.map((f) => f.name).join(", ")}</b></p>
      {wrong && <p role="alert" class="problem">{wrong}</p>}
      {records && !wrong && (
        <>
          <label class="field">They are from
            <select class="text" value={source ?? ""} onChange={(e) => setSource(SOURCES.find((s) => s === e.currentTarget.value) ?? null)}>
              <option value="">what each record says, else "Other"</option>
              {SOURCES.map((s) => <option key={s} value={s}>{SOURCE[s]}</option>)}
            </select>
          </label>
          {columns.length > 0 && <Columns columns={columns} mapping={mapping} onChange={setMapping} />}
          <Sample records={records} mapping={mapping} source={source} />
        </>
      )}
      <div class="dialog-end">
        <button type="button" class="button" onClick={onClose}>Cancel</button>
        <button type="submit" class="button primary" disabled={!records || wrong !== ""} autoFocus>Import</button>
      </div>
    </form>
  );
}

export function ImportDialog({ files: given, onClose }: { files: File[]; onClose: () => void }) {
  const [files, setFiles] = useState(given);
  const [run, setRun] = useState<Import | null>(null);
  const phase = run?.progress.value.phase;
  useEffect(() => {
    if (phase && phase !== "running") void loadStats();
  }, [phase]);
  const title = !files.length ? "Import reports" : !run ? "What is in it" : phase === "running" ? "Importing" : "Import";
  const close = () => {
    run?.stop();
    onClose();
  };
  return (
    <Dialog title={title} wide onClose={close}>
      {!files.length ? <Choose onFiles={setFiles} /> : !run ? <Look files={files} onStart={setRun} onClose={close} /> : <Result run={run} onClose={close} />}
    </Dialog>
  );
}

