// Where reports are to go: asked, with what lies near first.
import { signal } from "@preact/signals";
import { nearIssues } from "../../api/near";
import { plural } from "../../lib/words";
import { IssuePicker } from "../../ui/issue-picker";
import { issue, reports } from "./issue";
import { moveTo } from "./regroup";

const asked = signal<string[]>([]);

export function askWhere(ids: string[]): void {
  asked.value = ids;
}

export function WhereTo() {
  const ids = asked.value;
  const of = issue.value;
  if (!ids.length || !of) return null;
  const close = () => (asked.value = []);
  const first = reports.value.find((f) => f.id === ids[0]);
  return (
    <IssuePicker title={`Move ${plural(ids.length, "report")} to another issue`} near={() => nearIssues(of.id)} except={[of.id]} onClose={close}
      onChoose={(to) => {
        close();
        void moveTo(ids, to);
      }}>
      {ids.length === 1 && first && <p class="clip"><b>{first.title}</b></p>}
      <p class="dim">{ids.length === 1 ? "It stays" : "They stay"} there, whatever later grouping thinks. It can be undone.</p>
    </IssuePicker>
  );
}
