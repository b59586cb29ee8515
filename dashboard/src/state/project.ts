// Which project is looked at: the one in the address, else the one looked at last, else one that has reports.
import { computed, signal } from "@preact/signals";
import type { Project, Stats } from "../api/contract";
import { call, useProject } from "../api/client";
import { hearAfter, restartEvents } from "../api/events";
import { query } from "../router";
import { recall, remember } from "./storage";
import { forgetSteps } from "./toast";

export const projects = signal<Project[]>([]);
export const project = signal<Project | null>(null);
export const stats = signal<Stats | null>(null);
export const total = computed(() => stats.value?.total_clusters ?? 0);

function find(idOrName: string | null): Project | undefined {
  return projects.value.find((p) => p.id === idOrName || p.name === idOrName);
}

async function firstWithReports(): Promise<Project | undefined> {
  for (const candidate of projects.value) {
    const numbers = await call("getStats", { query: { project_id: candidate.id } });
    if (numbers.total_feedback > 0) return candidate;
  }
  return find("default") ?? projects.value[0];
}

function choose(chosen: Project): void {
  if (project.value?.id === chosen.id) return;
  useProject(chosen.id);
  project.value = chosen;
  stats.value = null;
  forgetSteps();
  remember("project", chosen.id);
  restartEvents();
}

/** Loads the projects and chooses one. Throws a Failure. */
export async function loadProjects(): Promise<void> {
  const { items, last_event } = await call("listProjects", {});
  hearAfter(last_event);
  projects.value = items;
  const chosen = find(query.value.get("project_id")) ?? find(recall("project", "")) ?? (await firstWithReports());
  if (chosen) choose(chosen);
}

/** Another project, as the address now says. */
export function followAddress(): void {
  const chosen = find(query.value.get("project_id"));
  if (chosen) choose(chosen);
}

/** Numbers for the side bar; where they cannot be had, none are shown. */
export async function loadStats(): Promise<void> {
  const of = project.value?.id;
  const numbers = await call("getStats", {}).catch(() => null);
  if (numbers && of === project.value?.id) stats.value = numbers;
}
