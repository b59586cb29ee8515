// A report that a person writes here: what somebody said on the phone, in a chat, at the counter.
import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { asFailure, call, type Failure } from "../../api/client";
import { Dialog } from "../../ui/dialog";
import { useWay, Way } from "./way";

// What was written stays when the dialog is closed by mistake, until it is sent.
const draft = signal({ title: "", body: "", url: "" });
const write = (part: Partial<typeof draft.value>) => (draft.value = { ...draft.value, ...part });

function Problem({ failure }: { failure: Failure }) {
  return (
    <p role="alert" class="problem">
      Not stored: {failure.message} {failure.requestId && <span class="dim">Request <code>{failure.requestId}</code></span>}
    </p>
  );
}

function Form({ onSent, onClose }: { onSent: (id: string) => void; onClose: () => void }) {
  const [failure, setFailure] = useState<Failure | null>(null);
  const [sending, setSending] = useState(false);
  const { title, body, url } = draft.value;
  const submit = async (event: Event) => {
    event.preventDefault();
    if (sending || !(title.trim() || body.trim())) return;
    setSending(true);
    setFailure(null);
    try {
      const answer = await call("ingestManual", { body: { title: title.trim() || null, body: body.trim() || null, url: url.trim() || null } });
      draft.value = { title: "", body: "", url: "" };
      if (answer.id) onSent(answer.id);
    } catch (error) {
      setFailure(asFailure(error));
    }
    setSending(false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void submit(event);
  };
  return (
    <form onSubmit={(e) => void submit(e)} onKeyDown={onKeyDown}>
      <label class="field">What is it about?
        <input class="text" value={title} maxLength={1000} autoFocus onInput={(e) => write({ title: e.currentTarget.value })} />
      </label>
      <label class="field">What did they say?
        <textarea class="text" rows={7} value={body} maxLength={262144} onInput={(e) => write({ body: e.currentTarget.value })} />
      </label>
      <label class="field">Where is the original? <span class="dim">A link, if there is one</span>
        <input class="text" type="url" value={url} maxLength={2000} placeholder="https://" onInput={(e) => write({ url: e.currentTarget.value })} />
      </label>
      {failure && <Problem failure={failure} />}
      <div class="dialog-end">
        <button type="button" class="button" onClick={onClose}>Cancel</button>
        <button type="submit" class="button primary" disabled={sending || !(title.trim() || body.trim())}>{sending ? "Sending…" : "Send"}<kbd>Ctrl ⏎</kbd></button>
      </div>
    </form>
  );
}

function Sent({ id, onMore, onClose }: { id: string; onMore: () => void; onClose: () => void }) {
  const way = useWay(id);
  return (
    <div onClick={(e) => (e.target as Element).closest("a") && onClose()}>
      <Way of={way} />
      <div class="dialog-end">
        <button type="button" class="button" onClick={onMore}>Write another</button>
        <button type="button" class="button primary" autoFocus onClick={onClose}>Done</button>
      </div>
    </div>
  );
}

export function NewReport({ onClose }: { onClose: () => void }) {
  const [sent, setSent] = useState("");
  return (
    <Dialog title={sent ? "Report sent" : "New report"} wide onClose={onClose}>
      {sent ? <Sent id={sent} onMore={() => setSent("")} onClose={onClose} /> : <Form onSent={setSent} onClose={onClose} />}
    </Dialog>
  );
}
