// Beside the picture, in words: what was caught and what can be done with it; else the issues on the map, biggest first.
import { signal } from "@preact/signals";
import { nearIssues } from "../../api/near";
import { count, plural } from "../../lib/words";
import { address } from "../../router";
import { Icon } from "../../ui/icons";
import { IssuePicker } from "../../ui/issue-picker";
import { StatusMark } from "../../ui/status";
import { lookAt } from "./camera";
import { caughtIssues, looked, lookTo, release, type CaughtIssue } from "./chosen";
import { map, type MapData } from "./data";
import { makeOne, moveAll, splitAll } from "./regroup";

const LISTED = 200;

export const choosingWhere = signal(false);

export function WhereTo({ after }: { after: () => void }) {
  const first = caughtIssues.value[0];
  if (!choosingWhere.value || !first) return null;
  const close = () => (choosingWhere.value = false);
  const n = caughtIssues.value.reduce((sum, p) => sum + p.reports.length, 0);
  return (
    <IssuePicker title={`Move ${plural(n, "report")} to an issue`} near={() => nearIssues(first.id)} except={[]} onClose={close}
      onChoose={(to) => {
        close();
        void moveAll(to, after);
      }} />
  );
}

function Caught({ parts, after }: { parts: CaughtIssue[]; after: () => void }) {
  const n = parts.reduce((sum, p) => sum + p.reports.length, 0);
  return (
    <section aria-label="Caught reports">
      <header class="map-side-head">
        <h2 aria-live="polite">{plural(n, "report")} of {plural(parts.length, "issue")}</h2>
        <button type="button" class="icon-button" aria-label="Let go" title="Let go (Esc)" onClick={release}><Icon name="cross" /></button>
      </header>
      <div class="map-acts">
        <button type="button" class="button primary" onClick={() => void makeOne(after)}><Icon name="merge" />Make one issue<kbd>n</kbd></button>
        <button type="button" class="button" onClick={() => void splitAll(after)}><Icon name="split" />Split off</button>
        <button type="button" class="button" onClick={() => (choosingWhere.value = true)}><Icon name="right" />Move to…<kbd>v</kbd></button>
      </div>
      <table class="map-table">
        <thead><tr><th scope="col">Issue</th><th scope="col">Caught</th></tr></thead>
        <tbody>
          {parts.map((p) => (
            <tr key={p.id}>
              <th scope="row"><a href={address(`/issues/${p.id}`)}>{p.title || "(no title)"}</a></th>
              <td>{count(p.reports.length)} of {count(p.count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Issues({ of }: { of: MapData }) {
  const listed = of.bySize.slice(0, LISTED);
  return (
    <section aria-label="Issues on the map">
      <header class="map-side-head"><h2>Issues</h2><span class="dim">{count(of.bySize.length)}</span></header>
      <table class="map-table">
        <thead class="hidden"><tr><th scope="col">Issue</th><th scope="col">Reports on the map</th></tr></thead>
        <tbody>
          {listed.map((i) => {
            const c = of.issues[i] as MapData["issues"][number];
            return (
              <tr key={c.id} class={looked.value === i ? "on" : ""} onMouseEnter={() => lookTo(i)} onMouseLeave={() => lookTo(-1)}>
                <th scope="row">
                  <StatusMark status={c.status} />
                  <a href={address(`/issues/${c.id}`)} onFocus={() => lookTo(i)} onBlur={() => lookTo(-1)}>{c.title || "(no title)"}</a>
                </th>
                <td>{count(c.shown)}</td>
                <td><button type="button" class="icon-button" aria-label={`Show on the map: ${c.title}`} title="Show on the map" onClick={() => lookAt(c.x, c.y)}><Icon name="target" /></button></td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {of.bySize.length > LISTED && <p class="dim">The {LISTED} biggest are listed.</p>}
    </section>
  );
}

export function Side({ after }: { after: () => void }) {
  const parts = caughtIssues.value;
  return <aside class="map-side" aria-label="The map in words">{parts.length ? <Caught parts={parts} after={after} /> : map.value && <Issues of={map.value} />}</aside>;
}
