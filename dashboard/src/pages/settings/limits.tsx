// What the keys of this project may send, and what it may store and start.
import { useEffect, useRef, useState } from "preact/hooks";
import { asFailure, call, type Failure } from "../../api/client";
import type { Limits } from "../../api/contract";
import { useEvents, useLoad } from "../../lib/load";
import { count } from "../../lib/words";
import { loadRights, may } from "../../state/rights";
import { say } from "../../state/toast";
import { Icon } from "../../ui/icons";
import { Loaded, Section } from "../../ui/page";
import { FIELDS, nameOf, numberOf, textOf, warning, type Field, type Use } from "./limit-fields";
import { putSome } from "./limit-save";

const QUIET_MS = 1000;

interface Now {
  limits: Limits;
  use: Use;
}

/** "Stored now: 1,204." */
const usedNow = ({ used, now }: Field, use: Use) => (used ? `${now}: ${count(used(use))}.` : "");

interface OneProps {
  field: Field;
  use: Use;
  value: string;
  wrong: boolean;
  onType: (value: string) => void;
}

function OneField({ field, use, value, wrong, onType }: OneProps) {
  const id = `limit-${field.key}`;
  const warns = warning(field, numberOf(value), use);
  return (
    <div class="field">
      <label for={id}>{field.name}</label>
      <input id={id} class="text" type="number" min={0} step={1} placeholder={field.none} value={value} aria-invalid={wrong} aria-describedby={`${id}-help`}
        onInput={(e) => onType(e.currentTarget.value)} />
      <span id={`${id}-help`} class="dim">{field.help} {usedNow(field, use)}</span>
      <span role="status" class="dim">{warns && <span class="because"><Icon name="alert" /><span>{warns}</span></span>}</span>
    </div>
  );
}

/** What is typed stands over what is stored until it is saved; what is not touched follows what is stored. */
function Form({ now, saved }: { now: Now; saved: (limits: Limits) => void }) {
  const [typed, setTyped] = useState<Partial<Record<Field["key"], string>>>({});
  const [failure, setFailure] = useState<Failure | null>(null);
  const busy = useRef(false);
  const save = async (event: Event) => {
    event.preventDefault();
    if (busy.current) return;
    busy.current = true;
    setFailure(null);
    try {
      saved(await putSome(Object.fromEntries(Object.entries(typed).map(([key, text]) => [key, numberOf(text)]))));
      setTyped((had) => (had === typed ? {} : had)); // what is typed meanwhile is the next to be saved
      say("The limits are saved.");
    } catch (error) {
      setFailure(asFailure(error));
    } finally {
      busy.current = false;
    }
  };
  return (
    <form class="settings-form" onSubmit={(e) => void save(e)}>
      {FIELDS.map((field) => (
        <OneField key={field.key} field={field} use={now.use} value={typed[field.key] ?? textOf(now.limits[field.key])} wrong={failure?.field === field.key}
          onType={(value) => setTyped((had) => ({ ...had, [field.key]: value }))} />
      ))}
      {failure && <p role="alert" class="problem">Not saved: {failure.field && `${nameOf(failure.field)}: `}{failure.message}</p>}
      <div class="dialog-end"><button type="submit" class="button primary">Save the limits</button></div>
    </form>
  );
}

/** For who may not change them. */
function Shown({ limits, use }: Now) {
  return (
    <>
      <table class="plain">
        <thead class="hidden"><tr><th scope="col">Limit</th><th scope="col">Value</th><th scope="col">Used</th></tr></thead>
        <tbody>
          {FIELDS.map((field) => (
            <tr key={field.key}>
              <th scope="row">{field.name}</th>
              <td>{limits[field.key] ? `${count(limits[field.key] ?? 0)} at most` : field.none}</td>
              <td class="dim">{usedNow(field, use)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="dim">Your key may not change them: it lacks the right <b>admin</b>.</p>
    </>
  );
}

async function load(signal: AbortSignal): Promise<Now> {
  const [limits, stats, fixes] = await Promise.all([
    call("getLimits", { signal }), call("getStats", { signal }), call("getFixState", { signal }),
  ]);
  return { limits, use: { reports: stats.total_feedback, fixes: fixes.today.started } };
}

export function LimitSettings() {
  const found = useLoad(load);
  useEvents(["feedback.", "fix."], found.again, QUIET_MS);
  useEffect(() => void loadRights(), []);
  const saved = (limits: Limits) => {
    if (found.data.value) found.data.value = { ...found.data.value, limits };
    found.again();
  };
  return (
    <Section title="Limits" note="What is over a limit is refused, with its name and when to try again.">
      <Loaded of={found} what="The limits could not be loaded" lines={3}>
        {(now) => (may("admin") ? <Form now={now} saved={saved} /> : <Shown {...now} />)}
      </Loaded>
    </Section>
  );
}
