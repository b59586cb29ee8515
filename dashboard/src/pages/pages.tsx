// The pages. A new one: a row here, its folder beside, its path in api/openapi.yaml and its operation in
// SC_WEB_PAGES (src/web/handlers.h).
import type { ComponentType } from "preact";
import { lazy } from "../lib/lazy";
import type { IconName } from "../ui/icons";
import { IssuesPage } from "./issues/page";
import { IssuePage } from "./issue/page";

export interface Page {
  /** A segment ":name" is handed to the page as a property. */
  path: string;
  component: ComponentType<Record<string, string>>;
  /** In the side bar; none: not there. */
  nav?: { label: string; icon: IconName };
  /** It shows what the list's filters take; going from one such page to another keeps them. */
  filters?: boolean;
}

export const PAGES: Page[] = [
  { path: "/", component: IssuesPage, nav: { label: "Issues", icon: "issues" }, filters: true },
  { path: "/inbox", component: lazy(async () => (await import("./inbox/page")).InboxPage), nav: { label: "Inbox", icon: "inbox" } },
  { path: "/map", component: lazy(async () => (await import("./map/page")).MapPage), nav: { label: "Map", icon: "map" }, filters: true },
  { path: "/fixes", component: lazy(async () => (await import("./fixes/page")).FixesPage), nav: { label: "Fixes", icon: "fix" } },
  { path: "/sources", component: lazy(async () => (await import("./sources/page")).SourcesPage), nav: { label: "Sources", icon: "plug" } },
  { path: "/work", component: lazy(async () => (await import("./work/page")).WorkPage), nav: { label: "Work", icon: "work" } },
  { path: "/status", component: lazy(async () => (await import("./status/page")).StatusPage), nav: { label: "Health", icon: "pulse" } },
  { path: "/settings", component: lazy(async () => (await import("./settings/page")).SettingsPage), nav: { label: "Settings", icon: "gear" } },
  { path: "/issues/:id", component: IssuePage as Page["component"] },
  { path: "/fixes/:id", component: lazy(async () => (await import("./fixes/one")).FixPage as Page["component"]) },
];

/** The page of a path, and what its ":name" segments hold. */
export function pageOf(path: string): { page: Page; values: Record<string, string> } | null {
  const parts = path.split("/");
  for (const page of PAGES) {
    const wanted = page.path.split("/");
    if (wanted.length !== parts.length) continue;
    const values: Record<string, string> = {};
    const fits = wanted.every((segment, i) => {
      if (!segment.startsWith(":")) return segment === parts[i];
      values[segment.slice(1)] = decodeURIComponent(parts[i] ?? "");
      return parts[i] !== "";
    });
    if (fits) return { page, values };
  }
  return null;
}
