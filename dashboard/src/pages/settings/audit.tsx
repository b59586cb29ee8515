// Who changed what: the audit log of this project, newest first.
import { useState } from "preact/hooks";
import { call } from "../../api/client";
import type { AuditRow } from "../../api/contract";
import { useLoad } from "../../lib/load";
import { complain } from "../../state/toast";
import { Loaded, Section } from "../../ui/page";
import { Ago } from "../../ui/time";

const SHOWN = 20;

/** "patchCluster" as "patch cluster". */
const words = (action: string) => action.replace(/([A-Z])/g, " $1").toLowerCase();

const plain = (v: unknown) => (v !== null && typeof v === "object" ? JSON.stringify(v) : String(v));

/** "status: new → resolved": only what is another one than before. */
function changes({ before, after, asked }: AuditRow): string {
  const was = (before ?? {}) as Record<string, unknown>;
  const is = (after ?? {}) as Record<string, unknown>;
  const told = Object.keys(is).filter((key) => key !== "action_id" && plain(is[key]) !== plain(was[key]));
  if (told.length) return told.map((key) => (key in was ? `${key}: ${plain(was[key])} → ${plain(is[key])}` : `${key}: ${plain(is[key])}`)).join(", ");
  return Object.entries((asked ?? {}) as Record<string, unknown>).map(([key, value]) => `${key}: ${plain(value)}`).join(", ");
}

function Row({ of }: { of: AuditRow }) {
  return (
    <tr>
      <th scope="row">{of.actor}<span class="below"><Ago at={of.at} suffix=" ago" /></span></th>
      <td>{words(of.action)}{of.target && <span class="below mono">{of.target}</span>}</td>
      <td class="wide-only">{changes(of)}</td>
    </tr>
  );
}

export function Audit() {
  const first = useLoad((signal) => call("listAudit", { query: { limit: SHOWN }, signal }));
  const [older, setOlder] = useState<{ items: AuditRow[]; next: string | null } | null>(null);
  const more = async (from: string) => {
    try {
      const page = await call("listAudit", { query: { limit: SHOWN, cursor: from } });
      setOlder({ items: [...(older?.items ?? []), ...page.items], next: page.next_cursor });
    } catch (error) {
      complain("Older changes could not be loaded", error);
    }
  };
  return (
    <Section title="Changes" note="What people and keys changed in this project, and how it was before.">
      <Loaded of={first} what="The changes could not be loaded" lines={4}>
        {({ items, next_cursor }) => {
          const next = older ? older.next : next_cursor;
          return items.length ? (
            <>
              <table class="plain">
                <thead class="hidden"><tr><th scope="col">Who</th><th scope="col">What</th><th scope="col">Change</th></tr></thead>
                <tbody>{[...items, ...(older?.items ?? [])].map((row) => <Row key={row.id} of={row} />)}</tbody>
              </table>
              {next && <button type="button" class="button small" onClick={() => void more(next)}>Older changes</button>}
            </>
          ) : <p class="dim">Nobody has changed anything yet.</p>;
        }}
      </Loaded>
    </Section>
  );
}
