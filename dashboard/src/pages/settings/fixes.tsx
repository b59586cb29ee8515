// How issues of this project are fixed: where, by which agent, within which limits.
import { useEffect, useRef, useState } from "preact/hooks";
import { asFailure, call, type Failure } from "../../api/client";
import type { FixConfig, FixState } from "../../api/contract";
import { useLoad } from "../../lib/load";
import { hash } from "../../router";
import { say } from "../../state/toast";
import { Icon } from "../../ui/icons";
import { Loaded, Section } from "../../ui/page";
import { configOf, GROUPS, isAsked, nameOf, RULES, valuesOf, type Field, type Values } from "./fix-fields";
import "../fixes/fixes.css";

interface InputProps {
  field: Field;
  values: Values;
  set: (key: string, value: string | boolean) => void;
  state: FixState;
}

function Rules({ values, set }: InputProps) {
  const off = String(values["rules_off"] ?? "").split("\n").filter(Boolean);
  const flip = (rule: string) => set("rules_off", (off.includes(rule) ? off.filter((r) => r !== rule) : [...off, rule]).join("\n"));
  return <span class="checks">{RULES.map(([rule, words]) => <label key={rule}><input type="checkbox" checked={off.includes(rule)} onChange={() => flip(rule)} />{words}</label>)}</span>;
}

function Select({ field, values, set, state }: InputProps) {
  const agents: [string, string][] = state.agents.map((a) => [a.name, a.name === "scripted" ? `scripted: no model, ${a.summary}` : `${a.name}: ${a.summary}`]);
  return (
    <select id={`fix-${field.key}`} class="text" value={String(values[field.key] ?? "")} onChange={(e) => set(field.key, e.currentTarget.value)}>
      {(field.choices ?? agents).map(([v, words]) => <option key={v} value={v}>{words}</option>)}
    </select>
  );
}

function Input(props: InputProps) {
  const { field, values, set } = props;
  const value = String(values[field.key] ?? "");
  const common = { id: `fix-${field.key}`, value, onInput: (e: { currentTarget: { value: string } }) => set(field.key, e.currentTarget.value) };
  if (field.kind === "choice") return <Select {...props} />;
  if (field.kind === "lines") return <textarea {...common} class="text mono" rows={2} spellcheck={false} />;
  if (field.kind === "command") return <textarea {...common} class="text mono" rows={2} maxLength={4000} spellcheck={false} />;
  if (field.kind === "number") return <input {...common} class="text" type="number" min={0} max={field.max} step={1} />;
  if (field.kind === "money") return <input {...common} class="text" type="number" min={0} step="any" />;
  return <input {...common} class="text" maxLength={200} spellcheck={false} />;
}

function OneField(props: InputProps) {
  const { field, values, set } = props;
  if (!isAsked(field.key, values)) return null;
  if (field.kind === "flag") {
    return <label class="check"><input type="checkbox" checked={values[field.key] === true} onChange={() => set(field.key, !values[field.key])} />{field.name}</label>;
  }
  if (field.key === "rules_off") return <fieldset class="field"><legend>{field.name}</legend><Rules {...props} /></fieldset>;
  return (
    <div class="field">
      <label for={`fix-${field.key}`}>{field.name}</label>
      <Input {...props} />
      {field.help && <span class="dim">{field.help}</span>}
    </div>
  );
}

function Form({ config, state, again }: { config: FixConfig; state: FixState; again: () => void }) {
  const [values, setValues] = useState<Values>(valuesOf(config));
  const [failure, setFailure] = useState<Failure | null>(null);
  const save = async (event: Event) => {
    event.preventDefault();
    setFailure(null);
    try {
      await call("putFixConfig", { body: configOf(isAsked("command", values) ? values : { ...values, command: "" }) });
      say("The settings for fixes are saved.");
      again();
    } catch (error) {
      setFailure(asFailure(error));
    }
  };
  const set = (key: string, value: string | boolean) => setValues({ ...values, [key]: value });
  return (
    <form class="fix-settings" onSubmit={(e) => void save(e)}>
      {GROUPS.map((group) => (
        <fieldset key={group.title} class="settings-form">
          <legend>{group.title}</legend>
          {group.note && <p class="dim check">{group.note}</p>}
          {group.fields.map((field) => <OneField key={field.key} field={field} values={values} set={set} state={state} />)}
        </fieldset>
      ))}
      {failure && <p role="alert" class="problem">Not saved: {failure.field && `${nameOf(failure.field)}: `}{failure.message}</p>}
      <div class="dialog-end"><button type="submit" class="button primary">Save the settings for fixes</button></div>
    </form>
  );
}

/** What this machine and the settings allow. */
function Ready({ of }: { of: FixState }) {
  if (of.ready) {
    return <p class="verdict good"><Icon name="check" /><span>Ready: fixes can be started.</span></p>;
  }
  return (
    <>
      <p>Not ready yet:</p>
      <ul class="missing">{of.missing.map((words) => <li key={words}><Icon name="alert" /><span>{words}</span></li>)}</ul>
    </>
  );
}

async function load(signal: AbortSignal) {
  const [config, state] = await Promise.all([call("getFixConfig", { signal }), call("getFixState", { signal })]);
  return { config, state };
}

export function FixSettings() {
  const found = useLoad(load);
  const here = useRef<HTMLDivElement>(null);
  const loaded = found.data.value !== null;
  useEffect(() => {
    if (loaded && hash.value === "#fixes") here.current?.scrollIntoView();
  }, [loaded, hash.value]);
  return (
    <div id="fixes" ref={here}>
      <Section title="Fixes" note="From an issue to a draft pull request: where, by which agent, within which limits.">
        <Loaded of={found} what="The settings for fixes could not be loaded" lines={4}>
          {({ config, state }) => <><Ready of={state} /><p class="dim">What the sandbox of the machine allows, <code>soulcaster doctor</code> says.</p><Form config={config} state={state} again={found.again} /></>}
        </Loaded>
      </Section>
    </div>
  );
}
