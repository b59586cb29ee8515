// A fix as a row of marks, and as a table of facts.
import type { Fix, TestRun } from "../../api/contract";
import { short, span } from "../../lib/time";
import { count, plural, webLink } from "../../lib/words";
import { address } from "../../router";
import { second } from "../../state/clock";
import { timeZone } from "../../state/zone";
import { ForeignLine } from "../../ui/foreign";
import { Icon } from "../../ui/icons";
import { Ago } from "../../ui/time";
import { agentOf, costOf, hasEnded, isUnderWay, markOf, PULLS, standing, STEPS, tookOf } from "./words";

export function Standing({ of }: { of: Fix }) {
  return <span class="standing"><span class={`mark mark-${markOf(of)}`} />{standing(of)}</span>;
}

/** Why it ended without success, in the server's words. */
export function Reason({ of }: { of: Fix }) {
  if (!of.error || of.status === "success") return null;
  return <p class={`because ${hasEnded(of) ? "parked" : ""}`}><Icon name="alert" /><span><ForeignLine text={of.error} /></span></p>;
}

const ORDER = Object.keys(STEPS) as Fix["step"][];

/** How far it came, step by step. */
export function Steps({ of }: { of: Fix }) {
  const at = ORDER.indexOf(of.step);
  const failed = hasEnded(of) && of.status !== "success";
  const stateOf = (i: number) => (i < at || of.status === "success" ? "done" : i > at ? "to-come" : failed ? "failed" : isUnderWay(of) ? "now" : "done");
  const SAYS = { done: "done", "to-come": "not yet", failed: "ended here", now: "now" };
  return (
    <ol class="steps" aria-label="Steps">
      {ORDER.map((step, i) => (
        <li key={step} class={`step-${stateOf(i)}`} aria-current={stateOf(i) === "now" ? "step" : undefined}>{STEPS[step]}<span class="hidden">: {SAYS[stateOf(i)]}</span></li>
      ))}
    </ol>
  );
}

/** Where its pull request is: at its forge, else on our own page. */
export function PullLink({ of }: { of: Fix }) {
  if (of.pr_state === "none") return null;
  const link = webLink(of.pr_url);
  const words = of.pr_state === "issue" ? "issue" : "pull request";
  const name = of.pr_number ? `${words} #${of.pr_number}` : words;
  return link
    ? <a href={link} target="_blank" rel="noreferrer noopener"><Icon name="link" />{name}</a>
    : <a href={`${address(`/fixes/${of.id}`)}#pull`}>{name}</a>;
}

function Tests({ of }: { of: TestRun | undefined }) {
  if (!of) return <>not run</>;
  if (of.killed_for) return <>ended by a limit: <ForeignLine text={of.killed_for} /></>;
  return <>{of.passed ? "passed" : `failed (exit ${of.exit})`} in {span(of.ms)}</>;
}

/** How long it took, or has run so far. */
export function Took({ of }: { of: Fix }) {
  return <>{tookOf(of, of.ended_at ? 0 : second.value)}</>;
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return <div><dt>{name}</dt><dd>{children}</dd></div>;
}

export function Facts({ of }: { of: Fix }) {
  return (
    <dl class="about facts-wide">
      <Fact name="Agent"><ForeignLine text={agentOf(of.agent)} /></Fact>
      <Fact name="Asked for by"><ForeignLine text={of.asked_by} />, <Ago at={of.created_at} suffix=" ago" /></Fact>
      {of.started_at && <Fact name={hasEnded(of) ? "Took" : "Has run for"}><Took of={of} />{of.attempt > 1 && `, attempt ${count(of.attempt)} of ${count(of.max_attempts)}`}</Fact>}
      <Fact name="Cost">{costOf(of)}</Fact>
      {of.repository && <Fact name="Repository"><ForeignLine text={of.repository} />{of.base_branch && <>, from <ForeignLine text={of.base_branch} /></>}</Fact>}
      {of.branch && <Fact name="Branch"><code><ForeignLine text={of.branch} /></code></Fact>}
      {of.patch && <Fact name="Change">{plural(of.patch.files, "file")}, <span class="added">+{count(of.patch.added)}</span> <span class="removed">−{count(of.patch.removed)}</span></Fact>}
      {(of.tests.base || of.tests.patched) && <Fact name="Tests before"><Tests of={of.tests.base} /></Fact>}
      {(of.tests.base || of.tests.patched) && <Fact name="Tests after"><Tests of={of.tests.patched} /></Fact>}
      {of.blocked_hosts.length > 0 && <Fact name="Asked for in vain">{of.blocked_hosts.map((host) => <code key={host}><ForeignLine text={host} /> </code>)}</Fact>}
      {of.pr_state !== "none" && <Fact name="Pull request">{PULLS[of.pr_state]}, <PullLink of={of} /></Fact>}
      {of.watch_until && <Fact name="Watched until"><time dateTime={of.watch_until}>{short(of.watch_until, timeZone())}</time></Fact>}
      {of.follows && <Fact name="Goes on from"><a href={address(`/fixes/${of.follows}`)}>an earlier fix</a></Fact>}
    </dl>
  );
}
