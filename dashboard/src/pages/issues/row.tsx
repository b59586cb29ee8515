import type { Cluster } from "../../api/contract";
import { address } from "../../router";
import { count, plural, webLink } from "../../lib/words";
import { untilToday } from "../../lib/time";
import { now } from "../../state/clock";
import { Cohesion } from "../../ui/cohesion";
import { memo } from "../../ui/memo";
import { Sources } from "../../ui/sources";
import { Sparkline } from "../../ui/sparkline";
import { StatusMark } from "../../ui/status";
import { Ago } from "../../ui/time";
import type { Row } from "./list";
import { active, toggle } from "./selection";

interface Props {
  row: Row;
  index: number;
  top: number;
  isActive: boolean;
  isSelected: boolean;
}

export const rowId = (id: string) => `row-${id}`;

/** Where its fix is, when one is being made or waits for people. */
function Progress({ of }: { of: Cluster }) {
  if (of.status === "fixing") return <span class="tag">being fixed</span>;
  const link = of.status === "pr_opened" ? webLink(of.github_pr_url) : null;
  if (link) return <a class="tag" href={link} target="_blank" rel="noreferrer noopener">pull request</a>;
  return of.status === "pr_opened" ? <span class="tag">in review</span> : null;
}

export const IssueRow = memo(function IssueRow({ row, index, top, isActive, isSelected }: Props) {
  const c = row.cluster;
  const onTick = (event: MouseEvent) => {
    toggle(c.id, { range: event.shiftKey });
  };
  const classes = ["row", isActive && "active", isSelected && "selected", row.gone && "gone"].filter(Boolean).join(" ");
  return (
    <div role="row" class={classes} style={{ transform: `translateY(${top}px)` }} aria-rowindex={index + 2} aria-selected={isSelected}
      onPointerDown={() => (active.value = c.id)}>
      <span role="cell" class="cell-tick">
        <input type="checkbox" checked={isSelected} aria-label={`Select: ${c.title}`} onClick={onTick} />
      </span>
      <span role="cell" class="cell-status"><StatusMark status={c.status} /></span>
      <span role="cell" class="cell-title">
        <a id={rowId(c.id)} href={address(`/issues/${c.id}`)} onFocus={() => (active.value = c.id)}>{c.title || "(no title)"}</a>
        <span class="below">
          {row.gone && <em>merged or moved since </em>}
          <Progress of={c} />
          {row.match === "meaning" && <span class="tag" title="Found by meaning: it does not hold these words">by meaning</span>}
          {c.summary || c.keywords.join(", ")}
        </span>
      </span>
      <span role="cell" class="cell-trend"><Sparkline days={untilToday(c.trend.days, c.trend.last_day, now.value)} /></span>
      <span role="cell" class={`cell-count ${c.count === 1 ? "one" : ""}`} title={plural(c.count, "report")}>{count(c.count)}<span class="hidden"> reports</span></span>
      <span role="cell" class="cell-sources"><Sources cluster={c} /></span>
      <span role="cell" class="cell-cohesion"><Cohesion cluster={c} /></span>
      <span role="cell" class="cell-first"><Ago at={c.first_seen} /></span>
      <span role="cell" class="cell-last"><Ago at={c.last_seen} /></span>
    </div>
  );
});

/** In place of a row that is still to come. */
export function RowToCome({ top }: { top: number }) {
  return (
    <div class="row to-come" style={{ transform: `translateY(${top}px)` }} aria-hidden="true">
      <span class="bone" /><span class="bone" /><span class="bone" />
    </div>
  );
}
