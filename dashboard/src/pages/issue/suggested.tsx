// What may be merged with the issue, taken into it, or split off it; each with its reason.
import { useEffect } from "preact/hooks";
import type { Cluster, Suggestion } from "../../api/contract";
import { percent, plural } from "../../lib/words";
import { address } from "../../router";
import { EvidenceBars, evidenceWords, SharedTerms } from "../../ui/evidence";
import { Icon } from "../../ui/icons";
import { keepApart, merge } from "../issues/actions";
import { load } from "./issue";
import { splitOff } from "./regroup";
import { selected } from "./selection";
import { failure, known, loadSuggestions, lone, same, splits, type Near } from "./suggestions";

function Judged({ by }: { by: NonNullable<Near["judged"]> }) {
  return <p class="dim judged">{by.model || "A language model"} says that these are {by.same ? "the same" : "two"}{by.why ? <>: <q>{by.why}</q></> : "."}</p>;
}

function NearIssue({ near, of }: { near: Near; of: Cluster }) {
  const reload = () => {
    void loadSuggestions(of);
    void load(of.id, { quiet: true });
  };
  const chance = near.evidence.probability;
  return (
    <li>
      <a href={address(`/issues/${near.id}`)}>{near.title || "(no title)"}</a>
      <span class="dim">{near.count > 1 && `${plural(near.count, "report")}, `}{chance !== null && `${percent(chance)} likely the same`}</span>
      {near.judged && <Judged by={near.judged} />}
      <details class="reason">
        <summary>{evidenceWords(near.evidence)}</summary>
        {near.nearest && <p class="dim">The most alike: <q>{near.nearest[0]}</q> here, <q>{near.nearest[1]}</q> there.</p>}
        <EvidenceBars evidence={near.evidence} />
        <SharedTerms terms={near.terms} />
      </details>
      <span class="suggestion-acts">
        <button type="button" class="button small" onClick={() => void merge(of.id, [near.id], reload).then((ok) => ok && reload())}>
          <Icon name="merge" />{near.count > 1 ? "Merge" : "Take in"}
        </button>
        <button type="button" class="button small" onClick={() => void keepApart(of.id, near.id, reload).then((ok) => ok && reload())}>
          <Icon name="apart" />Keep apart
        </button>
      </span>
    </li>
  );
}

const MANY = 6;

function MayLeave({ suggestion: s }: { suggestion: Suggestion }) {
  const ids = s.leaving.map((f) => f.id);
  return (
    <li>
      <ul class="leaving">
        {s.leaving.slice(0, MANY).map((f) => <li key={f.id}>{f.title || "(no title)"}</li>)}
        {s.leaving.length > MANY && <li class="dim">and {s.leaving.length - MANY} more</li>}
      </ul>
      <span class="dim">{s.reason}.</span>
      <span class="suggestion-acts">
        <button type="button" class="button small" onClick={() => void splitOff(ids)}><Icon name="split" />Split off</button>
        <button type="button" class="button small" onClick={() => (selected.value = new Set(ids))}>Tick {ids.length > 1 ? "them" : "it"}</button>
      </span>
    </li>
  );
}

export function Suggestions({ of }: { of: Cluster }) {
  useEffect(() => void loadSuggestions(of), [of.id, of.count]);
  return (
    <>
      {splits.value.length > 0 && (
        <section class="panel">
          <h2>May not belong here</h2>
          <ul class="suggestions">{splits.value.map((s) => <MayLeave key={s.id} suggestion={s} />)}</ul>
        </section>
      )}
      <section class="panel">
        <h2>May be the same</h2>
        {failure.value && <p role="alert" class="dim">{failure.value.message}</p>}
        {known.value && !same.value.length && <p class="dim">No other issue comes near.</p>}
        <ul class="suggestions">{same.value.map((n) => <NearIssue key={n.id} near={n} of={of} />)}</ul>
      </section>
      {lone.value.length > 0 && (
        <section class="panel">
          <h2>Single reports that may belong here</h2>
          <ul class="suggestions">{lone.value.map((n) => <NearIssue key={n.id} near={n} of={of} />)}</ul>
        </section>
      )}
    </>
  );
}
