// What the project is grouped with; changing it goes on in the background and can be taken back.
import { useState } from "preact/hooks";
import { asFailure, call, type Failure } from "../../api/client";
import type { Model } from "../../api/contract";
import { useEvents, useEvery, useLoad } from "../../lib/load";
import { count, percent } from "../../lib/words";
import { say } from "../../state/toast";
import { Icon } from "../../ui/icons";
import { Loaded, Section } from "../../ui/page";
import { Ago } from "../../ui/time";

const LOOK_MS = 5000;
const CHOICES = [["auto", "what the server was started with"], ["builtin", "the builtin one: small and quick"], ["encoder", "the neural encoder, where one is installed"]];

const STATES: Record<Model["state"], string> = {
  settled: "", waiting: "The change waits until nothing is left to be grouped.", embedding: "Reports are represented with the new model. Until that is done the old one goes on.",
  regrouping: "All reports are looked at together once.", failed: "The change was given up, and the old model goes on.",
};

function Change({ model }: { model: Model }) {
  if (model.state === "settled") return null;
  const part = model.total ? model.done / model.total : 0;
  return (
    <div class={model.state === "failed" ? "problem" : ""} role="status">
      <p>To <b>{model.wanted}</b>: {STATES[model.state]} {model.reason}</p>
      {model.state !== "failed" && <><progress max={1} value={part} aria-label="How far the change is" /> {count(model.done)} of {count(model.total)} reports ({percent(part)})</>}
    </div>
  );
}

function Choose({ model, again }: { model: Model; again: () => void }) {
  const [use, setUse] = useState("");
  const [failure, setFailure] = useState<Failure | null>(null);
  const ask = async (wanted: string) => {
    setFailure(null);
    try {
      const now = await call("useModel", { body: { use: wanted } });
      say(now.state === "settled" ? `The project is grouped with ${now.model}.` : `The change to ${now.wanted} began.`);
      setUse("");
      again();
    } catch (error) {
      setFailure(asFailure(error));
    }
  };
  return (
    <form class="inline" onSubmit={(e) => { e.preventDefault(); void ask(use); }}>
      <label class="field">Change it to
        <select class="text" value={use} onChange={(e) => setUse(e.currentTarget.value)}>
          <option value="">choose</option>
          {CHOICES.map(([name, words]) => <option key={name} value={name}>{words}</option>)}
        </select>
      </label>
      <button type="submit" class="button" disabled={!use}>Change</button>
      {model.previous && <button type="button" class="button" onClick={() => void ask("previous")}><Icon name="undo" />Back to {model.previous}</button>}
      {failure && <p role="alert" class="problem">Not changed: {failure.message}</p>}
    </form>
  );
}

export function ModelPart() {
  const model = useLoad((signal) => call("getModel", { signal }));
  useEvents(["model."], model.again, 100);
  useEvery(LOOK_MS, () => (model.data.value?.state === "settled" ? undefined : model.again()));
  return (
    <Section title="Model" note="What turns reports into vectors, so that those that mean the same are found.">
      <Loaded of={model} what="The model could not be loaded" lines={3}>
        {(data) => (
          <>
            <p>Grouped with <b>{data.model}</b>{data.changed_at && <span class="dim">, changed <Ago at={data.changed_at} suffix=" ago" /></span>}{data.chosen && <span class="dim">; chosen: {data.chosen}</span>}</p>
            {data.hint && <p class="dim">{data.hint}</p>}
            <Change model={data} />
            <Choose model={data} again={model.again} />
          </>
        )}
      </Loaded>
    </Section>
  );
}
