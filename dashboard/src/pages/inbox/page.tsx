import { ITEM_KEYS, currentItem } from "../../lib/items";
import { useKeys, type Key } from "../../lib/keys";
import { useEvents, useEvery, useLoad } from "../../lib/load";
import { count, plural } from "../../lib/words";
import { IssuePicker } from "../../ui/issue-picker";
import { Loaded, Page, Section } from "../../ui/page";
import { Empty } from "../../ui/states";
import { openNewReport } from "../../shell/overlays";
import { join, moving, part, place, tryAgain } from "./actions";
import { load, nearTo, type Inbox } from "./inbox";
import { NearOne } from "./near";
import { Waiting } from "./waiting";

const LOOK_MS = 10_000; // a report that waits is told of by no event

function Lists({ inbox, again }: { inbox: Inbox; again: () => void }) {
  const { reports, total, near } = inbox;
  if (!reports.length && !near.length) {
    return (
      <Empty icon="inbox" title="Nothing waits for you">
        <p>Every report is in an issue, and no lonely one is nearly another.</p>
        <p><button type="button" class="link-button" onClick={openNewReport}>Write a report</button> or drop a file of them anywhere.</p>
      </Empty>
    );
  }
  return (
    <>
      {reports.length > 0 && (
        <Section title="In no issue yet" note={`${plural(Math.max(total, reports.length), "report")}${total > reports.length ? `; the newest ${count(reports.length)} are shown` : ""}`}>
          <ul class="items">{reports.map((report) => <Waiting key={report.id} report={report} inbox={inbox} again={again} />)}</ul>
        </Section>
      )}
      {near.length > 0 && (
        <Section title="Alone, but near another" note="Issues of a single report that grouping nearly joined. What you decide is kept.">
          <ul class="items">{near.map((one) => <NearOne key={one.suggestion.id} near={one} again={again} />)}</ul>
        </Section>
      )}
      {inbox.left && <p class="dim">The newest issues were looked through; there may be more among the older ones.</p>}
    </>
  );
}

/** What the keys act on: the item with the focus. */
function keysOf(inbox: () => Inbox | null, again: () => void): Key[] {
  const report = () => inbox()?.reports.find((r) => r.id === currentItem());
  const near = () => inbox()?.near.find((n) => n.alone.id === currentItem());
  const merge = () => {
    const [r, n] = [report(), near()];
    if (r) moving.value = r;
    else if (n) void join(n, again);
  };
  const make = () => {
    const r = report();
    if (r) void place(r, null, again);
  };
  const retry = () => {
    const r = report();
    const job = r && inbox()?.jobs.get(r.id);
    if (job?.status === "dead") void tryAgain(job, again);
  };
  const keep = () => {
    const n = near();
    if (n) void part(n, again);
  };
  return [
    ...ITEM_KEYS,
    { group: "Inbox", keys: ["m"], help: "Move to an issue; or: these are the same", run: merge },
    { group: "Inbox", keys: ["n"], help: "Make an issue of the report", run: make },
    { group: "Inbox", keys: ["r"], help: "Try again what was given up", run: retry },
    { group: "Inbox", keys: ["a"], help: "Keep the two apart", run: keep },
  ];
}

export function InboxPage() {
  const inbox = useLoad(load);
  useEvents(["feedback.", "cluster."], inbox.again);
  useEvery(LOOK_MS, () => (inbox.data.value?.reports.length ? inbox.again() : undefined));
  useKeys(keysOf(() => inbox.data.peek(), inbox.again), []);
  const report = moving.value;
  return (
    <Page title="Inbox" about="What is in no issue yet, and what is nearly in another one.">
      <Loaded of={inbox} what="The inbox could not be loaded" lines={8}>{(data) => <Lists inbox={data} again={inbox.again} />}</Loaded>
      {report && (
        <IssuePicker title="Move the report to" near={() => nearTo(report)} except={[]} onClose={() => (moving.value = null)}
          onChoose={(issue) => {
            moving.value = null;
            void place(report, issue, inbox.again);
          }}>
          <p class="clip"><b>{report.title}</b></p>
        </IssuePicker>
      )}
    </Page>
  );
}
