// The address bar is the state: the path says which page, the query what of it.
import { computed, signal } from "@preact/signals";

const here = () => new URL(window.location.href);
const url = signal(here());

export const path = computed(() => url.value.pathname);
export const query = computed(() => url.value.searchParams);
/** "#part", of the page. */
export const hash = computed(() => url.value.hash);

window.addEventListener("popstate", () => (url.value = here()));

/** Goes to an address of the dashboard. `replace`: without a step in the history. */
export function go(address: string, how: { replace?: boolean } = {}): void {
  const next = new URL(address, window.location.origin);
  if (next.href === url.value.href) return;
  if (how.replace) history.replaceState(null, "", next);
  else history.pushState(null, "", next);
  url.value = next;
}

/** The present address with some of its query changed; null takes a parameter out. */
export function withQuery(changes: Record<string, string | null>): string {
  const params = new URLSearchParams(query.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") params.delete(name);
    else params.set(name, value);
  }
  return address(path.value, params);
}

/** A path with the parameters that every page keeps (the project). */
export function address(to: string, params: URLSearchParams = kept()): string {
  return params.size ? `${to}?${params}` : to;
}

function kept(): URLSearchParams {
  const params = new URLSearchParams();
  const project = query.value.get("project_id");
  if (project) params.set("project_id", project);
  return params;
}

/** Links inside the dashboard do not load the page anew. */
export function followLinks(): void {
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest("a");
    if (!link || link.target || link.origin !== window.location.origin || link.hasAttribute("data-leave")) return;
    event.preventDefault();
    go(link.href);
  });
}
