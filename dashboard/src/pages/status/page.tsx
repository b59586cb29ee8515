import { call, health } from "../../api/client";
import { useEvents, useEvery, useLoad } from "../../lib/load";
import { count, plural } from "../../lib/words";
import { address } from "../../router";
import { now } from "../../state/clock";
import { Icon } from "../../ui/icons";
import { Loaded, Page, Section } from "../../ui/page";
import { Ago } from "../../ui/time";
import { bytes, checksOf, store, type Check, type Facts, type Health, type Level } from "./checks";

const LOOK_MS = 5000;
const ICONS: Record<Level, "check" | "eye" | "alert"> = { good: "check", note: "eye", bad: "alert" };
const WORDS: Record<Level, string> = { good: "Well", note: "Look", bad: "Wrong" };

/** Of a server that is not well, its health alone may be all there is. */
async function load(signal: AbortSignal): Promise<Facts | { health: Health }> {
  const well = await health(signal);
  try {
    const [status, system, sources, dead] = await Promise.all([
      call("getClusteringStatus", { signal }), call("getSystem", { signal }), call("listSources", { signal }), call("listDeadLetters", { query: { limit: 100 }, signal }),
    ]);
    return { health: well, status, system, sources: sources.items, dead: dead.total < 0 ? dead.items.length : dead.total };
  } catch (error) {
    if (well.status === "ok") throw error;
    return { health: well };
  }
}

function One({ check }: { check: Check }) {
  return (
    <li class={`check-row ${check.level}`}>
      <Icon name={ICONS[check.level]} />
      <div>
        <h2>{check.name} <span class="hidden">{WORDS[check.level]}</span></h2>
        <p>{check.says}</p>
        {check.todo && <p class="dim">{check.todo} {check.link && <a href={address(check.link.to)}>{check.link.words}</a>}</p>}
        {!check.todo && check.link && <p><a href={address(check.link.to)}>{check.link.words}</a></p>}
      </div>
    </li>
  );
}

function verdict(checks: Check[]): { level: Level; words: string } {
  const of = (level: Level) => checks.filter((c) => c.level === level).length;
  if (of("bad")) return { level: "bad", words: `${plural(of("bad"), "thing")} ${of("bad") === 1 ? "is" : "are"} wrong` };
  if (of("note")) return { level: "note", words: `All works; ${plural(of("note"), "thing")} to look at` };
  return { level: "good", words: "All is well" };
}

function Numbers({ facts: { system } }: { facts: Facts }) {
  const rows: [string, preact.ComponentChildren][] = [
    ["Version", system.version],
    ["Started", <Ago at={system.started_at} suffix=" ago" />],
    ["Store", `${system.store.backend}, schema ${system.store.schema_version}, ${bytes(system.store.bytes)}`],
    ["Free on its disk", system.store.free_bytes < 0 ? "not known" : bytes(system.store.free_bytes)],
    ["Memory", bytes(system.memory_bytes)],
    ["Held for grouping and search", `${plural(system.index.reports, "report")} in ${plural(system.index.clusters, "issue")}, ${bytes(system.index.bytes)}`],
    ["Projects in memory", count(system.index.projects)],
  ];
  return <dl class="about">{rows.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}

export function StatusPage() {
  const facts = useLoad(load);
  useEvery(LOOK_MS, facts.again);
  useEvents(["feedback.", "model."], facts.again, 1000);
  return (
    <Page title="Health" about="What is wrong, if anything, and what to do.">
      <Loaded of={facts} what="The server could not be asked" lines={10}>
        {(data) => {
          const checks = "system" in data ? checksOf(data, now.value) : [store(data)];
          const { level, words } = verdict(checks);
          return (
            <>
              <p role="status" class={`verdict ${level}`}><Icon name={ICONS[level]} />{words}</p>
              <ul class="checks-rows">{checks.map((check) => <One key={check.name} check={check} />)}</ul>
              {"system" in data && (
                <Section title="This installation" note={<>More, for machines: <code>/metrics</code>. In depth: <code>soulcaster doctor</code>.</>}>
                  <Numbers facts={data} />
                </Section>
              )}
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}
