// What is wrong, in words, and what to do about it: rules over what the server says of itself.
import type { Answer } from "../../api/client";
import type { SourceState, System } from "../../api/contract";
import { count, plural } from "../../lib/words";

export type Level = "good" | "note" | "bad";
export interface Check {
  name: string;
  level: Level;
  says: string;
  todo?: string;
  link?: { to: string; words: string };
}

export type Health = Answer<"getApiHealth">;
export interface Facts {
  health: Health;
  status: Answer<"getClusteringStatus">;
  system: System;
  sources: SourceState[];
  dead: number;
}

const GIB = 1024 ** 3;
const LOW_BYTES = 1 * GIB;
const FULL_BYTES = 0.1 * GIB;
const RECENT_MS = 24 * 3_600_000;

export function bytes(n: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const at = n < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(n) / Math.log(1024)));
  return `${(n / 1024 ** at).toLocaleString(undefined, { maximumFractionDigits: at < 2 ? 0 : 1 })} ${units[at]}`;
}

/** All that can be said when the server is not well enough to say more. */
export function store({ health }: Pick<Facts, "health">): Check {
  const name = "Store";
  if (health.status === "draining") return { name, level: "note", says: "The server is shutting down." };
  if (health.store === "ok") return { name, level: "good", says: "It takes writes." };
  return { name, level: "bad", says: `It cannot take writes: ${health.detail ?? "the log says why"}.`, todo: "Look at the disk and at the rights of the data folder; `soulcaster doctor` checks both. Senders are told to try again meanwhile." };
}

function disk({ system: { store: s } }: Facts): Check {
  const name = "Disk";
  if (s.free_bytes < 0) return { name, level: "note", says: "How much is free is not known." };
  const says = `${bytes(s.free_bytes)} free; the store takes ${bytes(s.bytes)}.`;
  if (s.free_bytes >= LOW_BYTES) return { name, level: "good", says };
  return { name, level: s.free_bytes < FULL_BYTES ? "bad" : "note", says, todo: "Make room, or new reports will be refused with 503." };
}

function grouping({ status, health }: Facts): Check {
  const name = "Grouping";
  const n = status.pending_unclustered;
  if (n && !status.is_clustering && health.uptime_s > 60 && !status.embedder.reason) {
    return { name, level: "note", says: `${plural(n, "report")} ${n === 1 ? "waits" : "wait"}, and nothing is grouping them just now.`, todo: "If that stays so, see that a worker runs: `soulcaster worker`, or `serve` without `--no-worker`.", link: { to: "/work", words: "Work" } };
  }
  return { name, level: "good", says: n ? `${plural(n, "report")} ${n === 1 ? "waits" : "wait"}; grouping is at work.` : `Nothing waits; ${plural(status.indexed.reports ?? 0, "report")} in ${plural(status.indexed.clusters ?? 0, "issue")}.` };
}

function parked({ status }: Facts): Check | null {
  if (!status.parked) return null;
  return { name: "Inbox", level: "note", says: `${plural(status.parked, "report")} could not be grouped.`, todo: `See why, and put ${status.parked === 1 ? "it where it belongs" : "them where they belong"}.`, link: { to: "/inbox", words: "Inbox" } };
}

function given({ dead }: Facts): Check {
  if (!dead) return { name: "Work", level: "good", says: "Nothing was given up." };
  return { name: "Work", level: "bad", says: `${plural(dead, "job")} given up.`, todo: `Read the reason, then try again or drop ${dead === 1 ? "it" : "them"}.`, link: { to: "/work", words: "Work" } };
}

function embedder({ status }: Facts): Check {
  const { embedder: e, model, hint } = status;
  const name = "Embedder";
  const mended = e.without_vector ? ` ${plural(e.without_vector, "report")} grouped by words alone; mended when it answers.` : "";
  if (e.remote && e.capped) return { name, level: "note", says: `${model}: a cap of the day is reached.${mended}`, todo: "It goes on tomorrow (UTC). Raise the caps if that happens often." };
  if (e.remote && e.breaker !== "closed") return { name, level: "bad", says: `${model} is not asked: ${e.reason ?? "it failed several times"}.${mended}`, todo: "See that the service is up and that its key is good. Reports are grouped by words and stacks meanwhile." };
  if (e.degraded) return { name, level: "note", says: `${model} works.${mended}` };
  return { name, level: "good", says: `${model} works${e.remote ? `; ${count(e.today?.requests ?? 0)} requests today` : ""}.`, ...(hint ? { todo: hint } : {}) };
}

function llm({ status }: Facts): Check | null {
  const m = status.llm;
  if (!m) return null;
  const name = "Language model";
  if (!m.degraded) return { name, level: "good", says: `${m.model} works${m.due ? "; issues wait for its words" : ""}.` };
  return { name, level: "note", says: `${m.model} is not asked: ${m.reason ?? (m.capped ? "a cap of the day is reached" : "it failed several times")}. Titles and summaries are taken from the reports.`, todo: m.capped ? "It goes on tomorrow (UTC)." : "See that the service is up and that its key is good." };
}

function model({ status }: Facts): Check | null {
  const m = status.remodel;
  if (!m) return null;
  const link = { to: "/settings", words: "Settings" };
  if (m.state === "failed") return { name: "Model", level: "bad", says: `The change to ${m.wanted} was given up: ${m.reason ?? "a dead letter says why"}.`, todo: "The old one goes on. Mend the cause and choose it again.", link };
  return { name: "Model", level: "note", says: `It is being changed to ${m.wanted}: ${count(m.done)} of ${count(m.total)} reports.`, link };
}

function refused({ sources }: Facts, now: number): Check {
  const name = "Sources";
  const recent = sources.filter((s) => s.refused && Date.parse(s.refused.at) > now - RECENT_MS);
  const link = { to: "/sources", words: "Sources" };
  if (!recent.length) return { name, level: "good", says: "Nothing was refused in the last 24 hours." };
  return { name, level: "note", says: `Deliveries were refused: ${recent.map((s) => `${s.source} (${s.refused?.detail})`).join("; ")}.`, todo: "See whether that was a stranger, or a secret that does not fit.", link };
}

/** All checks, worst first. */
export function checksOf(facts: Facts, now: number): Check[] {
  const all = [store(facts), disk(facts), grouping(facts), parked(facts), given(facts), embedder(facts), llm(facts), model(facts), refused(facts, now)];
  const order: Level[] = ["bad", "note", "good"];
  return all.filter((c): c is Check => c !== null).sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}
