// A unified diff taken apart for the eye. Foreign text: whatever does not fit is shown as it stands.
import type { Fix } from "../../api/contract";

export type LineKind = "file" | "meta" | "hunk" | "add" | "remove" | "same";

export interface PatchLine {
  kind: LineKind;
  text: string;
  /** Line numbers before and after; 0: it has none. */
  old: number;
  new: number;
  /** The rules that it breaks. */
  findings: Fix["findings"];
}

export interface PatchFile {
  path: string;
  added: number;
  removed: number;
  /** Its first line in `lines`. */
  at: number;
}

export interface Patch {
  lines: PatchLine[];
  files: PatchFile[];
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** "a/src/x.c" -> "src/x.c"; git's quotes are left to be seen. */
const bare = (name: string) => name.replace(/^"?[ab]\//, "").replace(/\t.*$/, "");

class Reader {
  readonly lines: PatchLine[] = [];
  readonly files: PatchFile[] = [];
  private old = 0;
  private now = 0;
  /** Lines of the hunk that are still to come: only inside a hunk does "-" or "+" mean something. */
  private oldLeft = 0;
  private newLeft = 0;

  constructor(private readonly findings: Fix["findings"]) {}

  private put(kind: LineKind, text: string, oldNo = 0, newNo = 0): void {
    const path = this.files.at(-1)?.path;
    const findings = newNo ? this.findings.filter((f) => f.line === newNo && f.path === path) : [];
    this.lines.push({ kind, text, old: oldNo, new: newNo, findings });
  }

  private inHunk(text: string): void {
    const file = this.files.at(-1);
    const sign = text[0];
    if (sign === "\\") return this.put("meta", text);
    if (sign === "+") {
      if (file) file.added++;
      this.newLeft--;
      return this.put("add", text, 0, this.now++);
    }
    if (sign === "-") {
      if (file) file.removed++;
      this.oldLeft--;
      return this.put("remove", text, this.old++, 0);
    }
    this.oldLeft--;
    this.newLeft--;
    this.put("same", text, this.old++, this.now++);
  }

  take(text: string): void {
    if (this.oldLeft > 0 || this.newLeft > 0) return this.inHunk(text);
    const hunk = HUNK.exec(text);
    if (hunk) {
      [this.old, this.now] = [Number(hunk[1]), Number(hunk[3])];
      [this.oldLeft, this.newLeft] = [Number(hunk[2] ?? 1), Number(hunk[4] ?? 1)];
      return this.put("hunk", text);
    }
    if (text.startsWith("diff --git ")) {
      const name = / "?b\/(.*?)"?$/.exec(text)?.[1] ?? text.slice(11);
      this.files.push({ path: name, added: 0, removed: 0, at: this.lines.length });
      return this.put("file", name);
    }
    const file = this.files.at(-1);
    if (file && text.startsWith("+++ ") && text !== "+++ /dev/null") file.path = bare(text.slice(4));
    this.put("meta", text);
  }
}

export function readPatch(text: string, findings: Fix["findings"]): Patch {
  const reader = new Reader(findings);
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const line of lines) reader.take(line);
  return { lines: reader.lines, files: reader.files };
}
