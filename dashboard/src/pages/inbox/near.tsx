// An issue of one report that is nearly another one: the same, or not? A person's answer is kept.
import { percent, plural } from "../../lib/words";
import { address } from "../../router";
import { evidenceWords } from "../../ui/evidence";
import { Icon } from "../../ui/icons";
import { join, part } from "./actions";
import type { Near } from "./inbox";

export function NearOne({ near, again }: { near: Near; again: () => void }) {
  const { alone, other, suggestion } = near;
  const chance = suggestion.evidence.probability;
  return (
    <li class="item" data-item={alone.id} tabIndex={-1}>
      <div class="pair">
        <a href={address(`/issues/${alone.id}`)}>{alone.title || "(no title)"}</a>
        <span class="dim">and</span>
        <a href={address(`/issues/${other.id}`)}>{other.title || "(no title)"}</a>
        <span class="dim">{plural(other.count, "report")}</span>
      </div>
      <p class="dim">{chance !== null && <b>{percent(chance)} likely the same. </b>}{evidenceWords(suggestion.evidence)}</p>
      <footer>
        <span>{suggestion.shared_terms.slice(0, 8).map((term) => <span key={term} class="chip">{term}</span>)}</span>
        <span class="item-acts">
          <button type="button" class="button small" onClick={() => void join(near, again)}><Icon name="merge" />The same<kbd>m</kbd></button>
          <button type="button" class="button small" onClick={() => void part(near, again)}><Icon name="apart" />Keep apart<kbd>a</kbd></button>
        </span>
      </footer>
    </li>
  );
}
