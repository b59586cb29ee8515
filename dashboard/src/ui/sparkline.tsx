import { plural } from "../lib/words";

const WIDTH = 84;
const HEIGHT = 22;
const GAP = 2;
const FULL = 3; // reports a day for a bar of full height, at least: one report is no peak

/** Reports a day, oldest first, as small bars. */
export function Sparkline({ days }: { days: number[] }) {
  const most = Math.max(FULL, ...days);
  const step = WIDTH / days.length;
  const sum = days.reduce((a, b) => a + b, 0);
  const bars = days.map((n, i) => {
    const height = n === 0 ? 1 : Math.max(3, (n / most) * HEIGHT);
    return `M${(i * step).toFixed(1)} ${HEIGHT}v${(-height).toFixed(1)}h${(step - GAP).toFixed(1)}v${height.toFixed(1)}z`;
  });
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img"
      aria-label={`${plural(sum, "report")} in ${days.length} days`}>
      <path d={bars.join("")} />
    </svg>
  );
}
