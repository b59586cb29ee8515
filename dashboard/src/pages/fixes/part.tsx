// What was done about an issue, on its page: its plan and its fixes.
import { useSignal } from "@preact/signals";
import { call } from "../../api/client";
import { useKeys } from "../../lib/keys";
import { useLoad } from "../../lib/load";
import { openFix } from "../../shell/overlays";
import { Icon } from "../../ui/icons";
import { Loaded } from "../../ui/page";
import { FixItem } from "./item";
import { useLive } from "./live";
import { PlanView } from "./plan-view";
import "./fixes.css";

const SHOWN = 20;

export function FixPart({ id, title }: { id: string; title: string }) {
  const fixes = useLoad((signal) => call("listClusterFixes", { path: { id }, query: { limit: SHOWN }, signal }), [id]);
  const plan = useSignal(false);
  useLive(fixes);
  useKeys([{ group: "Change this issue", keys: ["p"], help: "The plan of its fix", run: () => (plan.value = !plan.value) }]);
  return (
    <section class="panel" aria-label="Fix">
      <h2>Fix</h2>
      <Loaded of={fixes} what="The fixes could not be loaded" lines={2}>
        {({ items }) => (
          <>
            {items.length > 0
              ? <ul class="fix-items">{items.map((fix) => <FixItem key={fix.id} of={fix} />)}</ul>
              : <p class="dim">Nothing was tried yet.</p>}
            <p class="part-choice">
              <button type="button" class="button small" aria-expanded={plan.value} onClick={() => (plan.value = !plan.value)}><Icon name="edit" />Plan<kbd>p</kbd></button>
              {!items.length && <button type="button" class="button small" onClick={() => openFix({ id, title })}><Icon name="fix" />Fix it<kbd>f</kbd></button>}
            </p>
          </>
        )}
      </Loaded>
      {plan.value && <PlanView id={id} />}
    </section>
  );
}
