// Saved views of the issue list, for all who work on the project.
import { call } from "../../api/client";
import type { View } from "../../api/contract";
import { useLoad } from "../../lib/load";
import { complain, done } from "../../state/toast";
import { Loaded, Section } from "../../ui/page";
import { Ago } from "../../ui/time";

async function remove(view: View, again: () => void): Promise<void> {
  try {
    await call("dropView", { path: { id: view.id ?? "" } });
    again();
    done(`View "${view.name}" removed.`, async () => {
      await call("saveView", { body: { name: view.name ?? "", query: view.query ?? {} } });
      again();
    });
  } catch (error) {
    complain("Not removed", error);
  }
}

export function SavedViews() {
  const views = useLoad((signal) => call("listViews", { signal }));
  return (
    <Section title="Saved views" note="They stand beside the list of issues. Save one there: choose filters, then “Save this view”.">
      <Loaded of={views} what="The views could not be loaded" lines={2}>
        {({ items = [] }) => items.length ? (
          <table class="plain">
            <thead class="hidden"><tr><th scope="col">Name</th><th scope="col">Saved</th><th scope="col">Remove</th></tr></thead>
            <tbody>
              {items.map((view) => (
                <tr key={view.id}>
                  <th scope="row">{view.name}</th>
                  <td class="dim">by {view.by}, <Ago at={view.saved_at ?? null} suffix=" ago" /></td>
                  <td class="number"><button type="button" class="button small" aria-label={`Remove ${view.name}`} onClick={() => void remove(view, views.again)}>Remove</button></td>
                </tr>
              ))}
            </tbody>
          </table>
        ) : <p class="dim">There are none yet.</p>}
      </Loaded>
    </Section>
  );
}
