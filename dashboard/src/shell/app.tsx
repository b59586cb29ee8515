// The frame around all pages: side bar, connection, messages; and what has to be known before any page is of use.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { asFailure, type Failure } from "../api/client";
import { useKeys } from "../lib/keys";
import { pageOf } from "../pages/pages";
import { path, query } from "../router";
import { connection, healed } from "../state/connection";
import { followAddress, loadProjects, loadStats, project, projects } from "../state/project";
import { nextTheme } from "../state/theme";
import { undoLast } from "../state/toast";
import { Banner } from "../ui/banner";
import { Help, helpIsOpen } from "../ui/help";
import { DropZone } from "./drop";
import { openNewReport, Overlays } from "./overlays";
import { Sidebar, sidebarIsOpen } from "./sidebar";
import { Empty, Failed, Skeleton } from "../ui/states";
import { Toasts } from "../ui/toasts";

const failure = signal<Failure | null>(null);

async function begin(): Promise<void> {
  failure.value = null;
  try {
    await loadProjects();
  } catch (error) {
    failure.value = asFailure(error);
    // Nothing was on the page yet that a person could lose: straight to the form.
    if (failure.value.kind === "signed-out") {
      window.location.replace(`/login?next=${encodeURIComponent(window.location.pathname + window.location.search)}`);
    }
  }
}

function Content() {
  if (failure.value) return <Failed whole what="The dashboard could not start" failure={failure.value} retry={() => void begin()} />;
  if (!project.value) return <Skeleton lines={12} />;
  const found = pageOf(path.value);
  if (!found) {
    return (
      <Empty whole icon="search" title="There is no such page">
        <a href="/">To the issues</a>
      </Empty>
    );
  }
  const { component: Page } = found.page;
  return <Page key={`${project.value.id} ${path.value}`} {...found.values} />;
}

export function App() {
  const asked = query.value.get("project_id");
  useEffect(() => void begin(), []);
  useEffect(() => {
    if (projects.value.length) followAddress();
  }, [asked]);
  useEffect(() => {
    if (healed.value && !project.value) void begin();
  }, [healed.value]);
  useEffect(() => {
    if (project.value) void loadStats();
  }, [project.value?.id, healed.value]);
  useKeys([
    { keys: ["?"], help: "This list", run: () => (helpIsOpen.value = true) },
    { keys: ["c"], help: "New report", run: openNewReport },
    { keys: ["u", "ctrl+z"], help: "Undo the last change", run: undoLast },
    { keys: ["T"], help: "Light, dark, or as the system has it", run: nextTheme },
  ]);
  return (
    <div class={`app ${sidebarIsOpen.value ? "sidebar-open" : ""} ${connection.value}`}>
      <a class="skip" href="#content" data-leave>Skip to the content</a>
      <Sidebar />
      <div class="column">
        <Banner />
        <main id="content" tabIndex={0}>
          <Content />
        </main>
      </div>
      <Toasts />
      <Help />
      <Overlays />
      <DropZone />
    </div>
  );
}
