// What the point under the mouse is: its issue at once, its own words a moment later.
import { useEffect, useState } from "preact/hooks";
import type { Feedback } from "../../api/contract";
import { call } from "../../api/client";
import { plural, SOURCE } from "../../lib/words";
import { address } from "../../router";
import { SourceMark } from "../../ui/sources";
import { StatusMark } from "../../ui/status";
import { Ago } from "../../ui/time";
import { here, size } from "./camera";
import { hovered } from "./chosen";
import { map } from "./data";
import { toScreenX, toScreenY } from "./view";

const DWELL_MS = 120;
const KEPT = 200;
const WIDTH = 320;
const TALL = 170;
const known = new Map<string, Feedback>();

function useReport(id: string | undefined): Feedback | null {
  const [report, setReport] = useState<Feedback | null>(null);
  useEffect(() => {
    setReport(known.get(id ?? "") ?? null);
    if (!id || known.has(id)) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      call("getFeedback", { path: { id }, signal: abort.signal }).then(
        (f) => {
          if (known.size >= KEPT) known.clear();
          known.set(id, f);
          setReport(f);
        },
        () => undefined, // the issue is named already; the page says by itself when the server is gone
      );
    }, DWELL_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [id]);
  return report;
}

export function HoverCard() {
  const m = map.value;
  const i = hovered.value;
  const report = useReport(m?.ids[i]);
  const issue = m?.issues[m.issueOf[i] ?? -1];
  if (!m || !issue) return null;
  const x = toScreenX(here(), size.value, m.dots.x[i] as number);
  const y = toScreenY(here(), size.value, m.dots.y[i] as number);
  const left = Math.max(8, Math.min(size.value.width - WIDTH - 8, x + 14));
  const top = y + TALL > size.value.height ? Math.max(8, y - TALL) : y + 14;
  return (
    <div class="map-card" style={{ transform: `translate(${left}px, ${top}px)` }} aria-hidden="true">
      <p class="map-card-issue"><StatusMark status={issue.status} /><a href={address(`/issues/${issue.id}`)} tabIndex={-1}>{issue.title || "(no title)"}</a></p>
      <p class="dim">{plural(issue.count, "report")}</p>
      {report && (
        <>
          <p class="map-card-report"><SourceMark source={report.source} /><b>{report.title || "(no title)"}</b></p>
          <p class="map-card-body dim">{report.body}</p>
          <p class="dim">{SOURCE[report.source]}, <Ago at={report.created_at} suffix=" ago" /></p>
        </>
      )}
    </div>
  );
}
