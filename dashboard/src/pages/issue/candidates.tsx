// Other issues that may be the same: merged, or kept apart for good.
import { useEffect, useState } from "preact/hooks";
import type { Cluster, MergeCandidate } from "../../api/contract";
import { asFailure, call, type Failure } from "../../api/client";
import { percent, plural } from "../../lib/words";
import { address } from "../../router";
import { keepApart, merge } from "../issues/actions";
import { load } from "./issue";

const LIKELY = 0.15; // below that the server's guesses are noise to a person

export function Candidates({ of }: { of: Cluster }) {
  const [all, setAll] = useState<MergeCandidate[] | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const fetchAll = () => {
    call("listMergeCandidates", { path: { id: of.id }, query: { limit: 6 } })
      .then((page) => setAll(page.items), (error) => setFailure(asFailure(error)));
  };
  useEffect(fetchAll, [of.id, of.count]);
  const reload = () => {
    fetchAll();
    void load(of.id, { quiet: true });
  };
  const shown = all?.filter((c) => !c.apart && (c.evidence.probability ?? 0) >= LIKELY) ?? [];
  return (
    <section class="panel">
      <h2>May be the same</h2>
      {failure && <p role="alert" class="dim">{failure.message}</p>}
      {all && !shown.length && <p class="dim">No other issue comes near.</p>}
      <ul class="candidates">
        {shown.map(({ cluster, evidence }) => (
          <li key={cluster.id}>
            <a href={address(`/issues/${cluster.id}`)}>{cluster.title}</a>
            <span class="dim">{plural(cluster.count, "report")}{evidence.probability !== null && `, ${percent(evidence.probability)} likely the same`}</span>
            <span class="candidate-acts">
              <button type="button" class="button small" onClick={() => void merge(of.id, [cluster.id], reload).then((ok) => ok && reload())}>Merge</button>
              <button type="button" class="button small" onClick={() => void keepApart(of.id, cluster.id, reload).then((ok) => ok && reload())}>Keep apart</button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
