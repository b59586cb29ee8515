// Files that people bring: hostile shapes first.
import assert from "node:assert/strict";
import { test } from "node:test";
import { guess, lineOf, nameOfLine, timeOf } from "../src/pages/import/mapping";
import { Csv, delimiterOf, formatOf, recordsOf, type Rec } from "../src/pages/import/read";

async function all(text: string | Uint8Array, name = "x"): Promise<Rec[]> {
  const found: Rec[] = [];
  for await (const rec of recordsOf(new File([text], name), () => undefined)) found.push(rec);
  return found;
}

const line = (value: Record<string, unknown>, mapping = guess(Object.keys(value)), source: Parameters<typeof lineOf>[2] = null) => {
  const out = lineOf({ line: 1, raw: JSON.stringify(value), value }, mapping, source);
  return out.line ? (JSON.parse(out.line) as Record<string, unknown>) : out.wrong;
};

test("CSV in every cut into pieces is the same rows", () => {
  const text = 'a,b\r\n"x ""q"" ,\n y",2\r\n,\r\n"",3\n\n4,"5"';
  const rows = (pieces: string[]) => {
    const csv = new Csv(",");
    return [...pieces.flatMap((p) => [...csv.push(p)]), ...csv.end()].map((r) => [r.line, ...r.cells]);
  };
  const whole = rows([text]);
  assert.deepEqual(whole, [[1, "a", "b"], [2, 'x "q" ,\n y', "2"], [4, "", ""], [5, "", "3"], [7, "4", "5"]]);
  for (let cut = 1; cut < text.length; cut++) assert.deepEqual(rows([text.slice(0, cut), text.slice(cut)]), whole, `cut at ${cut}`);
});

test("a quote that is never closed costs its row, not the program", () => {
  const csv = new Csv(",");
  assert.deepEqual([...csv.push('a,"b\nc,d\n'), ...csv.end()].map((r) => r.cells), [["a", "b\nc,d\n"]]);
});

test("what a file is, is seen by its beginning", () => {
  assert.equal(formatOf('\uFEFF{"a":1}\n{"a":2}'), "ndjson");
  assert.equal(formatOf('{"items":[]}'), "json");
  assert.equal(formatOf('{\n "a": 1}'), "json");
  assert.equal(formatOf(" [1]"), "json");
  assert.equal(formatOf("id;title"), "csv");
  assert.equal(delimiterOf("a;b,c;d"), ";");
  assert.equal(delimiterOf("a\tb"), "\t");
});

test("wrong records have a line and a reason; the others go on", async () => {
  const rows = await all('{"a":1}\n\n[2]\n{broken\n{"a":3}');
  assert.deepEqual(rows.map((r) => [r.line, r.value ?? r.wrong?.slice(0, 8)]), [[1, { a: 1 }], [3, "not a JS"], [4, "not JSON"], [5, { a: 3 }]]);
  assert.deepEqual((await all('[{"a":1},7]')).map((r) => r.wrong), [undefined, "not a JSON object"]);
  assert.deepEqual((await all("a,b\n1,2,3\n4")).map((r) => r.value ?? r.wrong), ["3 cells, but the header names 2", { a: "4", b: "" }]);
  await assert.rejects(all("[1,"));
  assert.deepEqual(await all(""), []);
});

test("columns are known by the names that exports give them, once each", () => {
  assert.deepEqual(guess(["Issue key", "Summary", "Title", "Created_At", "Team"]), { "Issue key": "external_id", Summary: "metadata", Title: "title", Created_At: "created_at", Team: "metadata" });
});

test("times are UTC where no zone is named", () => {
  assert.equal(timeOf("2026-03-01 10:00"), "2026-03-01T10:00:00.000Z");
  assert.equal(timeOf("01.03.2026"), "2026-03-01T00:00:00.000Z");
  assert.equal(timeOf("2026-03-01T10:00:00+02:00"), "2026-03-01T08:00:00.000Z");
  assert.equal(timeOf(1793600000), "2026-11-02T06:13:20.000Z");
  assert.equal(timeOf("1793600000000"), "2026-11-02T06:13:20.000Z");
  for (const none of ["", "soon", "99.99.9999", -5, null, {}, "1e99"]) assert.equal(timeOf(none), null, String(none));
});

test("a record becomes a line with an id, and what is no field a detail", () => {
  const made = line({ Summary: "S", Body: "B", Created: "soon", url: "javascript:alert(1)", Team: "x", Empty: "" });
  assert.deepEqual(made, { source: "generic", title: "S", body: "B", external_id: (made as { external_id: string }).external_id, metadata: { Created: "soon", url: "javascript:alert(1)", Team: "x" } });
  assert.equal(line({ Team: "x" }), "neither a title nor a text: say above which column holds them");
  assert.deepEqual(line({ source: "reddit", payload: { kind: "t3" } }), { source: "reddit", payload: { kind: "t3" } });
  assert.deepEqual(line({ html_url: "h", number: 1 }, {}, "github"), { source: "github", payload: { html_url: "h", number: 1 } });
  assert.deepEqual(line({ title: "t", id: 7, source: "pigeon" }), { source: "generic", title: "t", external_id: "7", metadata: { source: "pigeon" } });
});

test("names of lines differ where the lines do", () => {
  const names = new Set(Array.from({ length: 50_000 }, (_, i) => nameOfLine(`{"title":"Row ${i}"}`)));
  assert.equal(names.size, 50_000);
  assert.equal(nameOfLine("a"), nameOfLine("a"));
});
