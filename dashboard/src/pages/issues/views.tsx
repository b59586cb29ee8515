// Views: filters with a name. Some are always there; others are saved by a person, in this browser.
import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import type { ClusterStatus } from "../../api/contract";
import { count } from "../../lib/words";
import { address, path, query } from "../../router";
import { project, stats } from "../../state/project";
import { recall, remember } from "../../state/storage";
import { done } from "../../state/toast";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icons";
import { OPEN, read, write, type Filters } from "./filters";

interface View {
  name: string;
  query: string;
}

const BLANK = read(new URLSearchParams());
const textOf = (f: Filters) =>
  new URLSearchParams(Object.entries(write(f)).filter((e): e is [string, string] => e[1] !== null)).toString();

const ALWAYS: { name: string; status: ClusterStatus[] }[] = [
  { name: "To triage", status: ["new", "regressed"] },
  { name: "Open", status: OPEN },
  { name: "Snoozed", status: ["snoozed"] },
  { name: "Resolved", status: ["resolved"] },
  { name: "Ignored", status: ["ignored"] },
  { name: "Everything", status: [] },
];

const saved = signal<View[]>([]);
let savedOf = "";
const place = () => `views.${project.value?.id ?? ""}`;

function known(): View[] {
  if (savedOf !== place()) {
    savedOf = place();
    saved.value = recall<View[]>(savedOf, []).filter((v) => typeof v?.name === "string" && typeof v.query === "string");
  }
  return saved.value;
}

function store(views: View[]): void {
  saved.value = views;
  remember(place(), views);
}

function drop(view: View): void {
  const before = saved.value;
  store(before.filter((v) => v !== view));
  done(`View "${view.name}" removed.`, async () => store(before));
}

function hrefOf(text: string): string {
  const params = new URLSearchParams(text);
  const of = query.value.get("project_id");
  if (of) params.set("project_id", of);
  return address("/", params);
}

function numberOf(status: ClusterStatus[]): string {
  const by = stats.value?.by_status;
  if (!by) return "";
  const names = status.length ? status : Object.keys(by);
  return count(names.reduce((sum, s) => sum + (by[s] ?? 0), 0));
}

function SaveView({ text, onClose }: { text: string; onClose: () => void }) {
  const [name, setName] = useState("");
  const save = (event: Event) => {
    event.preventDefault();
    store([...known().filter((v) => v.name !== name.trim()), { name: name.trim(), query: text }]);
    onClose();
  };
  return (
    <Dialog title="Save this view" onClose={onClose}>
      <form onSubmit={save}>
        <input class="text" aria-label="Name of the view" placeholder="Name" required maxLength={60} value={name} autoFocus
          pattern=".*\S.*" onInput={(e) => setName(e.currentTarget.value)} />
        <p class="dim">Filters, order and search are kept in this browser.</p>
        <div class="dialog-end">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="button primary">Save</button>
        </div>
      </form>
    </Dialog>
  );
}

export function Views() {
  const [saving, setSaving] = useState(false);
  const here = path.value === "/" ? textOf(read(query.value)) : null;
  const mine = known();
  const isKnown = here === null || ALWAYS.some((v) => textOf({ ...BLANK, status: v.status }) === here) || mine.some((v) => v.query === here);
  const current = (text: string) => (text === here ? "true" : undefined);
  return (
    <nav aria-label="Views">
      <h2>Views</h2>
      <ul>
        {ALWAYS.map((view) => {
          const text = textOf({ ...BLANK, status: view.status });
          return (
            <li key={view.name}>
              <a href={hrefOf(text)} class="nav-link" aria-current={current(text)}>
                {view.name}<span class="number">{numberOf(view.status)}</span>
              </a>
            </li>
          );
        })}
        {mine.map((view) => (
          <li key={view.name}>
            <a href={hrefOf(view.query)} class="nav-link own" aria-current={current(view.query)}><span class="clip">{view.name}</span></a>
            <button type="button" class="icon-button drop" aria-label={`Remove the view ${view.name}`} onClick={() => drop(view)}>
              <Icon name="cross" />
            </button>
          </li>
        ))}
        {!isKnown && (
          <li>
            <button type="button" class="nav-link" onClick={() => setSaving(true)}><Icon name="save" />Save this view</button>
          </li>
        )}
      </ul>
      {saving && here !== null && <SaveView text={here} onClose={() => setSaving(false)} />}
    </nav>
  );
}
