import assert from "node:assert/strict";
import { test } from "node:test";
import type { FixConfig, FixLogRow } from "../src/api/contract";
import { span } from "../src/lib/time";
import { clipLine, piecesOf } from "../src/lib/visible";
import { fits, read } from "../src/pages/fixes/filters";
import { addRow, joined, type LogLine } from "../src/pages/fixes/log-lines";
import { readPatch } from "../src/pages/fixes/patch";
import { money } from "../src/pages/fixes/words";
import { configOf, valuesOf } from "../src/pages/settings/fix-fields";

test("what cannot be seen is named, wherever it stands", () => {
  const shown = (text: string) => piecesOf(text).map((p) => (p.unseen ? `<${p.text}>` : p.text)).join("");
  assert.equal(shown("a\u202egpj.exe"), "a<U+202E>gpj.exe");
  assert.equal(shown("\x1b[31mred\x1b[0m\r"), "<U+001B>[31mred<U+001B>[0m<U+000D>");
  assert.equal(shown("\u200b\ufeff\u2066x\u2069\u{e0041}"), "<U+200B><U+FEFF><U+2066>x<U+2069><U+E0041>");
  assert.equal(shown("tab\tand ünïcödé 日本 🙂"), "tab\tand ünïcödé 日本 🙂");
  assert.deepEqual(piecesOf(""), []);
});

test("a long line is cut, never through a character", () => {
  assert.deepEqual(clipLine("abc", 3), { text: "abc", more: 0 });
  assert.deepEqual(clipLine("abcd", 3), { text: "abc", more: 1 });
  assert.deepEqual(clipLine("ab🙂d", 3), { text: "ab", more: 3 });
});

test("a log's rows become lines: one may go on where the row before ended", () => {
  const lines: LogLine[] = [];
  let isOpen = false;
  const rows: [FixLogRow["stream"], string][] = [["step", "begins\n"], ["agent", "one\ntw"], ["agent", "o\n\n"], ["agent", "thr"], ["step", "ends\n"]];
  rows.forEach(([stream, text], i) => (isOpen = addRow(lines, { seq: i + 1, at: "", stream, text }, isOpen)));
  assert.deepEqual(lines.map((l) => `${l.stream}:${l.text}`), ["step:begins", "agent:one", "agent:two", "agent:", "agent:thr", "step:ends"]);
});

test("older lines of a log go in front, and a line that a page cut is one again", () => {
  const line = (stream: FixLogRow["stream"], text: string): LogLine => ({ stream, at: "", text });
  const after = [line("agent", "two"), line("agent", "three")];
  const texts = (lines: LogLine[]) => lines.map((l) => l.text);
  assert.deepEqual(texts(joined([line("agent", "one")], false, after)), ["one", "two", "three"]);
  assert.deepEqual(texts(joined([line("agent", "twenty-")], true, after)), ["twenty-two", "three"]);
  assert.deepEqual(texts(joined([line("step", "begins")], true, after)), ["begins", "two", "three"]);
  assert.deepEqual(texts(joined([], true, after)), ["two", "three"]);
});

const PATCH = `diff --git a/src/a.c b/src/a.c
index 1111111..2222222 100644
--- a/src/a.c
+++ b/src/a.c
@@ -10,3 +10,4 @@ int f(void)
 same
--- looks like a head, is a removed line
+++ looks like a head, is an added one
+second
 last
diff --git a/new.txt b/new.txt
new file mode 100644
--- /dev/null
+++ b/new.txt
@@ -0,0 +1 @@
+x
\\ No newline at end of file
`;

test("a patch is taken apart: files, numbers of lines, and the line that breaks a rule", () => {
  const findings = [{ rule: "secret", path: "src/a.c", line: 12, words: "looks like a key" }];
  const { lines, files } = readPatch(PATCH, findings);
  assert.deepEqual(files, [{ path: "src/a.c", added: 2, removed: 1, at: 0 }, { path: "new.txt", added: 1, removed: 0, at: 10 }]);
  const numbered = lines.filter((l) => l.old || l.new).map((l) => [l.kind, l.old, l.new, l.findings.length]);
  assert.deepEqual(numbered, [["same", 10, 10, 0], ["remove", 11, 0, 0], ["add", 0, 11, 0], ["add", 0, 12, 1], ["same", 12, 13, 0], ["add", 0, 1, 0]]);
  assert.equal(lines.at(-1)?.kind, "meta");
});

test("what is no patch is shown as it stands", () => {
  assert.deepEqual(readPatch("hello\n<b>\n", []).lines.map((l) => [l.kind, l.text]), [["meta", "hello"], ["meta", "<b>"]]);
  assert.deepEqual(readPatch("", []), { lines: [], files: [] });
  assert.equal(readPatch("@@ -1,999999 +1,999999 @@\n+x", []).lines.length, 2);
});

test("filters that mean nothing are none", () => {
  const f = read(new URLSearchParams("state=nonsense&pr=open&cost=0.5&took=7"));
  assert.deepEqual(f, { state: "", pull: "open", agent: "", cost: 0.5, took: 0 });
  const fix = { agent: "claude", cost: { usd: 0.6 }, started_at: null, ended_at: null } as unknown as Parameters<typeof fits>[0];
  assert.ok(fits(fix, f, 0));
  assert.ok(!fits(fix, { ...f, cost: 1 }, 0));
  assert.ok(!fits(fix, { ...f, agent: "codex" }, 0));
});

test("money and time are short", () => {
  assert.deepEqual([0, 0.001, 0.0123, 12].map(money), ["$0", "< $0.01", "$0.01", "$12.00"]);
  assert.deepEqual([-5, 12, 1500, 119_000, 600_000, 7_200_000].map(span), ["0 ms", "12 ms", "1.5 s", "119.0 s", "10 min", "2 h"]);
});

test("settings go into the form and come out of it as they were", () => {
  const config: FixConfig = {
    enabled: true, forge: "local", repository: "demo", base_branch: "", agent: "custom", command: ["sh", "-c", "true"], model: "", steps: 60, setup_command: "",
    test_command: "make check\n", hosts: ["pypi.example:443"], test_hosts: true, allow: [], deny: ["docs/**"], rules_off: ["lock"], max_files: 20, max_lines: 1000, max_patch_bytes: 262144,
    max_minutes: 30, max_usd: 2, max_tokens: 3000000, max_day_usd: 20, concurrency: 1, output: "pull_request", draft: true, labels: ["bot"],
    policy: { enabled: false, min_reports: 5, min_cohesion: 0.7, max_a_day: 3, max_open: 3 },
  };
  assert.deepEqual(configOf(valuesOf(config)), config);
  const { max_usd: _, ...without } = config;
  assert.deepEqual(configOf({ ...valuesOf(config), max_usd: " " }), without);
});
