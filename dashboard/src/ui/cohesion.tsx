import type { Cluster } from "../api/contract";
import { percent } from "../lib/words";

const SAYS: Record<Cluster["cohesion"]["quality"] & string, string> = {
  single: "one report",
  tight: "its reports are very alike",
  moderate: "its reports are alike",
  loose: "its reports differ: it may hold two things",
  unknown: "how alike its reports are is not known yet",
};
const LEVEL = { single: 0, unknown: 0, loose: 1, moderate: 2, tight: 3 };

/** How alike an issue's reports are. */
export function Cohesion({ cluster, words = false }: { cluster: Cluster; words?: boolean }) {
  const { quality, mean } = cluster.cohesion;
  const measured = quality !== "single" && mean !== null;
  if (!measured && !words) return <span class="dim" title={SAYS[quality]}>–</span>;
  const says = measured ? `${percent(mean)} alike: ${SAYS[quality]}` : SAYS[quality];
  return (
    <span class={`cohesion ${quality}`} title={says}>
      {measured && <span class="bars" aria-hidden="true">{[1, 2, 3].map((i) => <i key={i} class={i <= LEVEL[quality] ? "on" : ""} />)}</span>}
      {words && measured ? `${quality}, ${percent(mean)}` : words ? says : quality}
    </span>
  );
}
