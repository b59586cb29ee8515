import { useEffect } from "preact/hooks";
import type { ClusterDetail } from "../../api/contract";
import { listen } from "../../api/events";
import { useKeys } from "../../lib/keys";
import { DAY, untilToday } from "../../lib/time";
import { count, plural, SOURCE } from "../../lib/words";
import { now } from "../../state/clock";
import { healed } from "../../state/connection";
import { complain } from "../../state/toast";
import { Cohesion } from "../../ui/cohesion";
import { Icon } from "../../ui/icons";
import { SourceMark } from "../../ui/sources";
import { Failed, Skeleton } from "../../ui/states";
import { StatusBadge } from "../../ui/status";
import { Ago } from "../../ui/time";
import { address } from "../../router";
import { Questions } from "../issues/dialogs";
import { Acts, back, ISSUE_KEYS } from "./acts";
import { Candidates } from "./candidates";
import { cursor, failure, fresh, issue, load, loadingMore, loadMore, onEvent, reports, representatives } from "./issue";
import { Report } from "./report";
import { Timeline } from "./timeline";

function Head({ of }: { of: ClusterDetail }) {
  return (
    <header class="issue-head">
      <a href={address("/")} class="back" onClick={(e) => (e.preventDefault(), back())}><Icon name="left" />Issues</a>
      <h1>{of.title || "(no title)"}</h1>
      <p class="meta">
        <StatusBadge status={of.status} />
        {of.snooze_until && <span class="dim">until {new Date(of.snooze_until).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}</span>}
        <span class="dim">{plural(of.count, "report")}, last seen <Ago at={of.last_seen} suffix=" ago" /></span>
      </p>
      <Acts />
    </header>
  );
}

function Summary({ of }: { of: ClusterDetail }) {
  return (
    <section class="panel">
      <h2>Summary</h2>
      <p class="summary">{of.summary || "There is no summary."}</p>
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

function Reports({ of }: { of: ClusterDetail }) {
  return (
    <section>
      <h2 class="section">
        Reports <span class="dim">{count(of.count)}</span>
        {fresh.value > 0 && <button type="button" class="pill" onClick={() => void load(of.id, { quiet: true })}><Icon name="up" />{count(fresh.value)} new</button>}
      </h2>
      {reports.value.map((f) => <Report key={f.id} report={f} />)}
      {cursor.value && (
        <button type="button" class="button more" disabled={loadingMore.value} onClick={() => void loadMore().catch((e) => complain("No more reports could be loaded", e))}>
          {loadingMore.value ? "Loading…" : `Show more (${count(of.count - reports.value.length)})`}
        </button>
      )}
    </section>
  );
}

export function IssuePage({ id }: { id: string }) {
  useEffect(() => {
    void load(id);
    window.scrollTo({ top: 0 });
    return listen(onEvent);
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
          {representatives.value.length > 1 && of.count > 3 && (
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
          <Candidates of={of} />
        </aside>
      </div>
      <Questions />
    </div>
  );
}
