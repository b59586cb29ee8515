// A test report goes the whole way of its source; here it is followed, and removed again.
import { signal } from "@preact/signals";
import { call } from "../../api/client";
import { SOURCES } from "../../lib/words";
import { complain, say } from "../../state/toast";
import { Icon } from "../../ui/icons";
import { useWay, Way } from "../report/way";

/** By source: the id of the test report that is looked at; "": it is being sent. */
export const tests = signal<Record<string, string>>({});

function note(source: string, id: string | null): void {
  const { [source]: _, ...others } = tests.value;
  tests.value = id === null ? others : { ...others, [source]: id };
}

export async function sendTest(name: string): Promise<void> {
  const source = SOURCES.find((s) => s === name);
  if (!source) return;
  note(source, "");
  try {
    const answer = await call("testSource", { path: { source } });
    if (!answer.id) say(`Taken, but left out: ${answer.reason ?? "the settings say so"}`);
    note(source, answer.id);
  } catch (error) {
    note(source, null);
    complain("The test report was not taken", error);
  }
}

export function TestReport({ source, again }: { source: string; again: () => void }) {
  const id = tests.value[source];
  return id ? <Followed key={id} id={id} source={source} again={again} /> : null;
}

function Followed({ id, source, again }: { id: string; source: string; again: () => void }) {
  const way = useWay(id);
  const remove = async () => {
    try {
      await call("removeFeedback", { path: { id } });
      note(source, null);
      say("The test report is removed.");
      again();
    } catch (error) {
      complain("Not removed", error);
    }
  };
  return (
    <section class="test" aria-label="The test report">
      <Way of={way} />
      <p class="item-acts">
        <button type="button" class="button small" onClick={() => void remove()}><Icon name="trash" />Remove it again</button>
        <button type="button" class="button small" onClick={() => note(source, null)}>Keep it</button>
      </p>
    </section>
  );
}
