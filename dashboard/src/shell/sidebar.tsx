import { signal } from "@preact/signals";
import { PAGES, pageOf, type Page } from "../pages/pages";
import { Views } from "../pages/issues/views";
import { count, plural } from "../lib/words";
import { address, go, path, query } from "../router";
import { project, projects, stats } from "../state/project";
import { leave } from "../state/session";
import { nextTheme, theme } from "../state/theme";
import { helpIsOpen } from "../ui/help";
import { Icon } from "../ui/icons";

/** On a phone the side bar is over the page, and closed at first. */
export const sidebarIsOpen = signal(false);

const THEMES = { system: ["auto", "as the system"], light: ["sun", "light"], dark: ["moon", "dark"] } as const;

function ProjectChoice() {
  if (projects.value.length < 2) return <span class="project-name">{project.value?.name ?? ""}</span>;
  return (
    <select class="project-name" aria-label="Project" value={project.value?.id ?? ""}
      onChange={(event) => go(`/?project_id=${event.currentTarget.value}`)}>
      {projects.value.map((p) => <option key={p.id} value={p.id}>{p.name}</option>)}
    </select>
  );
}

/** From one page with the list's filters to another they stay as they are. */
function linkTo(page: Page): string {
  return page.filters && pageOf(path.value)?.page.filters ? address(page.path, query.value) : address(page.path);
}

function Brand() {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true" class="brand-mark">
      <rect width="32" height="32" rx="9" />
      <circle cx="11" cy="12" r="3.5" /><circle cx="21" cy="12" r="3.5" opacity=".65" /><circle cx="16" cy="21" r="3.5" opacity=".85" />
    </svg>
  );
}

/** Reports that wait for a person, as the inbox would show them. */
function Parked() {
  const n = stats.value?.parked ?? 0;
  return n > 0 ? <span class="number" title={`${plural(n, "report")} could not be grouped`}>{count(n)}</span> : null;
}

export function Sidebar() {
  const [icon, words] = THEMES[theme.value];
  const close = () => (sidebarIsOpen.value = false);
  return (
    <>
      <header class="topbar">
        <button type="button" class="icon-button" aria-label="Menu" aria-expanded={sidebarIsOpen.value}
          onClick={() => (sidebarIsOpen.value = !sidebarIsOpen.value)}>
          <Icon name="menu" />
        </button>
        <Brand />
        <b>Soulcaster</b>
      </header>
      <button type="button" class="shade" tabIndex={-1} aria-hidden="true" onClick={close} />
      <aside class="sidebar" onClick={(event) => (event.target as Element).closest("a") && close()}>
        <div class="brand"><Brand /><b>Soulcaster</b></div>
        <ProjectChoice />
        <nav aria-label="Pages">
          <ul>
            {PAGES.filter((p) => p.nav).map((p) => (
              <li key={p.path}>
                <a href={linkTo(p)} class="nav-link" aria-current={path.value === p.path ? "page" : undefined}>
                  <Icon name={p.nav?.icon ?? "issues"} />{p.nav?.label}
                  {p.path === "/inbox" && <Parked />}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <Views />
        <div class="sidebar-end">
          <button type="button" class="icon-button" aria-label={`Colours: ${words}`} title={`Colours: ${words} (T)`} onClick={nextTheme}>
            <Icon name={icon} />
          </button>
          <button type="button" class="icon-button" aria-label="Keyboard" title="Keyboard (?)" onClick={() => (helpIsOpen.value = true)}>
            <Icon name="help" />
          </button>
          <button type="button" class="icon-button" aria-label="Sign out" title="Sign out" onClick={() => void leave()}>
            <Icon name="leave" />
          </button>
        </div>
      </aside>
    </>
  );
}
