// Foreign text made safe to look at: characters that cannot be seen, or that turn their neighbours round, are named.

export interface Piece {
  text: string;
  /** Stands for a character that one would not see. */
  unseen: boolean;
}

/** Longer lines are cut where they are shown. */
export const LINE_CHARS = 1000;

// Controls but tab, soft hyphen, zero width, direction marks and overrides, separators, joiners, byte order mark, tags.
const UNSEEN = /[\0-\x08\x0a-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;

const nameOf = (char: string) => `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(UNSEEN)) {
    if (match.index > at) pieces.push({ text: text.slice(at, match.index), unseen: false });
    pieces.push({ text: nameOf(match[0]), unseen: true });
    at = match.index + match[0].length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), unseen: false });
  return pieces;
}

/** The start of a line, and how many characters of it are left out. */
export function clipLine(line: string, most = LINE_CHARS): { text: string; more: number } {
  if (line.length <= most) return { text: line, more: 0 };
  const end = /[\ud800-\udbff]/.test(line[most - 1] ?? "") ? most - 1 : most; // no half of a pair
  return { text: line.slice(0, end), more: line.length - end };
}
