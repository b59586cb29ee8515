// The question before a fix: what will be done, with what, and what stands in the way.
import { useEffect, useRef, useState } from "preact/hooks";
import { asFailure, call, type Failure } from "../../api/client";
import type { Fix, FixState } from "../../api/contract";
import { useLoad } from "../../lib/load";
import { count, plural } from "../../lib/words";
import { address } from "../../router";
import { noteFix } from "../../state/fixes";
import { may } from "../../state/rights";
import { say } from "../../state/toast";
import { Dialog } from "../../ui/dialog";
import { ForeignLine } from "../../ui/foreign";
import { Icon } from "../../ui/icons";
import { Loaded } from "../../ui/page";
import { isUnderWay, money, standing } from "./words";
import "./fixes.css";

interface Props {
  issue: { id: string; title: string };
  onClose: () => void;
}

async function load(id: string, signal: AbortSignal) {
  const [state, fixes] = await Promise.all([
    call("getFixState", { signal }),
    call("listClusterFixes", { path: { id }, query: { limit: 20 }, signal }),
  ]);
  return { state, running: fixes.items.find(isUnderWay), open: fixes.items.find((fix) => fix.pr_state === "open") };
}

function Missing({ of }: { of: FixState }) {
  return (
    <>
      <p>Something is missing first:</p>
      <ul class="missing">{of.missing.map((words) => <li key={words}><Icon name="alert" /><span>{words}</span></li>)}</ul>
      <p><a href={`${address("/settings")}#fixes`}>To the settings for fixes</a></p>
    </>
  );
}

function ToFix({ of, children }: { of: Fix; children: preact.ComponentChildren }) {
  return <p class="because"><Icon name="fix" /><span>{children} <a href={address(`/fixes/${of.id}`)}>{standing(of)}</a></span></p>;
}

function Form({ issue, state, open, onClose }: Props & { state: FixState; open: Fix | undefined }) {
  const [agent, setAgent] = useState(state.agent);
  const [instructions, setInstructions] = useState("");
  const [force, setForce] = useState(false);
  const [sending, setSending] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []); // Enter is enough
  const submit = async (event: Event) => {
    event.preventDefault();
    setSending(true);
    setFailure(null);
    try {
      const body = { ...(agent === state.agent ? {} : { agent }), ...(instructions.trim() ? { instructions: instructions.trim() } : {}), ...(force ? { force } : {}) };
      const fix = await call("startFix", { path: { id: issue.id }, body });
      say("The fix begins.", { link: { text: "Watch it", href: address(`/fixes/${fix.id}`) } });
      noteFix();
      onClose();
    } catch (error) {
      setFailure(asFailure(error));
    }
    setSending(false);
  };
  return (
    <form onSubmit={(e) => void submit(e)}>
      <p>An agent changes a copy of <b><ForeignLine text={state.repository ?? ""} /></b>{state.sandboxed ? " in a sandbox" : ""}. What keeps the project's rules and passes its tests becomes a draft pull request. Nothing is merged by itself.</p>
      {!state.sandboxed && <p class="problem">There is no sandbox here: this server was told to run agents with its own rights. What a report or a model talks the agent into, it may do to this machine.</p>}
      {open && <ToFix of={open}>It has an open pull request:</ToFix>}
      <label class="field">Agent
        <select class="text" value={agent} onChange={(e) => setAgent(e.currentTarget.value)}>
          {state.agents.map((a) => <option key={a.name} value={a.name}>{a.name === "scripted" ? "scripted (no model)" : a.name}: {a.summary}</option>)}
        </select>
      </label>
      <label class="field">Is there anything else that it should know? <span class="dim">It reads the plan in any case.</span>
        <textarea class="text" rows={3} maxLength={8000} value={instructions} onInput={(e) => setInstructions(e.currentTarget.value)} />
      </label>
      <p class="dim">Today: {plural(state.today.started, "fix", "fixes")}, {money(state.today.usd)}. Now: {count(state.running)} running, {count(state.waiting)} waiting; {plural(state.open_pulls, "pull request")} to be looked at.</p>
      {failure && <p role="alert" class="problem">Not begun: {failure.message}</p>}
      {(failure?.status === 409 || force) && <label class="check"><input type="checkbox" checked={force} onChange={() => setForce(!force)} />Also when an open pull request touches the same cause</label>}
      <div class="dialog-end">
        <button type="button" class="button" onClick={onClose}>Cancel</button>
        <button type="submit" class="button primary" ref={button} disabled={sending}><Icon name="fix" />{sending ? "Begins…" : "Fix it"}</button>
      </div>
    </form>
  );
}

export function StartFix({ issue, onClose }: Props) {
  const found = useLoad((signal) => load(issue.id, signal), [issue.id]);
  return (
    <Dialog title="Fix this issue" wide onClose={onClose}>
      <p class="dim clip">{issue.title || "(no title)"}</p>
      <Loaded of={found} what="What is ready for fixes could not be loaded" lines={3}>
        {({ state, running, open }) => (
          <div class="start" onClick={(e) => (e.target as Element).closest("a") && onClose()}>
            {running ? <ToFix of={running}>A fix of this issue is under way:</ToFix>
              : !may("fix") ? <p>Your key may not start fixes: it lacks the right <b>fix</b>.</p>
              : !state.ready ? <Missing of={state} />
              : <Form issue={issue} state={state} open={open} onClose={onClose} />}
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}
