// A pull request as its forge has it. The local forge has no pages: what people do with one is done here.
import { useState } from "preact/hooks";
import { call } from "../../api/client";
import type { Fix, Pull } from "../../api/contract";
import { useEvery, useLoad } from "../../lib/load";
import { count, webLink } from "../../lib/words";
import { noteFix } from "../../state/fixes";
import { may } from "../../state/rights";
import { complain, say } from "../../state/toast";
import { Confirm } from "../../ui/confirm";
import { ForeignLine, ForeignText } from "../../ui/foreign";
import { Icon } from "../../ui/icons";
import { Loaded } from "../../ui/page";
import { Ago } from "../../ui/time";
import { PULLS } from "./words";

const LOOK_MS = 30_000; // what people do at the forge is not told
const MOST_CHARS = 8000;
const SHOWN_LINES = 12;
type Action = Pull["actions"][number];

const DONE: Record<Action, string> = { merge: "Merged.", close: "Closed, without a merge.", comment: "Commented." };
const NOT: Record<Action, string> = { merge: "Not merged", close: "Not closed", comment: "Not commented" };

async function act(fix: Fix, action: Action, body?: string): Promise<boolean> {
  try {
    await call("actOnFixPull", { path: { id: fix.id }, body: { action, ...(body ? { body } : {}) } });
    say(DONE[action]);
    noteFix();
    return true;
  } catch (error) {
    complain(NOT[action], error);
    return false;
  }
}

function Comments({ of }: { of: Pull }) {
  return (
    <ul class="comments">
      {of.comments.map((comment, i) => (
        <li key={i}><p class="dim"><b><ForeignLine text={comment.author} /></b>, <Ago at={comment.at} suffix=" ago" /></p><ForeignText text={comment.body} /></li>
      ))}
    </ul>
  );
}

function CommentForm({ fix, again }: { fix: Fix; again: () => void }) {
  const [text, setText] = useState("");
  const [sending, setSending] = useState(false);
  const send = async (event: Event) => {
    event.preventDefault();
    setSending(true);
    if (await act(fix, "comment", text.trim())) {
      setText("");
      again();
    }
    setSending(false);
  };
  return (
    <form class="comment-form" onSubmit={(e) => void send(e)}>
      <label class="field">Comment <span class="dim">One that names @soulcaster asks for a change on the same branch.</span>
        <textarea class="text" rows={3} maxLength={MOST_CHARS} value={text} onInput={(e) => setText(e.currentTarget.value)} />
      </label>
      <button type="submit" class="button" disabled={sending || !text.trim()}>Comment</button>
    </form>
  );
}

function Acts({ fix, of, again }: { fix: Fix; of: Pull; again: () => void }) {
  const [asking, setAsking] = useState<"merge" | "close" | null>(null);
  const run = async (action: Action) => {
    if (await act(fix, action)) again();
  };
  if (!may("fix")) return null;
  return (
    <>
      {of.actions.includes("comment") && <CommentForm fix={fix} again={again} />}
      <p class="pull-acts">
        {of.actions.includes("merge") && <button type="button" class="button primary" onClick={() => setAsking("merge")}><Icon name="merge" />Merge</button>}
        {of.actions.includes("close") && <button type="button" class="button" onClick={() => setAsking("close")}><Icon name="cross" />Close</button>}
      </p>
      {asking === "merge" && (
        <Confirm title="Merge this change?" verb="Merge it" onClose={() => setAsking(null)} onYes={() => void run("merge")}>
          <p>The branch <b><ForeignLine text={of.branch} /></b> goes into <b><ForeignLine text={of.base} /></b>, and the issue is resolved. Read the patch first.</p>
        </Confirm>
      )}
      {asking === "close" && (
        <Confirm title="Close without a merge?" verb="Close it" onClose={() => setAsking(null)} onYes={() => void run("close")}>
          <p>The issue is open again. The patch and the branch stay.</p>
        </Confirm>
      )}
    </>
  );
}

/** Its first lines; the patch below is what counts. */
function Body({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  const lines = text.split("\n");
  const long = lines.length > SHOWN_LINES;
  return (
    <div>
      <ForeignText text={long && !whole ? lines.slice(0, SHOWN_LINES).join("\n") : text} />
      {long && <button type="button" class="link-button" onClick={() => setWhole(!whole)}>{whole ? "Show less" : `Show all ${count(lines.length)} lines`}</button>}
    </div>
  );
}

function View({ fix, of, again }: { fix: Fix; of: Pull; again: () => void }) {
  const link = webLink(of.url);
  return (
    <article class="pull">
      <header>
        <h3><ForeignLine text={of.title} /> <span class="dim">#{of.number}</span></h3>
        <p class="dim">
          {PULLS[of.state]}{of.draft && of.state === "open" && ", a draft"}: <code><ForeignLine text={of.branch} /></code> into <code><ForeignLine text={of.base} /></code>
          {of.merge_commit && <>, as <code>{of.merge_commit.slice(0, 12)}</code></>}
        </p>
        {link && <a href={link} target="_blank" rel="noreferrer noopener"><Icon name="link" />Open it at its forge</a>}
      </header>
      <Body text={of.body} />
      <Comments of={of} />
      <Acts fix={fix} of={of} again={again} />
    </article>
  );
}

export function PullView({ of }: { of: Fix }) {
  const pull = useLoad((signal) => call("getFixPull", { path: { id: of.id }, signal }), [of.id, of.pr_state]);
  useEvery(LOOK_MS, pull.again);
  return <Loaded of={pull} what="The pull request could not be loaded">{(data) => <View fix={of} of={data} again={pull.again} />}</Loaded>;
}
