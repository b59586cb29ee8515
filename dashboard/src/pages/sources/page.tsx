import { ITEM_KEYS, currentItem } from "../../lib/items";
import { useKeys, type Key } from "../../lib/keys";
import { useEvents, useEvery, useLoad } from "../../lib/load";
import { call } from "../../api/client";
import { openImport, openNewReport } from "../../shell/overlays";
import { Icon } from "../../ui/icons";
import { Loaded, Page } from "../../ui/page";
import { OneSource } from "./source";
import { sendTest } from "./test";

const LOOK_MS = 15_000; // refused deliveries make no event

const KEYS: Key[] = [
  ...ITEM_KEYS,
  { group: "Sources", keys: ["t"], help: "Send a test report", run: () => withSource((source) => void sendTest(source)) },
  { group: "Sources", keys: ["e"], help: "Settings of the source", run: () => withSource((source) => document.getElementById(`settings-${source}`)?.click()) },
];

function withSource(run: (source: string) => void): void {
  const source = currentItem();
  if (source) run(source);
}

export function SourcesPage() {
  const sources = useLoad((signal) => call("listSources", { signal }));
  useEvents(["feedback.", "cluster."], sources.again, 1000);
  useEvery(LOOK_MS, sources.again);
  useKeys(KEYS);
  const acts = (
    <>
      <button type="button" class="button" onClick={() => openImport()}><Icon name="upload" />Import files</button>
      <button type="button" class="button" onClick={openNewReport}><Icon name="plus" />New report<kbd>c</kbd></button>
    </>
  );
  return (
    <Page title="Sources" about="Where reports come from, what is missing, and what was refused." acts={acts}>
      <Loaded of={sources} what="The sources could not be loaded" lines={10}>
        {({ items }) => <ul class="items">{items.map((source) => <OneSource key={source.source} state={source} again={sources.again} />)}</ul>}
      </Loaded>
    </Page>
  );
}
