// Issues near to one: what the pickers offer first.
import type { Cluster } from "./contract";
import { call } from "./client";
import { percent, plural } from "../lib/words";

const SHOWN = 8;
/** Below that the server's guesses are noise to a person. */
export const LIKELY = 0.15;

/** The nearest other issues with a word on each; what people keep apart is left out. */
export async function nearIssues(id: string): Promise<{ cluster: Cluster; note: string }[]> {
  const page = await call("listMergeCandidates", { path: { id }, query: { limit: SHOWN } });
  return page.items
    .filter((c) => !c.apart)
    .map(({ cluster, evidence }) => ({
      cluster,
      note: `${plural(cluster.count, "report")}${(evidence.probability ?? 0) < LIKELY ? "" : `, ${percent(evidence.probability ?? 0)} the same`}`,
    }));
}
