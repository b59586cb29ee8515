import { DAY } from "../../lib/time";
import { plural } from "../../lib/words";

const WIDTH = 280;
const HEIGHT = 72;
const GAP = 4;

const utcDay = (at: number, how: Intl.DateTimeFormatOptions) => new Date(at).toLocaleDateString(undefined, { timeZone: "UTC", ...how });

/** Reports a day as bars, with a number on each for whoever points at it, and as a table for who cannot see it. */
export function Timeline({ days, lastDay }: { days: number[]; lastDay: number }) {
  const most = Math.max(1, ...days);
  const step = WIDTH / days.length;
  const rows = days.map((n, i) => ({ n, at: lastDay - (days.length - 1 - i) * DAY }));
  const short: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };
  return (
    <figure class="timeline">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        <line x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {rows.map(({ n, at }, i) => {
          const height = n === 0 ? 0 : Math.max(4, (n / most) * (HEIGHT - 4));
          return (
            <g key={at}>
              <rect class="bar" x={i * step + GAP / 2} y={HEIGHT - height} width={step - GAP} height={height} rx="2" />
              <rect class="catch" x={i * step} y="0" width={step} height={HEIGHT}>
                <title>{`${utcDay(at, short)}: ${plural(n, "report")}`}</title>
              </rect>
            </g>
          );
        })}
      </svg>
      <figcaption>
        <span>{utcDay(rows[0]?.at ?? lastDay, short)}</span>
        <span>most: {plural(most, "report")} a day</span>
        <span>{utcDay(lastDay, short)}</span>
      </figcaption>
      <table class="hidden">
        <caption>Reports a day (UTC)</caption>
        <tbody>{rows.filter((r) => r.n).map((r) => <tr key={r.at}><th scope="row">{utcDay(r.at, short)}</th><td>{r.n}</td></tr>)}</tbody>
      </table>
    </figure>
  );
}
