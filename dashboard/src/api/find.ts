// Issues by what was typed: by meaning and by words at once.
import type { Cluster, Operations } from "./contract";
import { call } from "./client";

export interface Found {
  cluster: Cluster;
  /** words: it holds them; meaning: it does not, but is about the same. */
  match: "meaning" | "words";
}

/** What is nearest first, then what only holds the words. `query` narrows the latter. */
export async function findIssues(q: string, query: Operations["listClusters"]["query"], limit: number, signal: AbortSignal): Promise<Found[]> {
  const [near, words] = await Promise.all([
    call("search", { query: { q, limit }, signal }),
    call("listClusters", { query: { ...query, q, limit }, signal }),
  ]);
  const holdsWords = new Set(words.items.map((c) => c.id));
  const seen = new Set(near.clusters.map((hit) => hit.cluster.id));
  return [
    ...near.clusters.map(({ cluster }): Found => ({ cluster, match: holdsWords.has(cluster.id) ? "words" : "meaning" })),
    ...words.items.filter((c) => !seen.has(c.id)).map((cluster): Found => ({ cluster, match: "words" })),
  ];
}
