// API keys: made here, shown once, revoked for good.
import { useState } from "preact/hooks";
import { asFailure, call, type Answer, type Failure } from "../../api/client";
import type { Key, Scope } from "../../api/contract";
import { useLoad } from "../../lib/load";
import { DAY, day, full } from "../../lib/time";
import { now } from "../../state/clock";
import { timeZone } from "../../state/zone";
import { complain, say } from "../../state/toast";
import { Confirm } from "../../ui/confirm";
import { Copy } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icons";
import { Loaded, Section } from "../../ui/page";
import { Ago } from "../../ui/time";

const SCOPES: Record<Scope, string> = {
  ingest: "send reports", read: "read reports and issues", triage: "change issues", fix: "start fixes, merge and close their pull requests", admin: "all of that, and keys, projects and settings",
};
const ENDS: [string, number][] = [["Never", 0], ["In 30 days", 30], ["In 90 days", 90], ["In a year", 365]];

function NewKey({ onMade, onClose }: { onMade: (key: Answer<"createKey">) => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["ingest"]);
  const [days, setDays] = useState(0);
  const [failure, setFailure] = useState<Failure | null>(null);
  const flip = (scope: Scope) => setScopes(scopes.includes(scope) ? scopes.filter((s) => s !== scope) : [...scopes, scope]);
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      onMade(await call("createKey", { body: { name: name.trim(), scopes, ...(days ? { expires_at: new Date(Date.now() + days * DAY).toISOString() } : {}) } }));
    } catch (error) {
      setFailure(asFailure(error));
    }
  };
  return (
    <form onSubmit={(e) => void submit(e)}>
      <label class="field">Who or what uses it?
        <input class="text" required maxLength={60} pattern=".*\S.*" autoFocus value={name} placeholder="website form" onInput={(e) => setName(e.currentTarget.value)} />
      </label>
      <fieldset class="field checks-list">
        <legend>What may it do?</legend>
        {(Object.keys(SCOPES) as Scope[]).map((scope) => (
          <label key={scope} class="check"><input type="checkbox" checked={scopes.includes(scope)} onChange={() => flip(scope)} /><b>{scope}</b><span class="dim">{SCOPES[scope]}</span></label>
        ))}
      </fieldset>
      <label class="field">When does it end?
        <select class="text" value={String(days)} onChange={(e) => setDays(Number(e.currentTarget.value))}>
          {ENDS.map(([words, n]) => <option key={n} value={String(n)}>{words}</option>)}
        </select>
      </label>
      {failure && <p role="alert" class="problem">Not made: {failure.message}</p>}
      <div class="dialog-end">
        <button type="button" class="button" onClick={onClose}>Cancel</button>
        <button type="submit" class="button primary" disabled={!name.trim() || !scopes.length}>Make the key</button>
      </div>
    </form>
  );
}

function KeyDialog({ again, onClose }: { again: () => void; onClose: () => void }) {
  const [made, setMade] = useState<Answer<"createKey"> | null>(null);
  const onMade = (key: Answer<"createKey">) => {
    setMade(key);
    again();
  };
  return (
    <Dialog title={made ? "The key is made" : "New API key"} wide onClose={onClose}>
      {made ? (
        <>
          <p>This is the only time that it is shown. Copy it to where it is used.</p>
          <Copy text={made.key} label="The key" />
          <div class="dialog-end"><button type="button" class="button primary" autoFocus onClick={onClose}>Done</button></div>
        </>
      ) : <NewKey onMade={onMade} onClose={onClose} />}
    </Dialog>
  );
}

async function revoke(key: Key, again: () => void): Promise<void> {
  try {
    await call("revokeKey", { path: { id: key.id } });
    say(`The key "${key.name}" ends within two seconds.`);
    again();
  } catch (error) {
    complain("Not revoked", error);
  }
}

function stateOf(key: Key): string {
  if (key.revoked_at) return "revoked";
  return key.expires_at && Date.parse(key.expires_at) < now.value ? "expired" : "";
}

function Row({ of, onRevoke }: { of: Key; onRevoke: () => void }) {
  const state = stateOf(of);
  return (
    <tr class={state && "ended"}>
      <th scope="row">{of.name}<span class="below mono">{of.prefix}…</span></th>
      <td>{of.scopes.join(", ")}{!of.project_id && <span class="below">all projects</span>}</td>
      <td class="wide-only">{of.last_used_at ? <>used <Ago at={of.last_used_at} suffix=" ago" /></> : "never used"}</td>
      <td class="wide-only">{of.expires_at && !state ? <>until <time dateTime={of.expires_at} title={full(of.expires_at, timeZone())}>{day(Date.parse(of.expires_at), now.value, timeZone())}</time></> : state || "does not end"}</td>
      <td class="number">{!state && <button type="button" class="button small" aria-label={`Revoke ${of.name}`} onClick={onRevoke}>Revoke</button>}</td>
    </tr>
  );
}

export function Keys() {
  const keys = useLoad((signal) => call("listKeys", { signal }));
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Key | null>(null);
  return (
    <Section title="API keys" note="For what sends reports or asks for them without a person." acts={<button type="button" class="button small" onClick={() => setMaking(true)}><Icon name="key" />New key</button>}>
      <Loaded of={keys} what="The keys could not be loaded" lines={3}>
        {({ items }) => items.length ? (
          <table class="plain">
            <thead class="hidden"><tr><th scope="col">Name</th><th scope="col">Scopes</th><th scope="col">Used</th><th scope="col">Ends</th><th scope="col">Revoke</th></tr></thead>
            <tbody>{items.map((key) => <Row key={key.id} of={key} onRevoke={() => setRevoking(key)} />)}</tbody>
          </table>
        ) : <p class="dim">There are none in this project.</p>}
      </Loaded>
      {making && <KeyDialog again={keys.again} onClose={() => setMaking(false)} />}
      {revoking && (
        <Confirm title={`Revoke "${revoking.name}"?`} verb="Revoke it" onClose={() => setRevoking(null)} onYes={() => void revoke(revoking, keys.again)}>
          <p>Whatever uses it is refused from then on. This cannot be undone.</p>
        </Confirm>
      )}
    </Section>
  );
}
