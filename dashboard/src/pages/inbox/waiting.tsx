// A report that is in no issue: what it says, why it waits, what can be done.
import type { Feedback } from "../../api/contract";
import { SOURCE, webLink } from "../../lib/words";
import { now } from "../../state/clock";
import { Icon } from "../../ui/icons";
import { SourceMark } from "../../ui/sources";
import { Ago } from "../../ui/time";
import { moving, place, tryAgain } from "./actions";
import { whyNot, type Inbox } from "./inbox";

const CLIP = 280;

export function Waiting({ report, inbox, again }: { report: Feedback; inbox: Inbox; again: () => void }) {
  const job = inbox.jobs.get(report.id);
  const link = webLink(report.url);
  const text = report.body.length > CLIP ? `${report.body.slice(0, CLIP).trimEnd()}…` : report.body;
  return (
    <li class="item" data-item={report.id} tabIndex={-1}>
      <header>
        <SourceMark source={report.source} />
        <h3>{report.title || "(no title)"}</h3>
        {link && <a class="icon-button" href={link} target="_blank" rel="noreferrer noopener" aria-label={`Original of: ${report.title}`} title="The original"><Icon name="link" /></a>}
      </header>
      {text && <p class="item-text">{text}</p>}
      <p class={`because ${report.state}`}><Icon name={report.state === "parked" ? "alert" : "snooze"} /><span>{whyNot(report, inbox, now.value)}</span></p>
      <footer>
        <span class="dim">{SOURCE[report.source]}, received <Ago at={report.received_at} suffix=" ago" /></span>
        <span class="item-acts">
          {job?.status === "dead" && <button type="button" class="button small" onClick={() => void tryAgain(job, again)}><Icon name="again" />Try again<kbd>r</kbd></button>}
          <button type="button" class="button small" onClick={() => (moving.value = report)}><Icon name="right" />Move to an issue<kbd>m</kbd></button>
          <button type="button" class="button small" onClick={() => void place(report, null, again)}><Icon name="plus" />Make an issue of it<kbd>n</kbd></button>
        </span>
      </footer>
    </li>
  );
}
