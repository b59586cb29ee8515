// Small questions before a change: which issue to merge into, how long to snooze, which title.
import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import type { Cluster } from "../../api/contract";
import { nearIssues } from "../../api/near";
import { DAY, inputOf, timeOf } from "../../lib/time";
import { zone } from "../../state/zone";
import { plural } from "../../lib/words";
import { Dialog } from "../../ui/dialog";
import { IssuePicker } from "../../ui/issue-picker";
import { merge, retitle, setStatus, type Known } from "./actions";
import { rowOf } from "./list";

interface Question {
  kind: "merge" | "snooze" | "title";
  issues: Cluster[];
  /** Told each issue as it is after the change. */
  after?: ((c: Cluster) => void) | undefined;
}

const question = signal<Question | null>(null);
const close = () => (question.value = null);

/** Asks about the issues of these ids. */
export function ask(kind: Question["kind"], ids: string[], known: Known = (id) => rowOf(id)?.cluster, after?: (c: Cluster) => void): void {
  const issues = ids.map(known).filter((c): c is Cluster => c !== undefined);
  if (issues.length) question.value = { kind, issues, after };
}

export function Questions() {
  const q = question.value;
  if (!q) return null;
  if (q.kind === "snooze") return <Snooze {...q} />;
  if (q.kind === "title") return <Title {...q} />;
  return q.issues.length > 1 ? <MergeSelected {...q} /> : <MergeOne {...q} />;
}

const SPANS = [
  { label: "Tomorrow", days: 1 },
  { label: "In 3 days", days: 3 },
  { label: "In a week", days: 7 },
  { label: "In 30 days", days: 30 },
  { label: "Until I reopen it", days: 0 },
];

function Snooze({ issues, after }: Question) {
  const utc = zone.value === "UTC";
  const [day, setDay] = useState(inputOf(Date.now() + DAY, utc));
  const snooze = (until: number | null) => {
    close();
    const byId = new Map(issues.map((c) => [c.id, c]));
    void setStatus([...byId.keys()], "snoozed", until === null ? null : new Date(until).toISOString(), (id) => byId.get(id), after);
  };
  const choose = (days: number) => snooze(days ? Date.now() + days * DAY : null);
  const onKey = (event: KeyboardEvent) => {
    const span = SPANS[Number(event.key) - 1];
    if (span) choose(span.days);
  };
  const onSubmit = (event: Event) => {
    event.preventDefault();
    snooze(timeOf(day, utc));
  };
  return (
    <Dialog title={`Snooze ${issues.length === 1 ? "this issue" : plural(issues.length, "issue")}`} onClose={close}>
      <ul class="choices" onKeyDown={onKey}>
        {SPANS.map((span, i) => (
          <li key={span.days}>
            <button type="button" autoFocus={i === 0} onClick={() => choose(span.days)}>
              <span>{span.label}</span><kbd>{i + 1}</kbd>
            </button>
          </li>
        ))}
      </ul>
      <form class="line" onSubmit={onSubmit}>
        <label for="snooze-until">{utc ? "Until (UTC)" : "Until"}</label>
        <input id="snooze-until" class="text" type="datetime-local" required min={inputOf(Date.now(), utc)} value={day} onInput={(e) => setDay(e.currentTarget.value)} />
        <button type="submit" class="button">Snooze</button>
      </form>
    </Dialog>
  );
}

function Title({ issues, after }: Question) {
  const issue = issues[0] as Cluster;
  const [text, setText] = useState(issue.title);
  const save = (event: Event) => {
    event.preventDefault();
    close();
    void retitle(issue, text.trim(), after);
  };
  return (
    <Dialog title="Edit the title" onClose={close}>
      <form onSubmit={save}>
        <input class="text" aria-label="Title" value={text} maxLength={1000} autoFocus onInput={(e) => setText(e.currentTarget.value)}
          onFocus={(e) => e.currentTarget.select()} />
        <p class="dim">It is kept from now on. {issue.title_locked && "Leave it empty to let the grouping choose one again."}</p>
        <div class="dialog-end">
          <button type="button" class="button" onClick={close}>Cancel</button>
          <button type="submit" class="button primary">Save</button>
        </div>
      </form>
    </Dialog>
  );
}

function MergeSelected({ issues, after }: Question) {
  const largest = issues.reduce((a, b) => (b.count > a.count ? b : a));
  const [into, setInto] = useState(largest.id);
  const submit = async (event: Event) => {
    event.preventDefault();
    close();
    const others = issues.filter((c) => c.id !== into).map((c) => c.id);
    if (await merge(into, others)) after?.(issues.find((c) => c.id === into) as Cluster);
  };
  return (
    <Dialog title={`Merge ${issues.length} issues`} onClose={close}>
      <form onSubmit={(e) => void submit(e)}>
        <fieldset class="radios">
          <legend>The issue that keeps its name:</legend>
          {issues.map((c) => (
            <label key={c.id}>
              <input type="radio" name="into" checked={c.id === into} autoFocus={c.id === largest.id} onChange={() => setInto(c.id)} />
              <span class="clip">{c.title}</span>
              <span class="dim">{plural(c.count, "report")}</span>
            </label>
          ))}
        </fieldset>
        <p class="dim">All reports move there and stay. It can be undone.</p>
        <div class="dialog-end">
          <button type="button" class="button" onClick={close}>Cancel</button>
          <button type="submit" class="button primary">Merge</button>
        </div>
      </form>
    </Dialog>
  );
}

function MergeOne({ issues, after }: Question) {
  const issue = issues[0] as Cluster;
  const choose = async (other: Cluster) => {
    close();
    if (await merge(issue.id, [other.id])) after?.(issue);
  };
  return (
    <IssuePicker title="Merge another issue into this one" near={() => nearIssues(issue.id)} except={[issue.id]}
      onChoose={(other) => void choose(other)} onClose={close}>
      <p class="clip"><b>{issue.title}</b></p>
    </IssuePicker>
  );
}
