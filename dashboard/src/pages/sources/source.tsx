// One source: is it set up, what came, what was refused and why.
import { useState } from "preact/hooks";
import type { SourceState } from "../../api/contract";
import { count, plural, SOURCE } from "../../lib/words";
import { project } from "../../state/project";
import { Copy } from "../../ui/copy";
import { Icon } from "../../ui/icons";
import { SourceMark } from "../../ui/sources";
import { Ago } from "../../ui/time";
import { SettingsForm } from "./settings";
import { sendTest, TestReport, tests } from "./test";

/** Stands where the secret goes: this page never knows it. */
const SECRET_HERE = "YOUR-SECRET";

/** The vendor's form takes it; the project goes with it, since the webhook has no key. */
function webhookOf(state: SourceState): string {
  const address = `${window.location.origin}${state.webhook_path}?project_id=${encodeURIComponent(project.value?.name ?? "")}`;
  return state.webhook_token ? `${address}&token=${SECRET_HERE}` : address;
}

function State({ state }: { state: SourceState }) {
  if (!state.configured) return <span class="badge state-off"><Icon name="ignore" />Not set up</span>;
  return <span class="badge state-on"><Icon name="check" />{state.received ? "Receives" : "Ready"}</span>;
}

function Numbers({ state }: { state: SourceState }) {
  if (!state.received) return <span class="dim">Nothing has come from it yet.</span>;
  return (
    <span class="dim">
      {plural(state.received, "report")}, {count(state.received_24h)} in the last 24 hours; the last one <Ago at={state.last_received_at} suffix=" ago" />.
    </span>
  );
}

export function OneSource({ state, again }: { state: SourceState; again: () => void }) {
  const [open, setOpen] = useState(false);
  const { source, refused } = state;
  const sending = tests.value[source] === "";
  return (
    <li class="item" data-item={source} tabIndex={-1}>
      <header>
        <SourceMark source={source} />
        <h2>{SOURCE[source]}</h2>
        <State state={state} />
        <span class="item-acts">
          {state.settings.length > 0 && (
            <button id={`settings-${source}`} type="button" class="button small" aria-expanded={open} onClick={() => setOpen(!open)}>
              <Icon name="gear" />Settings
            </button>
          )}
          <button type="button" class="button small" disabled={sending} onClick={() => void sendTest(source)}>
            <Icon name="right" />{sending ? "Sending…" : "Send a test report"}
          </button>
        </span>
      </header>
      <p>{state.summary} <Numbers state={state} /></p>
      {state.missing && <p class="because"><Icon name="alert" /><span>Missing: {state.missing}.</span></p>}
      {refused && (
        <p class="because parked">
          <Icon name="alert" />
          <span>Last refused <Ago at={refused.at} suffix=" ago" /> ({refused.status}): {refused.detail}</span>
        </p>
      )}
      {state.webhook_path && (
        <div class="field">
          Webhook address<Copy text={webhookOf(state)} label={`Webhook address of ${SOURCE[source]}`} />
          {state.webhook_token && <span class="dim">Write the secret in the place of {SECRET_HERE}; {SOURCE[source]} can send it in no other way.</span>}
        </div>
      )}
      <TestReport source={source} again={again} />
      {open && <SettingsForm state={state} onClose={() => setOpen(false)} onSaved={again} />}
    </li>
  );
}
