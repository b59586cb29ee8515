import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { listen } from "../../api/events";
import { batched } from "../../lib/debounce";
import { useKeys } from "../../lib/keys";
import { count, plural } from "../../lib/words";
import { address, go, query } from "../../router";
import { openImport, openNewReport } from "../../shell/overlays";
import { connection, healed } from "../../state/connection";
import { loadStats, project } from "../../state/project";
import { complain } from "../../state/toast";
import { Icon } from "../../ui/icons";
import { Empty, Failed, Skeleton } from "../../ui/states";
import { BulkBar } from "./bulk";
import { Questions } from "./dialogs";
import { LIST_KEYS } from "./keys";
import { empty, failure, filters, fresh, leave, load, onEvent, phase, rows, total } from "./list";
import { active, clear } from "./selection";
import { IssueTable, scrollListUp } from "./table";
import { Toolbar } from "./toolbar";

const soonStats = batched(loadStats, 1000);
let shownFor = "";

/** What the list is about: as long as it stays the same, coming back to the page finds it as it was. */
const subject = () => `${project.value?.id} ${query.value}`;

/** `stays`: the page was there before; what it shows stays in sight, dimmed, until the answer comes. Else there is nothing of
 * another filter or project. */
function begin(stays: boolean): void {
  if (shownFor === subject() && phase.value === "ready") {
    void load({ quiet: true });
    return;
  }
  if (!stays) empty();
  shownFor = subject();
  active.value = null;
  clear();
  scrollListUp();
  void load();
}

function loadFresh(): void {
  scrollListUp();
  void load({ quiet: true });
}

function Nothing() {
  const f = filters.value;
  if (f.q) return <Empty icon="search" title="Nothing found">No issue means this or holds these words, as the filters stand.</Empty>;
  if (query.value.size > (query.value.has("project_id") ? 1 : 0)) {
    return (
      <Empty icon="check" title="Nothing here">
        No issue fits these filters.{" "}
        <button type="button" class="link-button" onClick={() => go("/")}>Show the open ones</button>
      </Empty>
    );
  }
  return (
    <Empty icon="inbox" title="No open issues">
      <p>Reports become issues within a second of their arrival.</p>
      <p class="empty-acts">
        <button type="button" class="button primary" onClick={openNewReport}><Icon name="plus" />Write one<kbd>c</kbd></button>
        <button type="button" class="button" onClick={() => openImport()}><Icon name="upload" />Import files</button>
        <a class="button" href={address("/sources")}><Icon name="plug" />Connect a source</a>
      </p>
      <p>Or from a shell:</p>
      <pre><code>soulcaster ingest reports.jsonl --project {project.value?.name}</code></pre>
    </Empty>
  );
}

function Heading() {
  const n = filters.value.q ? rows.value.length : total.value;
  return (
    <header class="page-head">
      <h1>Issues</h1>
      {phase.value === "ready" && n >= 0 && <span class="dim" role="status">{filters.value.q ? `${count(n)} found` : plural(n, "issue")}</span>}
      {fresh.value.size > 0 && (
        <button type="button" class="pill" onClick={loadFresh}><Icon name="up" />{count(fresh.value.size)} new</button>
      )}
    </header>
  );
}

function Body() {
  if (phase.value === "failed" && failure.value) {
    return <Failed what="The issues could not be loaded" failure={failure.value} retry={() => void load()} />;
  }
  if (phase.value === "loading" && !rows.value.length) return <Skeleton lines={14} />;
  if (phase.value === "ready" && !rows.value.length) return <Nothing />;
  return <IssueTable />;
}

export function IssuesPage() {
  const isOpen = useRef(false);
  useLayoutEffect(() => {
    begin(isOpen.current); // before anything is drawn
    isOpen.current = true;
  }, [query.value.toString()]);
  useEffect(() => {
    document.title = "Issues - Soulcaster";
    const deafen = listen((event) => {
      onEvent(event);
      soonStats();
    });
    return () => {
      deafen();
      leave();
    };
  }, []);
  useEffect(() => {
    if (healed.value) void load({ quiet: true });
  }, [healed.value]);
  useEffect(() => {
    // Nothing is there that could jump away under the pointer.
    if (fresh.value.size && !rows.value.length && phase.value === "ready") void load({ quiet: true });
  }, [fresh.value]);
  useEffect(() => {
    if (failure.value && phase.value === "ready" && connection.value === "ok") complain("The list could not be loaded", failure.value);
  }, [failure.value]);
  useKeys(LIST_KEYS);
  return (
    <div class="issues-page">
      <Heading />
      <Toolbar />
      <Body />
      <BulkBar />
      <Questions />
    </div>
  );
}
