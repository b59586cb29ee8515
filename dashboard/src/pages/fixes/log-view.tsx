import { useEffect, useMemo } from "preact/hooks";
import type { Fix } from "../../api/contract";
import { full } from "../../lib/time";
import { saveText } from "../../lib/save";
import { plural } from "../../lib/words";
import { healed } from "../../state/connection";
import { complain } from "../../state/toast";
import { timeZone } from "../../state/zone";
import { ForeignLine } from "../../ui/foreign";
import { Icon } from "../../ui/icons";
import { Lines } from "../../ui/lines";
import { Failed, Skeleton } from "../../ui/states";
import { FixLog } from "./log";
import type { LogLine } from "./log-lines";
import { isUnderWay } from "./words";

function Row({ of, first }: { of: LogLine; first: boolean }) {
  return (
    <div class={`line line-of-${of.stream}`}>
      <span class="line-who" title={full(of.at, timeZone())}>{first ? of.stream : ""}</span>
      <code><ForeignLine text={of.text} /></code>
    </div>
  );
}

/** Follows the log while it is looked at. */
function useLog(fix: Fix): FixLog {
  const log = useMemo(() => new FixLog(fix.id), [fix.id]);
  const underWay = isUnderWay(fix);
  useEffect(() => {
    const settle = () => (document.hidden ? log.stop() : void log.start());
    settle();
    document.addEventListener("visibilitychange", settle);
    return () => {
      document.removeEventListener("visibilitychange", settle);
      log.stop();
    };
  }, [log, underWay, healed.value]);
  return log;
}

const textOf = (lines: LogLine[]) => lines.map((line) => `${line.at} ${line.stream}: ${line.text}\n`).join("");

async function older(log: FixLog): Promise<void> {
  await log.older().catch((error) => complain("Older lines could not be loaded", error));
}

/** All of it, from the first line. */
async function download(log: FixLog, name: string): Promise<void> {
  try {
    while (log.first.peek() > 1) await log.older();
    saveText(textOf(log.lines), name);
  } catch (error) {
    complain("The log could not be loaded", error);
  }
}

export function LogView({ of }: { of: Fix }) {
  const log = useLog(of);
  const isCut = log.first.value > 1;
  const { lines } = log;
  const n = log.seen.value ? lines.length : 0;
  const phase = log.phase.value;
  if (!n && log.failure.value) return <Failed what="The log could not be loaded" failure={log.failure.value} retry={() => void log.start()} />;
  if (!n && phase === "loading") return <Skeleton lines={4} />;
  if (!n) return <p class="dim">{phase === "live" ? "Nothing has been said yet." : "It left no log."}</p>;
  return (
    <>
      <Lines label="The log" n={n} above={log.above} grows={phase !== "ended"} line={(i) => {
        const line = lines[i];
        return line && <Row key={i} of={line} first={i === 0 || lines[i - 1]?.stream !== line.stream} />;
      }} />
      <p class="lines-foot">
        <span class="dim" role="status">{isCut && "the last "}{plural(n, "line")}{phase === "live" ? ", live" : ""}</span>
        {isCut && <button type="button" class="button small" onClick={() => void older(log)}><Icon name="up" />Older lines</button>}
        <button type="button" class="button small" onClick={() => void download(log, `fix-${of.id}.log`)}><Icon name="download" />Download</button>
      </p>
    </>
  );
}
