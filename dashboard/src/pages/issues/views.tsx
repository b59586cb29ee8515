// Views: filters with a name. Some are always there; others people saved, for all who work on the project.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { ClusterStatus, View } from "../../api/contract";
import { call } from "../../api/client";
import { count } from "../../lib/words";
import { address, path, query } from "../../router";
import { project, stats } from "../../state/project";
import { complain, done } from "../../state/toast";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icons";
import { OPEN, ofView, read, toView, write, type Filters } from "./filters";

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

/** Where they cannot be had there are none; the page says by itself when the server is gone. */
async function loadViews(): Promise<void> {
  const of = project.value?.id;
  const page = await call("listViews", {}).catch(() => null);
  if (page && project.value?.id === of) saved.value = page.items;
}

async function drop(view: View): Promise<void> {
  try {
    await call("dropView", { path: { id: view.id } });
    await loadViews();
    done(`View "${view.name}" removed.`, async () => {
      await call("saveView", { body: { name: view.name, query: view.query } });
      await loadViews();
    });
  } catch (error) {
    complain("The view was not removed", error);
  }
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

function SaveView({ filters, onClose }: { filters: Filters; onClose: () => void }) {
  const [name, setName] = useState("");
  const save = async (event: Event) => {
    event.preventDefault();
    onClose();
    try {
      await call("saveView", { body: { name: name.trim(), query: toView(filters) } });
      await loadViews();
    } catch (error) {
      complain("The view was not saved", error);
    }
  };
  return (
    <Dialog title="Save this view" onClose={onClose}>
      <form onSubmit={(e) => void save(e)}>
        <input class="text" aria-label="Name of the view" placeholder="Name" required maxLength={100} value={name} autoFocus
          pattern=".*\S.*" onInput={(e) => setName(e.currentTarget.value)} />
        <p class="dim">Filters, order and search, for all who work on this project.</p>
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
  const of = project.value?.id;
  useEffect(() => {
    saved.value = [];
    if (of) void loadViews();
  }, [of]);
  const here = path.value === "/" ? textOf(read(query.value)) : null;
  const mine = saved.value.map((view) => ({ view, text: textOf(ofView(view.query)) }));
  const isKnown = here === null || ALWAYS.some((v) => textOf({ ...BLANK, status: v.status }) === here) || mine.some((v) => v.text === here);
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
        {mine.map(({ view, text }) => (
          <li key={view.id}>
            <a href={hrefOf(text)} class="nav-link own" aria-current={current(text)}><span class="clip">{view.name}</span></a>
            <button type="button" class="icon-button drop" aria-label={`Remove the view ${view.name}`} onClick={() => void drop(view)}>
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
      {saving && here !== null && <SaveView filters={read(query.value)} onClose={() => setSaving(false)} />}
    </nav>
  );
}
