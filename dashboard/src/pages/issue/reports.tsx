// The issue's reports: ticked, dragged, moved through by keyboard.
import { useEffect, useRef } from "preact/hooks";
import type { ClusterDetail, Feedback } from "../../api/contract";
import { count, plural } from "../../lib/words";
import { complain } from "../../state/toast";
import { Icon } from "../../ui/icons";
import { Grip } from "./drag";
import { cursor, fresh, load, loadingMore, loadMore, reports } from "./issue";
import { askWhere } from "./move";
import { splitOff } from "./regroup";
import { Report } from "./report";
import { active, clear, selected, toggle } from "./selection";

function Pickable({ report }: { report: Feedback }) {
  const element = useRef<HTMLDivElement>(null);
  const isActive = active.value === report.id;
  const isTicked = selected.value.has(report.id);
  // The active report is kept in sight, and has the focus where the reports have it.
  useEffect(() => {
    const now = document.activeElement;
    if (!isActive || (now !== document.body && now?.id !== "content" && !now?.classList.contains("pickable"))) return;
    element.current?.focus({ preventScroll: true });
    element.current?.scrollIntoView({ block: "nearest" });
  }, [isActive]);
  return (
    <div ref={element} class={`pickable ${isActive ? "active" : ""} ${isTicked ? "ticked" : ""}`} tabIndex={-1} onPointerDown={() => (active.value = report.id)}>
      <Report report={report} lead={
        <>
          <Grip id={report.id} title={report.title} />
          <input type="checkbox" aria-label={`Select: ${report.title}`} checked={isTicked} onClick={(e) => toggle(report.id, { range: e.shiftKey })} />
        </>
      } />
    </div>
  );
}

/** What can be done with the ticked reports. */
function TickedBar() {
  const ids = [...selected.value];
  if (!ids.length) return null;
  return (
    <div class="bulk" role="toolbar" aria-label="Selected reports">
      <b>{plural(ids.length, "report")}</b>
      <button type="button" class="button" onClick={() => void splitOff(ids)}><Icon name="split" />New issue<kbd>n</kbd></button>
      <button type="button" class="button" onClick={() => askWhere(ids)}><Icon name="right" />Move to…<kbd>v</kbd></button>
      <button type="button" class="icon-button" aria-label="Clear the selection" title="Clear (Esc)" onClick={clear}><Icon name="cross" /></button>
    </div>
  );
}

export const moreReports = () => void loadMore().catch((e: unknown) => complain("No more reports could be loaded", e));

export function Reports({ of }: { of: ClusterDetail }) {
  return (
    <section>
      <h2 class="section">
        Reports <span class="dim">{count(of.count)}</span>
        {fresh.value > 0 && <button type="button" class="pill" onClick={() => void load(of.id, { quiet: true })}><Icon name="up" />{count(fresh.value)} new</button>}
      </h2>
      {reports.value.map((f) => <Pickable key={f.id} report={f} />)}
      {cursor.value && (
        <button type="button" class="button more" disabled={loadingMore.value} onClick={moreReports}>
          {loadingMore.value ? "Loading…" : `Show more (${count(of.count - reports.value.length)})`}
        </button>
      )}
      <TickedBar />
    </section>
  );
}
