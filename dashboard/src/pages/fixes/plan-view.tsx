// What an agent is told about an issue: read, edited, older versions; what someone else saved meanwhile is not overwritten unseen.
import { useState } from "preact/hooks";
import { asFailure, call, type Failure } from "../../api/client";
import type { Plan } from "../../api/contract";
import { useLoad } from "../../lib/load";
import { may } from "../../state/rights";
import { complain, say } from "../../state/toast";
import { ForeignLine, ForeignText } from "../../ui/foreign";
import { Icon } from "../../ui/icons";
import { Loaded } from "../../ui/page";
import { Ago } from "../../ui/time";
import { fetchPlan, isEdited, PARTS, textsOf, writerOf, type Texts } from "./plan";

interface EditProps {
  plan: Plan;
  onSaved: () => void;
  onClose: () => void;
}

/** Someone was faster: their version is shown below, and can be kept or replaced. */
function Conflict({ theirs, onTake, onReplace }: { theirs: Plan; onTake: () => void; onReplace: () => void }) {
  return (
    <div class="conflict" role="alert">
      <p><b>Version {theirs.version} was saved meanwhile</b>, <ForeignLine text={writerOf(theirs)} />, <Ago at={theirs.created_at} suffix=" ago" />. Yours is not lost; nothing was overwritten.</p>
      <PlanText of={theirs} />
      <p class="pull-acts">
        <button type="button" class="button" onClick={onTake}>Go on with theirs</button>
        <button type="button" class="button" onClick={onReplace}>Save mine as version {theirs.version + 1}</button>
      </p>
    </div>
  );
}

function Editor({ plan: given, onSaved, onClose }: EditProps) {
  const [plan] = useState(given); // what is edited stays the version that it began with
  const [texts, setTexts] = useState<Texts>(textsOf(plan));
  const [theirs, setTheirs] = useState<Plan | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const save = async (seen: number) => {
    setFailure(null);
    try {
      const saved = await call("savePlan", { path: { id: plan.cluster_id }, body: { ...texts, version: seen } });
      say(`The plan is saved as version ${saved.version}.`);
      onSaved();
    } catch (error) {
      const why = asFailure(error);
      const newest = why.status === 409 ? await fetchPlan(plan.cluster_id, null).catch(() => null) : null;
      if (newest) setTheirs(newest);
      else setFailure(why);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void save(plan.version);
    if (event.key === "Escape" && !isEdited(texts, plan)) onClose();
  };
  return (
    <form class="plan-form" onSubmit={(e) => { e.preventDefault(); void save(plan.version); }} onKeyDown={onKeyDown}>
      {PARTS.map(([part, name, most], i) => (
        <label key={part} class="field">{name}
          <textarea class="text" rows={part === "evidence" ? 8 : 3} maxLength={most} value={texts[part]} autoFocus={i === 0}
            onInput={(e) => setTexts({ ...texts, [part]: e.currentTarget.value })} />
        </label>
      ))}
      {failure && <p role="alert" class="problem">Not saved: {failure.message}</p>}
      {theirs && <Conflict theirs={theirs} onTake={onSaved} onReplace={() => void save(theirs.version)} />}
      <div class="dialog-end">
        <button type="button" class="button" onClick={onClose}>Cancel</button>
        <button type="submit" class="button primary" disabled={!isEdited(texts, plan)}>Save<kbd>Ctrl ⏎</kbd></button>
      </div>
    </form>
  );
}

function PlanText({ of }: { of: Plan }) {
  return (
    <dl class="plan-text">
      {PARTS.map(([part, name]) => <div key={part}><dt>{name}</dt><dd>{of[part] ? <ForeignText text={of[part]} /> : <span class="dim">nothing</span>}</dd></div>)}
    </dl>
  );
}

/** Makes one, which may take a language model its time; whether it is being made. */
function useMake(id: string, again: () => void): [boolean, () => void] {
  const [busy, setBusy] = useState(false);
  const make = async () => {
    setBusy(true);
    try {
      const plan = await call("savePlan", { path: { id } });
      say(`The plan is made, as version ${plan.version}.`);
      again();
    } catch (error) {
      complain("No plan was made", error);
    } finally {
      setBusy(false);
    }
  };
  return [busy, () => void make()];
}

function MakeAnew({ id, again }: { id: string; again: () => void }) {
  const [busy, make] = useMake(id, again);
  return <button type="button" class="button small" disabled={busy} onClick={make}><Icon name="again" />{busy ? "Being made…" : "Make it anew"}</button>;
}

function Versions({ newest, shown, onChoose }: { newest: number; shown: number; onChoose: (version: number | null) => void }) {
  if (newest < 2) return null;
  const all = Array.from({ length: newest }, (_, i) => newest - i);
  return (
    <select class="text plan-version" aria-label="Version" value={String(shown)} onChange={(e) => onChoose(Number(e.currentTarget.value))}>
      {all.map((v) => <option key={v} value={String(v)}>Version {v}{v === newest && ", the newest"}</option>)}
    </select>
  );
}

function None({ id, again }: { id: string; again: () => void }) {
  const [busy, make] = useMake(id, again);
  return (
    <p class="dim">
      There is no plan yet; a fix makes one from the reports.{" "}
      {may("fix") && <button type="button" class="link-button" disabled={busy} onClick={make}>{busy ? "It is being made…" : "Make it now, to look at it"}</button>}
    </p>
  );
}

export function PlanView({ id }: { id: string }) {
  const [version, setVersion] = useState<number | null>(null);
  const [editing, setEditing] = useState(false);
  const plan = useLoad(async (signal) => {
    const newest = await fetchPlan(id, null, signal);
    return { newest, shown: version && newest && version !== newest.version ? await fetchPlan(id, version, signal) : newest };
  }, [id, version]);
  const fresh = () => {
    setEditing(false);
    setVersion(null);
    plan.again();
  };
  return (
    <Loaded of={plan} what="The plan could not be loaded" lines={3}>
      {({ newest, shown }) => {
        if (!newest || !shown) return <None id={id} again={plan.again} />;
        if (editing) return <Editor plan={shown} onSaved={fresh} onClose={() => setEditing(false)} />;
        return (
          <div class="plan">
            <p class="plan-head">
              <span class="dim">Version {shown.version}, <ForeignLine text={writerOf(shown)} />, <Ago at={shown.created_at} suffix=" ago" /></span>
              <Versions newest={newest.version} shown={shown.version} onChoose={setVersion} />
              {may("fix") && shown.version === newest.version && (
                <>
                  <button type="button" class="button small" onClick={() => setEditing(true)}><Icon name="edit" />Edit</button>
                  <MakeAnew id={id} again={fresh} />
                </>
              )}
            </p>
            <PlanText of={shown} />
          </div>
        );
      }}
    </Loaded>
  );
}
