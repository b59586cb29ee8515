import type { Cluster, Source } from "../api/contract";
import { plural, SOURCE } from "../lib/words";

const MARKS: Record<Source, string> = {
  manual: "M", reddit: "R", sentry: "S", github: "G", datadog: "D", posthog: "P", splunk: "Sp", generic: "O", form: "F",
};

export function SourceMark({ source, title }: { source: Source; title?: string }) {
  return <span class={`source source-${source}`} title={title ?? SOURCE[source]} aria-hidden="true">{MARKS[source]}</span>;
}

/** Where an issue's reports come from; most first. */
export function Sources({ cluster }: { cluster: Cluster }) {
  const rows = [...cluster.sources].sort((a, b) => (cluster.source_counts[b] ?? 0) - (cluster.source_counts[a] ?? 0));
  const words = rows.map((s) => `${plural(cluster.source_counts[s] ?? 0, "report")} from ${SOURCE[s]}`).join(", ");
  return (
    <span class="sources" title={words}>
      {rows.slice(0, 5).map((s) => <SourceMark key={s} source={s} title="" />)}
      <span class="hidden">{words}</span>
    </span>
  );
}
