// How long the reports of closed issues are kept. What would go is said before it is saved.
import { useEffect, useRef, useState } from "preact/hooks";
import { asFailure, call, type Failure } from "../../api/client";
import type { Limits, Retention } from "../../api/contract";
import { useLoad } from "../../lib/load";
import { plural } from "../../lib/words";
import { address } from "../../router";
import { loadRights, may } from "../../state/rights";
import { say } from "../../state/toast";
import { Confirm } from "../../ui/confirm";
import { Loaded, Section } from "../../ui/page";
import { Ago } from "../../ui/time";
import { goes, isShorter, KEEP, nameOf, numberOf, stays, textOf } from "./limit-fields";
import { putSome } from "./limit-save";

/** The rule as a sentence. */
const rule = (days: number) => (days ? `Reports of closed issues are kept for ${plural(days, "day")}.` : "Reports are kept for ever.");

function Going({ plan }: { plan: Retention }) {
  const more = plan.issues - plan.items.length;
  return (
    <details class="reason">
      <summary>Which issues?</summary>
      <ul class="going">
        {plan.items.map((issue) => (
          <li key={issue.id}>
            <a href={address(`/issues/${issue.id}`)}>{issue.title || "(no title)"}</a>{" "}
            <span class="dim">{issue.status}, {plural(issue.count, "report")}, the last <Ago at={issue.last_seen} suffix=" ago" /></span>
          </li>
        ))}
        {more > 0 && <li class="dim">and {plural(more, "other one")}.</li>}
      </ul>
    </details>
  );
}

/** What a dry run found, in words. */
function Plan({ plan }: { plan: Retention }) {
  const kept = stays(plan.kept);
  const days = plural(plan.keep_days, "day");
  return (
    <div class="test">
      {plan.issues
        ? <p>With {days}, <b>{goes(plan)}</b> would go now, for good; the newest of them <Ago at={plan.newest} suffix=" ago" />.</p>
        : <p>With {days}, nothing would go now.</p>}
      {plan.issues > 0 && <Going plan={plan} />}
      {kept && <p class="dim">{kept}</p>}
    </div>
  );
}

function Sure({ plan, onYes, onClose }: { plan: Retention; onYes: () => void; onClose: () => void }) {
  return (
    <Confirm title={`Keep them for ${plural(plan.keep_days, "day")}?`} verb={plan.issues ? `Let ${plural(plan.reports, "report")} go` : "Save it"} onYes={onYes} onClose={onClose}>
      {plan.issues
        ? <p><b>{goes(plan)}</b> go for good, a part of them every minute. Nothing brings them back.</p>
        : <p>Nothing goes now. From now on reports of issues that are closed for longer go for good.</p>}
    </Confirm>
  );
}

type Doing = "" | "looking" | "saving";
interface Trouble {
  what: string;
  failure: Failure;
}

/** The form's state: what is typed, the dry run for it, and the question before it is saved. */
function useRule(stored: number, saved: (limits: Limits) => void) {
  const [typed, setTyped] = useState<string | null>(null);
  const [plan, setPlan] = useState<Retention | null>(null);
  const [asks, setAsks] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [doing, setDoing] = useState<Doing>("");
  const busy = useRef(false);
  const text = typed ?? textOf(stored);
  const days = numberOf(text);
  const attempt = async (as: Doing, what: string, work: () => Promise<void>) => {
    if (busy.current) return;
    busy.current = true;
    setDoing(as);
    setTrouble(null);
    try {
      await work();
    } catch (error) {
      setTrouble({ what, failure: asFailure(error) });
    } finally {
      busy.current = false;
      setDoing("");
    }
  };
  const dryRun = async () => setPlan(await call("getRetention", { query: { keep_days: days } }));
  const put = async () => {
    saved(await putSome({ keep_days: days }));
    setTyped((had) => (had === typed ? null : had));
    setPlan(null);
    say(rule(days));
  };
  return {
    text, days, doing, trouble, asks,
    type: (value: string) => setTyped(value),
    /** Of the number that is in the field now, and of no other one. */
    plan: plan?.keep_days === days ? plan : null,
    look: () => attempt("looking", "What would go is not known", dryRun),
    save: () => attempt("saving", "Not saved", async () => {
      const { keep_days: before = 0 } = await call("getLimits", {}); // somebody else may have changed it
      if (!isShorter(days, before)) return put();
      await dryRun();
      setAsks(true);
    }),
    sure: () => attempt("saving", "Not saved", put),
    close: () => setAsks(false),
  };
}

function Form({ stored, saved }: { stored: number; saved: (limits: Limits) => void }) {
  const form = useRef<HTMLFormElement>(null);
  const now = useRule(stored, saved);
  const { plan, trouble } = now;
  const look = () => {
    if (form.current?.reportValidity()) void now.look();
  };
  const save = (event: Event) => {
    event.preventDefault();
    void now.save();
  };
  return (
    <>
      <form ref={form} class="settings-form" onSubmit={save}>
        <div class="field">
          <label for="keep-days">{KEEP}</label>
          <input id="keep-days" class="text" type="number" min={0} step={1} placeholder="for ever" value={now.text} aria-invalid={trouble?.failure.field === "keep_days"} aria-describedby="keep-days-help"
            onInput={(e) => now.type(e.currentTarget.value)} />
          <span id="keep-days-help" class="dim">Counted from an issue's last report and its last change. Empty: for ever.</span>
        </div>
        <div role="status">{plan && <Plan plan={plan} />}</div>
        {trouble && <p role="alert" class="problem">{trouble.what}: {trouble.failure.field && `${nameOf(trouble.failure.field)}: `}{trouble.failure.message}</p>}
        <div class="dialog-end">
          <button type="button" class="button" disabled={!now.days} onClick={look}>{now.doing === "looking" ? "It is looked at…" : "What would go?"}</button>
          <button type="submit" class="button primary">{now.doing === "saving" ? "It is saved…" : "Save the retention"}</button>
        </div>
      </form>
      {now.asks && plan && <Sure plan={plan} onYes={() => void now.sure()} onClose={now.close} />}
    </>
  );
}

export function RetentionSettings() {
  const found = useLoad((signal) => call("getLimits", { signal }));
  useEffect(() => void loadRights(), []);
  const saved = (limits: Limits) => {
    found.data.value = limits;
    found.again(); // what is under way may have been asked for before
  };
  return (
    <Section title="Retention" note="When the reports of resolved and ignored issues go. Open issues always stay, and so does what a fix, a pull request or an open issue rests on.">
      <Loaded of={found} what="The retention could not be loaded" lines={2}>
        {({ keep_days: stored = 0 }) => (may("admin") ? <Form stored={stored} saved={saved} /> : <p>{rule(stored)} <span class="dim">Your key may not change it: it lacks the right <b>admin</b>.</span></p>)}
      </Loaded>
    </Section>
  );
}
