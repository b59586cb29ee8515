// A project's limits between the API and its forms: what is typed is text, and an empty field is the API's 0: no limit.
import type { Retention } from "../../api/contract";
import { count, plural } from "../../lib/words";

/** What counts against the limits at the moment. */
export interface Use {
  reports: number;
  fixes: number;
}

export interface Field {
  key: "requests_a_minute" | "max_reports" | "max_fixes_a_day";
  name: string;
  help: string;
  none: string;
  used?: (use: Use) => number;
  /** In front of how much that is. */
  now?: string;
  /** What it means that no more is allowed than there is. */
  full?: string;
}

export const FIELDS: Field[] = [
  { key: "requests_a_minute", name: "Requests a minute of each key", none: "as the server has it", help: "Of the keys of this project, and of people who signed in with one. Empty: what the server was started with." },
  { key: "max_reports", name: "Stored reports", none: "no limit", help: "Empty: no limit.", used: (use) => use.reports, now: "Stored now", full: "No more than there are now: new reports are refused until some are removed." },
  { key: "max_fixes_a_day", name: "Fixes started in a day (UTC)", none: "no limit", help: "Empty: no limit.", used: (use) => use.fixes, now: "Started today", full: "No more than there were today: none is started until midnight UTC." },
];

export const KEEP = "Days to keep the reports of closed issues";

export const textOf = (n: number | undefined) => (n ? String(n) : "");
export const numberOf = (text: string) => Number(text);

export const nameOf = (key: string) => (key === "keep_days" ? KEEP : FIELDS.find((f) => f.key === key)?.name ?? key);

/** Why the number may not be what is meant; empty: nothing to say. */
export const warning = ({ used, full = "" }: Field, n: number, use: Use) => (n > 0 && used && used(use) >= n ? full : "");

/** "412 reports of 37 issues". */
export const goes = ({ reports, issues }: Pick<Retention, "reports" | "issues">) => `${plural(reports, "report")} of ${plural(issues, "issue")}`;

/** The issues that are old enough and stay, with the reasons; empty: there are none. */
export function stays({ changed, fixed, tied }: Retention["kept"]): string {
  const reasons: [number, string][] = [
    [changed, "changed since"],
    [fixed, "with a fix under way or a pull request"],
    [tied, "tied to an open issue by what a person did"],
  ];
  const told = reasons.filter(([n]) => n > 0).map(([n, why]) => `${count(n)} ${why}`);
  return told.length ? `Closed issues that are as old and stay: ${told.join(", ")}.` : "";
}

/** Whether more may go with this number of days than before; 0 is for ever. */
export const isShorter = (days: number, before: number) => days > 0 && (before === 0 || days < before);
