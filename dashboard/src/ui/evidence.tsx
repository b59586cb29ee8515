// What speaks for two reports being about the same thing, as words and as bars.
import type { Evidence } from "../api/contract";
import { percent } from "../lib/words";

type Part = "semantic" | "lexical" | "title" | "stack";
const PARTS: [Part, string][] = [
  ["semantic", "means the same"],
  ["lexical", "shares rare words"],
  ["title", "the titles are alike"],
  ["stack", "shares stack frames"],
];

export function EvidenceBars({ evidence }: { evidence: Evidence }) {
  return (
    <dl class="evidence">
      {PARTS.filter(([part]) => evidence[part] !== null).map(([part, words]) => (
        <div key={part}>
          <dt>{words}</dt>
          <dd><meter min={0} max={1} value={evidence[part] ?? 0} aria-label={words} />{percent(evidence[part] ?? 0)}</dd>
        </div>
      ))}
    </dl>
  );
}

const MUCH = 0.6;
const SOME = 0.3;
const STRONG: Record<Part, [much: string, some: string]> = {
  semantic: ["they mean nearly the same", "they mean something similar"],
  lexical: ["they share most of their rare words", "they share some rare words"],
  title: ["their titles are nearly the same", "their titles are alike"],
  stack: ["their stacks are nearly the same", "they share stack frames"],
};

/** One sentence of the strongest parts. */
export function evidenceWords(evidence: Evidence): string {
  const said = PARTS.map(([part]) => [part, evidence[part] ?? 0] as const)
    .filter(([, value]) => value >= SOME)
    .sort((a, b) => b[1] - a[1])
    .slice(0, 2)
    .map(([part, value]) => STRONG[part][value >= MUCH ? 0 : 1]);
  const words = said.length ? said.join(", and ") : "they are alike a little in everything";
  const contradicts = evidence.conflict ? "; but platform, version or error code contradict" : "";
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${contradicts}.`;
}

export function SharedTerms({ terms }: { terms: string[] }) {
  if (!terms.length) return null;
  return <p class="dim shared">Shared words: {terms.slice(0, 10).map((t) => <span key={t} class="chip">{t}</span>)}</p>;
}
