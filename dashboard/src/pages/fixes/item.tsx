// One fix of an issue, with its log, its patch and its pull request a click away.
import { useState } from "preact/hooks";
import type { Fix } from "../../api/contract";
import { address } from "../../router";
import { ForeignLine } from "../../ui/foreign";
import { Ago } from "../../ui/time";
import { FixActs } from "./acts";
import { PullLink, Reason, Standing, Took } from "./facts";
import { LogView } from "./log-view";
import { Findings, PatchView } from "./patch-view";
import { PullView } from "./pull";
import { agentShort, hasPull, isUnderWay, money } from "./words";

type Part = "log" | "patch" | "pull";

function Parts({ of }: { of: Fix }) {
  const [open, setOpen] = useState<Part | null>(isUnderWay(of) ? "log" : null);
  const parts: [Part, string, boolean][] = [["log", "Log", true], ["patch", "Patch", of.patch !== null], ["pull", "Pull request", hasPull(of)]];
  return (
    <>
      <p class="part-choice">
        {parts.filter(([, , there]) => there).map(([part, name]) => (
          <button key={part} type="button" class="button small" aria-expanded={open === part} onClick={() => setOpen(open === part ? null : part)}>{name}</button>
        ))}
        <a class="button small" href={address(`/fixes/${of.id}`)}>All of it</a>
      </p>
      {open === "log" && <LogView of={of} />}
      {open === "patch" && of.patch && <PatchView of={of} />}
      {open === "pull" && <PullView of={of} />}
    </>
  );
}

export function FixItem({ of }: { of: Fix }) {
  return (
    <li class="fix-item">
      <header>
        <h3><Standing of={of} /></h3>
        <span class="dim"><ForeignLine text={agentShort(of.agent)} />, <Ago at={of.created_at} suffix=" ago" />{of.started_at && <>, <Took of={of} /></>}{of.cost.calls > 0 && `, ${money(of.cost.usd)}`}</span>
        <PullLink of={of} />
        <FixActs of={of} />
      </header>
      <Reason of={of} />
      <Findings of={of} />
      <Parts of={of} />
    </li>
  );
}
