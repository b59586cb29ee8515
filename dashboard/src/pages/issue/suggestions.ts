// What the grouping suggests about the issue: others that may be the same, and reports that may not belong into it.
import { computed, signal } from "@preact/signals";
import type { Cluster, Evidence, MergeCandidate, Suggestion } from "../../api/contract";
import { asFailure, call, type Failure } from "../../api/client";
import { LIKELY } from "../../api/near";

/** Another issue that may be the same. */
export interface Near {
  id: string;
  title: string;
  count: number;
  evidence: Evidence;
  terms: string[];
  /** Titles of the two most alike reports: ours, and the other issue's. */
  nearest: [ours: string, theirs: string] | null;
  /** What a language model said of the pair. */
  judged: Suggestion["judged"];
}

const ASKED = 8;

const near = signal<Near[] | null>(null);
/** Reports that would leave, with the reason. */
export const splits = signal<Suggestion[]>([]);
export const failure = signal<Failure | null>(null);
export const known = computed(() => near.value !== null);
export const same = computed(() => near.value?.filter((n) => n.count > 1) ?? []);
/** Issues of one report, which did not quite make it into this one. */
export const lone = computed(() => near.value?.filter((n) => n.count === 1) ?? []);
export const nearest = computed(() => near.value ?? []);

let wanted = "";

function ofSuggestion(s: Suggestion, id: string): Near {
  const older = s.cluster_id === id; // then the suggestion is told from our side
  return {
    id: older ? (s.other_id ?? "") : s.cluster_id,
    title: older ? (s.other_title ?? "") : s.title,
    count: older ? s.other_count : s.count,
    evidence: s.evidence,
    terms: s.shared_terms,
    nearest: older ? [s.here.title, s.there.title] : [s.there.title, s.here.title],
    judged: s.judged,
  };
}

const ofCandidate = ({ cluster, evidence }: MergeCandidate): Near => ({
  id: cluster.id, title: cluster.title, count: cluster.count, evidence, terms: [], nearest: null, judged: undefined,
});

export async function loadSuggestions(of: Cluster): Promise<void> {
  if (wanted !== of.id) {
    near.value = null;
    splits.value = [];
  }
  wanted = of.id;
  failure.value = null;
  try {
    const [suggested, candidates] = await Promise.all([
      call("analyzeClusters", { query: { cluster_id: of.id } }),
      call("listMergeCandidates", { path: { id: of.id }, query: { limit: ASKED } }),
    ]);
    if (wanted !== of.id) return;
    const merges = suggested.items.filter((s) => s.action === "merge").map((s) => ofSuggestion(s, of.id));
    const told = new Set(merges.map((m) => m.id));
    const others = candidates.items.filter((c) => !c.apart && !told.has(c.cluster.id) && (c.evidence.probability ?? 0) >= LIKELY).map(ofCandidate);
    near.value = [...merges, ...others].sort((a, b) => (b.evidence.probability ?? 0) - (a.evidence.probability ?? 0)).slice(0, ASKED);
    splits.value = suggested.items.filter((s) => s.action === "split");
  } catch (error) {
    if (wanted === of.id) failure.value = asFailure(error);
  }
}
