import { useEffect } from "preact/hooks";
import type { ClusterDetail } from "../../api/contract";
import { listen } from "../../api/events";
import { useKeys } from "../../lib/keys";
import { lazy } from "../../lib/lazy";
import { DAY, full, untilToday } from "../../lib/time";
import { count, plural, SOURCE } from "../../lib/words";
import { now } from "../../state/clock";
import { healed } from "../../state/connection";
import { timeZone } from "../../state/zone";
import { Cohesion } from "../../ui/cohesion";
import { Icon } from "../../ui/icons";
import { SourceMark } from "../../ui/sources";
import { Failed, Skeleton } from "../../ui/states";
import { StatusBadge } from "../../ui/status";
import { Ago } from "../../ui/time";
import { address } from "../../router";
import { Questions } from "../issues/dialogs";
import { length, rows } from "../issues/list";
import { Acts, back, copyLink, neighbour } from "./acts";
import { DropTray } from "./drag";
import { failure, issue, leave, load, onEvent, representatives } from "./issue";
import { ISSUE_KEYS } from "./keys";
import { WhereTo } from "./move";
import { Report } from "./report";
import { Reports } from "./reports";
import { forget } from "./selection";
import { Suggestions } from "./suggested";
import { Timeline } from "./timeline";

/** The place in the list as it was left, with the ways to its neighbours. */
function Neighbours({ of }: { of: ClusterDetail }) {
  const at = rows.value.findIndex((r) => r.cluster.id === of.id);
  return (
    <>
      {at >= 0 && (
        <>
          <button type="button" class="icon-button" aria-label="Previous issue" title="Previous issue (K)" disabled={at === 0} onClick={() => neighbour(-1)}><Icon name="up" /></button>
          <button type="button" class="icon-button" aria-label="Next issue" title="Next issue (J)" disabled={at === rows.value.length - 1} onClick={() => neighbour(1)}><Icon name="downwards" /></button>
          <span class="dim">{count(at + 1)} of {count(length.value)}</span>
        </>
      )}
      <button type="button" class="icon-button" aria-label="Copy the address" title="Copy the address (y)" onClick={() => void copyLink()}><Icon name="copy" /></button>
    </>
  );
}

function Head({ of }: { of: ClusterDetail }) {
  return (
    <header class="issue-head">
      <nav class="issue-nav" aria-label="Issues of the list">
        <a href={address("/")} class="back" onClick={(e) => (e.preventDefault(), back())}><Icon name="left" />Issues</a>
        <Neighbours of={of} />
      </nav>
      <h1>{of.title || "(no title)"}</h1>
      <p class="meta">
        <StatusBadge status={of.status} />
        {of.snooze_until && <span class="dim">until {<time dateTime={of.snooze_until}>{full(of.snooze_until, timeZone())}</time>}</span>}
        <span class="dim">{plural(of.count, "report")}, last seen <Ago at={of.last_seen} suffix=" ago" /></span>
      </p>
      <Acts />
    </header>
  );
}

/** Which of what is shown a language model wrote. */
function writtenByModel(of: ClusterDetail): string {
  const parts = [of.title_by === "llm" && "title", of.summary_by === "llm" && "summary"].filter(Boolean).join(" and ");
  return `A language model wrote the ${parts}; the reports below are as they came.`;
}

function Summary({ of }: { of: ClusterDetail }) {
  return (
    <section class="panel">
      <h2>Summary</h2>
      <p class="summary">{of.summary || "There is no summary."}</p>
      {(of.summary_by === "llm" || of.title_by === "llm") && <p class="dim by-model">{writtenByModel(of)}</p>}
      {of.keywords.length > 0 && <p class="chips">{of.keywords.map((k) => <span key={k} class="chip">{k}</span>)}</p>}
    </section>
  );
}

function Facts({ of }: { of: ClusterDetail }) {
  const rows = [...of.sources].sort((a, b) => (of.source_counts[b] ?? 0) - (of.source_counts[a] ?? 0));
  return (
    <section class="panel">
      <h2>About</h2>
      <dl class="about">
        <div><dt>First seen</dt><dd><Ago at={of.first_seen} suffix=" ago" /></dd></div>
        <div><dt>Last seen</dt><dd><Ago at={of.last_seen} suffix=" ago" /></dd></div>
        <div><dt>Cohesion</dt><dd><Cohesion cluster={of} words /></dd></div>
        {rows.map((s) => <div key={s}><dt><SourceMark source={s} /> {SOURCE[s]}</dt><dd>{count(of.source_counts[s] ?? 0)}</dd></div>)}
      </dl>
    </section>
  );
}

const FixPart = lazy(async () => (await import("../fixes/part")).FixPart, "nothing");
const SHORT = 8; // an issue of so many reports is read as a whole

export function IssuePage({ id }: { id: string }) {
  useEffect(() => {
    forget();
    void load(id);
    window.scrollTo({ top: 0 });
    const deafen = listen(onEvent);
    return () => {
      deafen();
      leave();
    };
  }, [id]);
  useEffect(() => {
    if (healed.value) void load(id, { quiet: true });
  }, [healed.value]);
  const of = issue.value;
  const title = of?.title ?? "Issue";
  useEffect(() => {
    document.title = `${title} - Soulcaster`;
  }, [title]);
  useKeys(ISSUE_KEYS);
  if (failure.value) return <Failed whole what="The issue could not be loaded" failure={failure.value} retry={() => void load(id)} />;
  if (!of) return <Skeleton lines={12} />;
  const today = Math.floor(now.value / DAY) * DAY;
  const lastDay = Math.max(today, Date.parse(`${of.trend.last_day.slice(0, 10)}T00:00:00Z`) || today);
  return (
    <div class="issue-page">
      <Head of={of} />
      <div class="issue-columns">
        <div>
          <Summary of={of} />
          <FixPart key={of.id} id={of.id} title={of.title} />
          {representatives.value.length > 1 && of.count > SHORT && (
            <section>
              <h2 class="section">In its own words</h2>
              {representatives.value.map((f) => <Report key={f.id} report={f} brief />)}
            </section>
          )}
          <Reports of={of} />
        </div>
        <aside aria-label="About this issue">
          <section class="panel">
            <h2>Reports a day</h2>
            <Timeline days={untilToday(of.trend.days, of.trend.last_day, now.value)} lastDay={lastDay} />
          </section>
          <Facts of={of} />
          <Suggestions of={of} />
        </aside>
      </div>
      <Questions />
      <WhereTo />
      <DropTray />
    </div>
  );
}
