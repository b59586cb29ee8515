import { plural } from "../../lib/words";
import { Icon, type IconName } from "../../ui/icons";
import { fix, setStatus } from "./actions";
import { ask } from "./dialogs";
import { clear, selected } from "./selection";

function Act({ icon, label, hotkey, run }: { icon: IconName; label: string; hotkey: string; run: () => void }) {
  return (
    <button type="button" class="button" onClick={run}>
      <Icon name={icon} />{label}<kbd>{hotkey}</kbd>
    </button>
  );
}

/** What can be done with the ticked issues. */
export function BulkBar() {
  const ids = [...selected.value];
  if (!ids.length) return null;
  return (
    <div class="bulk" role="toolbar" aria-label="Selected issues">
      <b>{plural(ids.length, "issue")}</b>
      <Act icon="eye" label="Triaged" hotkey="a" run={() => void setStatus(ids, "triaged")} />
      <Act icon="check" label="Resolve" hotkey="r" run={() => void setStatus(ids, "resolved")} />
      <Act icon="ignore" label="Ignore" hotkey="i" run={() => void setStatus(ids, "ignored")} />
      <Act icon="snooze" label="Snooze" hotkey="s" run={() => ask("snooze", ids)} />
      {ids.length > 1 && <Act icon="merge" label="Merge" hotkey="m" run={() => ask("merge", ids)} />}
      {ids.length === 1 && <Act icon="fix" label="Fix" hotkey="f" run={() => fix(ids)} />}
      <button type="button" class="icon-button" aria-label="Clear the selection" title="Clear (Esc)" onClick={clear}><Icon name="cross" /></button>
    </div>
  );
}
