// The list as a table that draws only the rows in sight: ten thousand scroll as smoothly as ten.
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { rangeOf, scrollTo } from "../../lib/virtual";
import { go, withQuery } from "../../router";
import { write, type Sort } from "./filters";
import { filters, length, need, phase, rows } from "./list";
import { IssueRow, RowToCome, rowId } from "./row";
import { active, activeIndex, clear, selectAll, selected } from "./selection";

const SPARE = 8;
const AHEAD = 60; // rows that are fetched before they are scrolled to
const NARROW = window.matchMedia("(max-width: 720px)");
const rowHeight = () => (NARROW.matches ? 84 : 52);

/** Where the list was left, for coming back from an issue. */
let leftAt = 0;
export function scrollListUp(): void {
  leftAt = 0;
  document.querySelector(".rows-view")?.scrollTo({ top: 0 });
}

function sortBy(sort: Sort): void {
  go(withQuery(write({ ...filters.value, sort })), { replace: true });
}

function SortHeader({ sort, className, children }: { sort: Sort; className: string; children: string }) {
  const on = filters.value.sort === sort && !filters.value.q;
  return (
    <span role="columnheader" class={className} aria-sort={on ? "descending" : "none"}>
      <button type="button" class={on ? "on" : ""} onClick={() => sortBy(sort)}>{children}</button>
    </span>
  );
}

function Head() {
  const some = selected.value.size > 0;
  const all = some && selected.value.size >= rows.value.length;
  const tick = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (tick.current) tick.current.indeterminate = some && !all;
  });
  return (
    <div role="rowgroup" class="table-head">
      <div role="row" class="row" aria-rowindex={1}>
        <span role="columnheader" class="cell-tick">
          <input ref={tick} type="checkbox" aria-label="Select all that are loaded" checked={all} onClick={() => (some ? clear() : selectAll())} />
        </span>
        <span role="columnheader" class="cell-status"><span class="hidden">Status</span></span>
        <span role="columnheader" class="cell-title">Issue</span>
        <SortHeader sort="trend" className="cell-trend">14 days</SortHeader>
        <SortHeader sort="size" className="cell-count">Reports</SortHeader>
        <span role="columnheader" class="cell-sources">Sources</span>
        <span role="columnheader" class="cell-cohesion">Cohesion</span>
        <SortHeader sort="created" className="cell-first">First seen</SortHeader>
        <SortHeader sort="recent" className="cell-last">Last seen</SortHeader>
      </div>
    </div>
  );
}

export function IssueTable() {
  const view = useRef<HTMLDivElement>(null);
  const scrollTop = useSignal(leftAt);
  const viewHeight = useSignal(window.innerHeight);
  const height = useSignal(rowHeight());
  const n = length.value;

  useLayoutEffect(() => {
    const element = view.current as HTMLDivElement;
    element.scrollTop = leftAt;
    const watch = new ResizeObserver(() => {
      viewHeight.value = element.clientHeight;
      height.value = rowHeight();
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, []);

  // The active row is kept in sight, and has the focus where the list has it.
  useLayoutEffect(() => {
    const element = view.current;
    if (!element || activeIndex.value < 0) return;
    const to = scrollTo(activeIndex.value, element.scrollTop, element.clientHeight, height.value);
    if (to !== element.scrollTop) element.scrollTop = to;
  }, [active.value]);
  useEffect(() => {
    const focused = document.activeElement;
    if (!active.value || (focused !== document.body && !focused?.closest(".rows-view"))) return;
    if (focused instanceof HTMLInputElement) return; // a tick box was clicked
    document.getElementById(rowId(active.value))?.focus({ preventScroll: true });
  }, [active.value, rows.value]);

  const { from, to } = rangeOf(scrollTop.value, viewHeight.value, height.value, n, SPARE);
  useEffect(() => need(Math.min(n, to + AHEAD)), [to, n, phase.value, rows.value.length]);

  const drawn = new Set(Array.from({ length: to - from }, (_, i) => from + i));
  if (activeIndex.value >= 0) drawn.add(activeIndex.value); // so that the focus is not lost
  return (
    <div role="table" class="table" aria-label="Issues" aria-rowcount={n + 1} aria-busy={phase.value === "loading"}>
      <Head />
      <div role="rowgroup" class="rows-view" ref={view} onScroll={(e) => (leftAt = scrollTop.value = e.currentTarget.scrollTop)}>
        <div role="presentation" class="rows" style={{ height: `${n * height.value}px` }}>
          {[...drawn].sort((a, b) => a - b).map((i) => {
            const row = rows.value[i];
            const top = i * height.value;
            if (!row) return <RowToCome key={`to-come-${i}`} top={top} />;
            const { id } = row.cluster;
            return <IssueRow key={id} row={row} index={i} top={top} isActive={id === active.value} isSelected={selected.value.has(id)} />;
          })}
        </div>
      </div>
    </div>
  );
}
