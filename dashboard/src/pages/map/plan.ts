// How caught reports of several issues become one, or one each: as few corrections as do it. Plain functions.

export interface Part {
  id: string;
  /** The issue's reports in all. */
  count: number;
  /** Those of them that are meant. */
  reports: string[];
}

export type Step =
  /** Reports leave their issue for a new one. */
  | { do: "split"; from: string; reports: string[] }
  /** Whole issues end in another one; into null: the one that the first step made. */
  | { do: "merge"; into: string | null; issues: string[] }
  | { do: "move"; into: string | null; reports: string[] };

const isWhole = (p: Part) => p.reports.length >= p.count;

function gather(parts: Part[], into: string | null): Step[] {
  const whole = parts.filter(isWhole).map((p) => p.id);
  const some = parts.filter((p) => !isWhole(p)).flatMap((p) => p.reports);
  return [
    ...(whole.length ? [{ do: "merge", into, issues: whole } as const] : []),
    ...(some.length ? [{ do: "move", into, reports: some } as const] : []),
  ];
}

/** All of them as one issue; none of their issues loses its name that keeps reports. Empty: that is an issue already. */
export function intoOne(parts: Part[]): Step[] {
  const base = parts.filter((p) => !isWhole(p)).sort((a, b) => b.reports.length - a.reports.length)[0];
  if (base) return [{ do: "split", from: base.id, reports: base.reports }, ...gather(parts.filter((p) => p !== base), null)];
  const biggest = [...parts].sort((a, b) => b.count - a.count)[0];
  return biggest ? gather(parts.filter((p) => p !== biggest), biggest.id) : [];
}

/** Into an issue that is there. */
export const intoIssue = (parts: Part[], into: string): Step[] => gather(parts.filter((p) => p.id !== into), into);

/** What is meant of each issue becomes an issue of its own. */
export const splitEach = (parts: Part[]): Step[] => parts.filter((p) => !isWhole(p)).map((p) => ({ do: "split", from: p.id, reports: p.reports }));
