// From a file's columns to a report's fields: the same names as `soulcaster ingest` knows, or what a person says.
import type { Source } from "../../api/contract";
import { SOURCES } from "../../lib/words";
import { isObject, type Rec } from "./read";

const NAMES = {
  external_id: ["externalid", "id", "key", "issuekey", "reviewid", "ticketid", "guid", "uuid", "number"],
  title: ["title", "summary", "subject", "headline"],
  body: ["body", "description", "selftext", "content", "text", "message", "comment", "review", "feedback"],
  created_at: ["createdat", "created", "createdutc", "date", "timestamp", "datetime", "time", "submittedat"],
  url: ["url", "link", "permalink", "htmlurl"],
  stack: ["stack", "stacktrace", "traceback"],
  status: ["status", "state"],
  repo: ["repo"],
} as const;

export type Field = keyof typeof NAMES;
export const FIELDS = Object.keys(NAMES) as Field[];
/** What a column is: a field, a part of the metadata, or left out. */
export type Use = Field | "metadata" | "none";
export type Mapping = Record<string, Use>;

const plainName = (name: string) => name.toLowerCase().replace(/[ _-]/g, "");
const says = (v: unknown) => v !== null && v !== undefined && v !== "";

/** A guess for these columns; the first name of a field's list that occurs has it. */
export function guess(columns: string[]): Mapping {
  const mapping: Mapping = Object.fromEntries(columns.map((name) => [name, "metadata"]));
  for (const field of FIELDS) {
    for (const wanted of NAMES[field]) {
      const column = columns.find((name) => plainName(name) === wanted && mapping[name] === "metadata");
      if (!column) continue;
      mapping[column] = field;
      break;
    }
  }
  return mapping;
}

/** RFC 3339 of what exports hold; UTC where no zone is named. Null: no time that we know. */
export function timeOf(v: unknown): string | null {
  const number = typeof v === "number" ? v : /^\d+(\.\d+)?$/.test(String(v)) ? Number(v) : NaN;
  const text = String(v).trim().replace(/^(\d{1,2})\.(\d{1,2})\.(\d{4})/, "$3-$2-$1").replace(/^(\d{4}-\d\d?-\d\d?) (\d)/, "$1T$2");
  const at = Number.isNaN(number) ? (/([zZ]|[+-]\d\d:?\d\d|UTC|GMT)$/.test(text) ? Date.parse(text) : utcOf(text)) : number < 1e11 ? number * 1000 : number;
  return Number.isFinite(at) && at > 0 && at < 4e12 ? new Date(at).toISOString() : null;
}

function utcOf(text: string): number {
  const iso = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(`${text}Z`) : NaN;
  return Number.isNaN(iso) ? Date.parse(`${text} UTC`) : iso;
}

const LANES = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f];

/** The content of a line as a name: the same line twice is a duplicate. 128 bits; no secret. */
export function nameOfLine(text: string): string {
  const lanes = LANES.map((odd) => {
    let h = odd ^ text.length;
    for (let i = 0; i < text.length; i++) {
      h = Math.imul(h ^ text.charCodeAt(i), odd);
      h ^= h >>> 15;
    }
    return (h >>> 0).toString(16).padStart(8, "0");
  });
  return `line-${lanes.join("")}`;
}

const asText = (v: unknown) => (typeof v === "string" ? v : typeof v === "number" || typeof v === "boolean" ? String(v) : null);

/** A vendor's own item, which its source reads better than a mapping of names could. */
function isVendors(source: Source | null, v: Record<string, unknown>): boolean {
  if (source === "reddit") return "selftext" in v || isObject(v["data"]);
  if (source === "github") return "html_url" in v && "number" in v;
  return source === "sentry" && ("event_id" in v || isObject(v["data"]));
}

/** One line of the batch for a record: never two different ones for the same record, so that it may be sent again. */
export function lineOf(rec: Rec & { value: Record<string, unknown> }, mapping: Mapping, source: Source | null): { line?: string; wrong?: string } {
  const { value } = rec;
  const own = SOURCES.find((s) => s === value["source"]);
  if (own && isObject(value["payload"])) return { line: rec.raw };
  if (isVendors(source, value)) return { line: JSON.stringify({ source, payload: value }) };
  const out: Record<string, unknown> = { source: source ?? own ?? "generic" };
  const metadata: Record<string, unknown> = isObject(value["metadata"]) ? { ...value["metadata"] } : {};
  for (const [name, v] of Object.entries(value)) {
    const use = mapping[name] ?? "metadata";
    if (use === "none" || !says(v) || (name === "source" && own) || (name === "metadata" && isObject(v))) continue;
    const text = use === "metadata" ? null : use === "created_at" ? timeOf(v) : asText(v);
    const fits = text !== null && out[use] === undefined && (use !== "url" || /^https?:/i.test(text));
    if (fits) out[use] = text;
    else metadata[name] = v;
  }
  if (!out["title"] && !out["body"]) return { wrong: "neither a title nor a text: say above which column holds them" };
  out["external_id"] ??= nameOfLine(rec.raw);
  if (Object.keys(metadata).length) out["metadata"] = metadata;
  return { line: JSON.stringify(out) };
}
