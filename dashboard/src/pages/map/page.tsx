// The map: every report a point, near others that are like it, in the colour of its issue.
import { useEffect } from "preact/hooks";
import { listen } from "../../api/events";
import { findIssues } from "../../api/find";
import { wasAborted } from "../../api/client";
import { useKeys } from "../../lib/keys";
import { count, plural } from "../../lib/words";
import { go, query } from "../../router";
import { healed } from "../../state/connection";
import { project } from "../../state/project";
import { complain } from "../../state/toast";
import { Icon, type IconName } from "../../ui/icons";
import { Empty, Failed, Skeleton } from "../../ui/states";
import { filters } from "../issues/list";
import { FilterBar } from "../issues/toolbar";
import { showAll, view, zoomBy } from "./camera";
import { MapCanvas } from "./canvas";
import { HoverCard } from "./card";
import { found, hovered, lookTo, release, tool, type Tool } from "./chosen";
import { failure, forget, load, map, onEvent, stale } from "./data";
import { mapKeys } from "./keys";
import { Side, WhereTo } from "./side";
import "./map.css";

const AGAIN_MS = 4000;
const HITS = 100;

const reload = () => void load(filters.value);
let shownFor = "";

function begin(): void {
  const subject = project.value?.id ?? "";
  if (shownFor !== subject) {
    forget();
    release();
    view.value = null;
  }
  shownFor = subject;
  reload();
}

/** Lights up what a search finds. */
function useSearch(q: string): void {
  useEffect(() => {
    found.value = null;
    if (!q.trim()) return;
    const abort = new AbortController();
    findIssues(q, {}, HITS, abort.signal).then(
      (hits) => (found.value = new Set(hits.map((hit) => hit.cluster.id))),
      (error) => wasAborted(error) || complain("The search failed", error),
    );
    return () => abort.abort();
  }, [q]);
}

const TOOLS: { tool: Tool; icon: IconName; label: string; hotkey: string }[] = [
  { tool: "pan", icon: "hand", label: "Move the map", hotkey: "h" },
  { tool: "lasso", icon: "lasso", label: "Catch with a lasso", hotkey: "l" },
  { tool: "box", icon: "box", label: "Catch with a box", hotkey: "b" },
];

function Tools() {
  return (
    <div class="map-tools" role="toolbar" aria-label="Map tools" aria-orientation="vertical">
      {TOOLS.map((t) => (
        <button key={t.tool} type="button" class="icon-button" aria-pressed={tool.value === t.tool} aria-label={t.label} title={`${t.label} (${t.hotkey})`}
          onClick={() => (tool.value = t.tool)}><Icon name={t.icon} /></button>
      ))}
      <hr />
      <button type="button" class="icon-button" aria-label="Closer" title="Closer (+)" onClick={() => zoomBy(1.5)}><Icon name="plus" /></button>
      <button type="button" class="icon-button" aria-label="Farther" title="Farther (-)" onClick={() => zoomBy(1 / 1.5)}><Icon name="minus" /></button>
      <button type="button" class="icon-button" aria-label="Show everything" title="Show everything (0)" onClick={showAll}><Icon name="whole" /></button>
    </div>
  );
}

function Nothing() {
  const m = map.value;
  if (m && !m.drawn && m.undrawn > 0 && !m.draws) {
    return (
      <Empty icon="map" title="This server draws no map">
        It was started with <code>--tidy-ms 0</code>, which switches off looking at all reports together, and drawing them. Start it without that option.
      </Empty>
    );
  }
  if (m && !m.drawn && m.undrawn > 0) {
    return <Empty icon="map" title="The map is being drawn">{plural(m.undrawn, "report")} are laid out in idle time; it shows here by itself.</Empty>;
  }
  if (query.value.size > (query.value.has("project_id") ? 1 : 0)) {
    return (
      <Empty icon="check" title="Nothing here">
        No report fits these filters. <button type="button" class="link-button" onClick={() => go("/map")}>Show the open issues</button>
      </Empty>
    );
  }
  return <Empty icon="inbox" title="No reports yet">Each report becomes a point here; those about the same thing lie together.</Empty>;
}

function Body() {
  const m = map.value;
  if (!m && failure.value) return <Failed what="The map could not be loaded" failure={failure.value} retry={reload} />;
  if (!m) return <Skeleton lines={12} />;
  if (!m.dots.n) return <Nothing />;
  return (
    <div class="map-body">
      <div class={`map-frame tool-${tool.value}`}>
        <MapCanvas of={m} />
        <Tools />
        <HoverCard />
      </div>
      <Side after={reload} />
    </div>
  );
}

function Heading() {
  const m = map.value;
  return (
    <header class="page-head">
      <h1>Map</h1>
      {m && m.dots.n > 0 && (
        <span class="dim" role="status">
          {plural(m.dots.n, "report")}{m.total > m.dots.n && filters.value.min < 2 && ` of ${count(m.total)}, the newest`}
          {m.undrawn > 0 && `; ${count(m.undrawn)} ${m.draws ? "still to be drawn" : "not drawn: this server draws no map (--tidy-ms 0)"}`}
        </span>
      )}
    </header>
  );
}

export function MapPage() {
  useEffect(() => {
    document.title = "Map - Soulcaster";
    const leave = listen(onEvent);
    const timer = setInterval(() => {
      if (!document.hidden && (stale.value || (map.value && map.value.undrawn > 0))) reload();
    }, AGAIN_MS);
    return () => {
      leave();
      clearInterval(timer);
      hovered.value = -1;
      lookTo(-1);
    };
  }, []);
  const { status, source, seen, min, q } = filters.value;
  useEffect(() => void (hovered.value = -1), [map.value]);
  useEffect(begin, [project.value?.id, status.join(), source, seen, min, healed.value]);
  useSearch(q);
  useKeys(mapKeys(reload));
  return (
    <div class="map-page">
      <Heading />
      <FilterBar label="Filter the map" />
      <Body />
      <WhereTo after={reload} />
    </div>
  );
}
