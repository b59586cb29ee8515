// One fix, all of it.
import { useEffect, useRef } from "preact/hooks";
import { call } from "../../api/client";
import type { Fix } from "../../api/contract";
import { useKeys } from "../../lib/keys";
import { useLoad } from "../../lib/load";
import { address, go, hash } from "../../router";
import { ForeignLine, ForeignText } from "../../ui/foreign";
import { Icon } from "../../ui/icons";
import { Loaded, Page, Section } from "../../ui/page";
import { cancel, FixActs, retry } from "./acts";
import { Facts, Reason, Standing, Steps } from "./facts";
import { useLive } from "./live";
import { LogView } from "./log-view";
import { Findings, PatchView } from "./patch-view";
import { PlanView } from "./plan-view";
import { PullView } from "./pull";
import { hasPull, isUnderWay, mayRetry } from "./words";
import "./fixes.css";

function Parts({ of }: { of: Fix }) {
  const pull = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (hash.value === "#pull") pull.current?.scrollIntoView();
  }, [hash.value]);
  return (
    <>
      <Reason of={of} />
      <Steps of={of} />
      <Facts of={of} />
      {of.instructions && <Section title="Told besides the plan"><ForeignText text={of.instructions} /></Section>}
      {hasPull(of) && <div id="pull" ref={pull}><Section title="Pull request"><PullView of={of} /></Section></div>}
      {(of.patch || of.findings.length > 0) && (
        <Section title="Patch" note={of.findings.length > 0 ? "It breaks rules of the project." : undefined}>
          <Findings of={of} />
          {of.patch && <PatchView of={of} />}
        </Section>
      )}
      <Section title="Log" note="What was done, and what programs said. Their words are foreign."><LogView of={of} /></Section>
      {of.plan_version !== null && <Section title="Plan" note={`It worked by version ${of.plan_version}; the next fix works by the newest.`}><PlanView id={of.cluster_id} /></Section>}
    </>
  );
}

export function FixPage({ id }: { id: string }) {
  const fix = useLoad((signal) => call("getFix", { path: { id }, signal }), [id]);
  useLive(fix);
  const now = () => fix.data.peek();
  useKeys([
    { group: "Fix", keys: ["o", "Enter"], help: "Open its issue", run: () => { const of = now(); if (of) go(address(`/issues/${of.cluster_id}`)); } },
    { group: "Fix", keys: ["d"], help: "Stop it", run: () => { const of = now(); if (of && isUnderWay(of)) void cancel(of); } },
    { group: "Fix", keys: ["r"], help: "Try it again", run: () => { const of = now(); if (of && mayRetry(of)) void retry(of); } },
    { group: "Move", keys: ["Escape"], help: "All fixes", run: () => go(address("/fixes")) },
  ]);
  const of = fix.data.value;
  return (
    <Page title="Fix" about={of && <>Of <a href={address(`/issues/${of.cluster_id}`)}><ForeignLine text={of.cluster_title || "an issue"} /></a></>}
      acts={of && <FixActs of={of} keys />}>
      <p class="fix-nav"><a class="back" href={address("/fixes")}><Icon name="left" />Fixes</a>{of && <b role="status"><Standing of={of} /></b>}</p>
      <Loaded of={fix} what="The fix could not be loaded" lines={12}>{(data) => <Parts of={data} />}</Loaded>
    </Page>
  );
}
