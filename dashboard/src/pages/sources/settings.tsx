// The settings of a source, as the source itself describes them. Secrets can be written, never read.
import { useEffect, useState } from "preact/hooks";
import type { SourceSetting, SourceState } from "../../api/contract";
import { asFailure, call, type Failure } from "../../api/client";
import { useLoad } from "../../lib/load";
import { SOURCE } from "../../lib/words";
import { say } from "../../state/toast";
import { Loaded } from "../../ui/page";
import { configOf, valuesOf, type Config, type Values } from "./fields";

interface FieldProps {
  row: SourceSetting;
  value: string;
  isSet: boolean;
  onChange: (value: string) => void;
}

const NAMES: Record<string, string> = { secret: "Secret", secrets: "Further secrets", over_18: "Over 18", raw_json: "Raw JSON" };
const nameOf = (key: string) => NAMES[key] ?? (key[0] ?? "").toUpperCase() + key.slice(1).replaceAll("_", " ");

function Choices({ row, value, onChange }: FieldProps) {
  const on = value.split("\n");
  const flip = (choice: string) => onChange((on.includes(choice) ? on.filter((c) => c !== choice) : [...on, choice]).filter(Boolean).join("\n"));
  return (
    <span class="checks">
      {row.choices.map((choice) => <label key={choice}><input type="checkbox" checked={on.includes(choice)} onChange={() => flip(choice)} />{choice}</label>)}
    </span>
  );
}

function Input({ row, value, isSet, onChange }: FieldProps) {
  const set = (event: { currentTarget: HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement }) => onChange(event.currentTarget.value);
  const id = `set-${row.key}`;
  if (row.type === "secret") {
    return <input id={id} class="text mono" type="password" autocomplete="new-password" minLength={8} maxLength={1024} value={value} onInput={set}
      placeholder={isSet ? "set; type a new one to replace it" : "at least 8 characters"} />;
  }
  if (row.type === "bool" || row.type === "choice") {
    const options = row.type === "bool" ? [["true", "Yes"], ["false", "No"]] : row.choices.map((c) => [c, c]);
    return (
      <select id={id} class="text" value={value} onChange={set}>
        <option value="">as by default</option>
        {options.map(([v, name]) => <option key={v} value={v}>{name}</option>)}
      </select>
    );
  }
  if (row.type === "int") return <input id={id} class="text" type="number" step={1} value={value} onInput={set} />;
  return <textarea id={id} class="text" rows={2} value={value} placeholder="one a line" spellcheck={false} onInput={set} />;
}

function Field(props: FieldProps) {
  const { row } = props;
  if (row.type === "choices") return <fieldset class="field"><legend>{nameOf(row.key)}</legend><Choices {...props} /><span class="dim">{row.help}</span></fieldset>;
  return (
    <div class="field">
      <label for={`set-${row.key}`}>{nameOf(row.key)}</label>
      <Input {...props} />
      <span class="dim">{row.help}</span>
    </div>
  );
}

interface Props {
  state: SourceState;
  onClose: () => void;
  onSaved: () => void;
}

function Form({ state, config, onClose, onSaved }: Props & { config: Config }) {
  const [values, setValues] = useState<Values>(valuesOf(state.settings, config));
  const [forget, setForget] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => document.getElementById(`set-${state.settings[0]?.key}`)?.focus(), []);
  const isSet = config["secret_set"] === true;
  const save = async (event: Event) => {
    event.preventDefault();
    try {
      await call("putConfig", { path: { source: state.source }, body: configOf(state.settings, values, config, forget) });
      say(`Settings of ${SOURCE[state.source]} saved.`);
      onSaved();
      onClose();
    } catch (error) {
      setFailure(asFailure(error));
    }
  };
  return (
    <form class="settings-form" onSubmit={(e) => void save(e)}>
      {state.settings.map((row) => (
        <Field key={row.key} row={row} value={values[row.key] ?? ""} isSet={isSet} onChange={(value) => setValues({ ...values, [row.key]: value })} />
      ))}
      {isSet && <label class="check"><input type="checkbox" checked={forget} onChange={() => setForget(!forget)} />Forget the secret that is set; deliveries are refused from then on</label>}
      {failure && <p role="alert" class="problem">Not saved: {failure.message}</p>}
      <div class="dialog-end">
        <button type="button" class="button" onClick={onClose}>Cancel</button>
        <button type="submit" class="button primary">Save</button>
      </div>
    </form>
  );
}

export function SettingsForm(props: Props) {
  const config = useLoad((signal) => call("getConfig", { path: { source: props.state.source }, signal }));
  return (
    <Loaded of={config} what="The settings could not be loaded" lines={4}>
      {(data) => <Form {...props} config={data as Config} />}
    </Loaded>
  );
}
