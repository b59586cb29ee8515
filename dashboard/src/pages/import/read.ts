// A file as records, a piece at a time: NDJSON, a JSON array (or an object with "items"), or CSV with a header row; gzip or not.
export interface Rec {
  /** In the file, from 1: the line it begins in; of a JSON array, its place. */
  line: number;
  /** As it stands in the file. */
  raw: string;
  value?: Record<string, unknown>;
  /** Why there is no value. */
  wrong?: string;
}

export type Format = "ndjson" | "json" | "csv";
const HEAD = 64 * 1024;
const MAX_JSON = 256 * 1024 * 1024; // a JSON array is parsed as a whole

export const isObject = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);

/** What the beginning of a text looks like. */
export function formatOf(head: string): Format {
  const text = head.replace(/^\uFEFF/, "").trimStart();
  if (text.startsWith("[")) return "json";
  if (!text.startsWith("{")) return "csv";
  const line = text.split("\n", 1)[0] ?? "";
  try {
    return isObject(JSON.parse(line)) && !("items" in JSON.parse(line)) ? "ndjson" : "json";
  } catch {
    return line.length === text.length && head.length >= HEAD ? "ndjson" : "json"; // one long line that goes on, or an object over several
  }
}

/** The most frequent of , ; tab in the header. */
export function delimiterOf(header: string): string {
  const times = (c: string) => header.split(c).length;
  return [",", ";", "\t"].reduce((a, b) => (times(b) > times(a) ? b : a));
}

function parsed(line: number, raw: string): Rec {
  try {
    const value: unknown = JSON.parse(raw);
    return isObject(value) ? { line, raw, value } : { line, raw, wrong: "not a JSON object" };
  } catch (error) {
    return { line, raw, wrong: `not JSON: ${error instanceof Error ? error.message : "it cannot be read"}` };
  }
}

/** Rows of CSV (RFC 4180) out of pieces of text; a row may hold line breaks within quotes. */
export class Csv {
  private cells: string[] = [];
  private cell = "";
  private raw = "";
  private quoted = false;
  private was = ""; // the last character, where it has to be known
  private begins = 1;
  private line = 1;
  constructor(private readonly delimiter: string) {}

  private *row(): Generator<{ line: number; raw: string; cells: string[] }> {
    this.cells.push(this.cell);
    if (this.cells.length > 1 || this.cell !== "") yield { line: this.begins, raw: this.raw.replace(/\r$/, ""), cells: this.cells };
    this.cells = [];
    this.cell = this.raw = "";
    this.begins = this.line;
  }

  *push(text: string): Generator<{ line: number; raw: string; cells: string[] }> {
    for (const c of text) {
      const before = this.was;
      this.was = c;
      if (c === "\n") this.line++;
      if (c === "\n" && !this.quoted) {
        this.cell = this.cell.replace(/\r$/, "");
        yield* this.row();
        continue;
      }
      this.raw += c;
      if (c === '"' && (this.quoted || this.cell === "" || before === '"')) {
        // Two quotes inside quotes are one: the first ended them, the second goes on.
        if (!this.quoted && before === '"' && this.cell !== "") this.cell += '"';
        this.quoted = !this.quoted;
      } else if (c === this.delimiter && !this.quoted) {
        this.cells.push(this.cell);
        this.cell = "";
      } else this.cell += c;
    }
  }

  *end(): Generator<{ line: number; raw: string; cells: string[] }> {
    if (this.raw !== "") yield* this.row();
  }
}

async function* pieces(file: File, onBytes: (n: number) => void): AsyncGenerator<string> {
  const counted = file.stream().pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, to) {
      onBytes(bytes.length);
      to.enqueue(bytes);
    },
  }));
  const magic = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const plain = magic[0] === 0x1f && magic[1] === 0x8b ? counted.pipeThrough(new DecompressionStream("gzip") as ReadableWritablePair<Uint8Array, Uint8Array>) : counted;
  const reader = plain.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  try {
    for (let got = await reader.read(); !got.done; got = await reader.read()) yield got.value;
  } finally {
    await reader.cancel().catch(() => undefined); // whoever stopped early does not care
  }
}

async function* ofLines(text: AsyncGenerator<string>): AsyncGenerator<Rec> {
  let rest = "";
  let line = 0;
  for await (const piece of text) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const one of lines) if (++line && one.trim()) yield parsed(line, one.trim());
  }
  if (rest.trim()) yield parsed(line + 1, rest.trim());
}

async function* ofCsv(text: AsyncGenerator<string>, head: string): AsyncGenerator<Rec> {
  const csv = new Csv(delimiterOf(head.split("\n", 1)[0] ?? ""));
  let names: string[] | null = null;
  const rec = (row: { line: number; raw: string; cells: string[] }): Rec | null => {
    if (!names) {
      names = row.cells.map((name) => name.trim());
      return null;
    }
    const value = Object.fromEntries(names.map((name, i) => [name, row.cells[i] ?? ""]).filter(([name]) => name));
    if (row.cells.length > names.length) return { line: row.line, raw: row.raw, wrong: `${row.cells.length} cells, but the header names ${names.length}` };
    return { line: row.line, raw: row.raw, value };
  };
  for await (const piece of text) {
    for (const row of csv.push(piece)) {
      const one = rec(row);
      if (one) yield one;
    }
  }
  for (const row of csv.end()) {
    const one = rec(row);
    if (one) yield one;
  }
}

async function* ofJson(text: AsyncGenerator<string>, size: number): AsyncGenerator<Rec> {
  if (size > MAX_JSON) throw new Error("A JSON file over 256 MiB cannot be read here: write one object a line (NDJSON), or use `soulcaster ingest`.");
  let all = "";
  for await (const piece of text) all += piece;
  const value: unknown = JSON.parse(all.replace(/^\uFEFF/, ""));
  const items = Array.isArray(value) ? value : isObject(value) && Array.isArray(value["items"]) ? value["items"] : [value];
  for (const [i, item] of items.entries()) {
    const raw = JSON.stringify(item);
    yield isObject(item) ? { line: i + 1, raw, value: item } : { line: i + 1, raw, wrong: "not a JSON object" };
  }
}

async function* withHead(head: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield head.replace(/^\uFEFF/, "");
  yield* rest;
}

/** The records of a file; `onBytes` hears how much of it was read. Throws when it cannot be read at all. */
export async function* recordsOf(file: File, onBytes: (n: number) => void): AsyncGenerator<Rec> {
  const text = pieces(file, onBytes);
  let head = "";
  while (head.length < HEAD) {
    const got = await text.next();
    if (got.done) break;
    head += got.value;
  }
  const format = formatOf(head);
  const all = withHead(head, text);
  if (format === "csv") yield* ofCsv(all, head);
  else if (format === "ndjson") yield* ofLines(all);
  else yield* ofJson(all, file.size);
}
