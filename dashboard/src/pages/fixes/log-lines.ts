// Lines of a log out of its rows.
import type { FixLogRow } from "../../api/contract";

export interface LogLine {
  stream: FixLogRow["stream"];
  at: string;
  text: string;
}

/** Puts the lines of a row after those that are there; a row may end in the middle of a line. Tells whether it did. */
export function addRow(lines: LogLine[], row: FixLogRow, isOpen: boolean): boolean {
  const parts = row.text.split("\n");
  const ends = parts.at(-1) === "";
  if (ends) parts.pop();
  const last = lines.at(-1);
  if (isOpen && last?.stream === row.stream && parts.length) lines[lines.length - 1] = { ...last, text: last.text + parts.shift() };
  for (const text of parts) lines.push({ stream: row.stream, at: row.at, text });
  return !ends;
}

/** Two parts of a log as one; `isOpen`: the first one ends in the middle of a line. */
export function joined(before: LogLine[], isOpen: boolean, after: LogLine[]): LogLine[] {
  const last = before.at(-1), next = after[0];
  if (!isOpen || !last || last.stream !== next?.stream) return before.concat(after);
  return [...before.slice(0, -1), { ...last, text: last.text + next.text }, ...after.slice(1)];
}
