// All fixes: what runs, what waits for people, what ended and why.
import { useState } from "preact/hooks";
import { call } from "../../api/client";
import type { Fix, FixState } from "../../api/contract";
import { currentItem, ITEM_KEYS } from "../../lib/items";
import { useKeys, type Key } from "../../lib/keys";
import { useLoad } from "../../lib/load";
import { count, plural } from "../../lib/words";
import { address, go, query, withQuery } from "../../router";
import { ForeignLine } from "../../ui/foreign";
import { Icon } from "../../ui/icons";
import { Loaded, Page } from "../../ui/page";
import { Empty } from "../../ui/states";
import { Ago } from "../../ui/time";
import { cancel, retry } from "./acts";
import { PullLink, Standing, Took } from "./facts";
import { COSTS, fits, isAny, read, sortsHere, TIMES, toQuery, type FixFilters } from "./filters";
import { useLive } from "./live";
import { agentShort, isUnderWay, mayRetry, money, PULLS, STATES } from "./words";
import "./fixes.css";

const PAGE = 100;
const MOST = 1000;

async function load(f: FixFilters, limit: number, signal: AbortSignal) {
  const [fixes, state] = await Promise.all([call("listFixes", { query: { ...toQuery(f), limit }, signal }), call("getFixState", { signal })]);
  return { fixes, state };
}

function Choice({ label, name, value, options }: { label: string; name: string; value: string; options: [string, string][] }) {
  return (
    <span class={`filter select ${value ? "on" : ""}`}>
      <select aria-label={label} value={value} onChange={(e) => go(withQuery({ [name]: e.currentTarget.value }), { replace: true })}>
        <option value="">{label}: any</option>
        {options.map(([v, words]) => <option key={v} value={v}>{words}</option>)}
      </select>
      <Icon name="down" />
    </span>
  );
}

function Filters({ f, agents }: { f: FixFilters; agents: string[] }) {
  return (
    <div class="fix-filters" role="group" aria-label="Filter the fixes">
      <Choice label="State" name="state" value={f.state} options={Object.entries(STATES)} />
      <Choice label="Pull request" name="pr" value={f.pull} options={Object.entries(PULLS)} />
      <Choice label="Agent" name="agent" value={f.agent} options={agents.map((name) => [name, agentShort(name)])} />
      <Choice label="Cost" name="cost" value={f.cost ? String(f.cost) : ""} options={COSTS.map((n) => [String(n), `${money(n)} or more`])} />
      <Choice label="Duration" name="took" value={f.took ? String(f.took) : ""} options={TIMES.map((n) => [String(n), `${n} min or more`])} />
    </div>
  );
}

function Row({ of }: { of: Fix }) {
  return (
    <tr data-item={of.id} tabIndex={-1}>
      <th scope="row">
        <a href={address(`/fixes/${of.id}`)}><ForeignLine text={of.cluster_title || "(no title)"} /></a>
        {of.error && of.status !== "success" && <span class="below dim"><ForeignLine text={of.error} /></span>}
      </th>
      <td><Standing of={of} /><span class="below"><PullLink of={of} /></span></td>
      <td class="wide-only"><ForeignLine text={agentShort(of.agent)} /><span class="below dim">by <ForeignLine text={of.asked_by} /></span></td>
      <td class="number wide-only">{of.cost.calls ? money(of.cost.usd) : ""}</td>
      <td class="number wide-only"><Took of={of} /></td>
      <td class="number"><Ago at={of.created_at} suffix=" ago" /></td>
    </tr>
  );
}

function Table({ fixes }: { fixes: Fix[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Fixes">
      <table class="plain fix-table">
        <thead>
          <tr>
            <th scope="col">Issue</th><th scope="col">State</th><th scope="col" class="wide-only">Agent</th>
            <th scope="col" class="number wide-only">Cost</th><th scope="col" class="number wide-only">Took</th><th scope="col" class="number">Asked for</th>
          </tr>
        </thead>
        <tbody>{fixes.map((fix) => <Row key={fix.id} of={fix} />)}</tbody>
      </table>
    </div>
  );
}

function None({ state }: { state: FixState }) {
  if (!state.ready) {
    return (
      <Empty icon="fix" title="Fixes are not set up yet">
        <p>An agent can turn an issue into a draft pull request. It holds no credential. First:</p>
        <ul class="missing">{state.missing.map((words) => <li key={words}><Icon name="alert" /><span>{words}</span></li>)}</ul>
        <p class="empty-acts"><a class="button primary" href={`${address("/settings")}#fixes`}><Icon name="gear" />Set them up</a></p>
      </Empty>
    );
  }
  return <Empty icon="fix" title="No fixes yet">Open an issue and press <kbd>f</kbd>. <a href={address("/")}>To the issues</a></Empty>;
}

function today(s: FixState): string {
  return `${count(s.running)} running, ${count(s.waiting)} waiting; ${plural(s.open_pulls, "pull request")} to be looked at. Today: ${plural(s.today.started, "fix", "fixes")}, ${money(s.today.usd)}.`;
}

function Body({ fixes, state, f, onMore }: { fixes: { items: Fix[]; next_cursor: string | null }; state: FixState; f: FixFilters; onMore: () => void }) {
  const shown = fixes.items.filter((fix) => fits(fix, f, Date.now()));
  if (!fixes.items.length && !isAny(f)) return <None state={state} />;
  return (
    <>
      <p role="status" class="now">{today(state)}</p>
      {!state.ready && <p class="because parked"><Icon name="alert" /><span>No fix can be started now: {state.missing.join("; ")}. <a href={`${address("/settings")}#fixes`}>To the settings</a></span></p>}
      <Filters f={f} agents={[...new Set([...state.agents.map((a) => a.name), ...fixes.items.map((fix) => fix.agent)])]} />
      {shown.length ? <Table fixes={shown} /> : <Empty icon="check" title="Nothing here">No fix fits these filters. <a href={address("/fixes")}>Show them all</a></Empty>}
      {fixes.next_cursor && (
        <p class="lines-foot">
          <span class="dim">{sortsHere(f) ? `Among the newest ${count(fixes.items.length)}.` : `The newest ${count(fixes.items.length)}.`}</span>
          <button type="button" class="button small" onClick={onMore}>Older ones</button>
        </p>
      )}
    </>
  );
}

export function FixesPage() {
  const f = read(query.value);
  const [limit, setLimit] = useState(PAGE);
  const found = useLoad((signal) => load(f, limit, signal), [f.state, f.pull]);
  useLive(found);
  const current = () => found.data.peek()?.fixes.items.find((fix) => fix.id === currentItem());
  const keys: Key[] = [
    ...ITEM_KEYS,
    { group: "Move", keys: ["Enter"], help: "Open the fix", run: () => { const fix = current(); if (fix) go(address(`/fixes/${fix.id}`)); } },
    { group: "Fix", keys: ["o"], help: "Open its issue", run: () => { const fix = current(); if (fix) go(address(`/issues/${fix.cluster_id}`)); } },
    { group: "Fix", keys: ["d"], help: "Stop it", run: () => { const fix = current(); if (fix && isUnderWay(fix)) void cancel(fix); } },
    { group: "Fix", keys: ["r"], help: "Try it again", run: () => { const fix = current(); if (fix && mayRetry(fix)) void retry(fix); } },
  ];
  useKeys(keys);
  const more = () => {
    setLimit(Math.min(limit + PAGE, MOST));
    setTimeout(found.again);
  };
  return (
    <Page title="Fixes" about="From an issue to a draft pull request: what runs, what waits for people, what ended and why.">
      <Loaded of={found} what="The fixes could not be loaded" lines={10}>
        {(data) => <Body fixes={data.fixes} state={data.state} f={f} onMore={more} />}
      </Loaded>
    </Page>
  );
}
