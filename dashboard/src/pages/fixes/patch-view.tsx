// The change that the agent made, as it was handed over. It is shown, never run.
import { useMemo, useState } from "preact/hooks";
import { callText } from "../../api/client";
import type { Fix } from "../../api/contract";
import { saveText } from "../../lib/save";
import { useLoad } from "../../lib/load";
import { count, plural } from "../../lib/words";
import { ForeignLine } from "../../ui/foreign";
import { Icon } from "../../ui/icons";
import { Lines } from "../../ui/lines";
import { Loaded } from "../../ui/page";
import { readPatch, type PatchLine } from "./patch";

const SAYS: Partial<Record<PatchLine["kind"], string>> = { add: "added", remove: "removed" };

function Row({ of }: { of: PatchLine }) {
  const says = SAYS[of.kind];
  const broken = of.findings.map((f) => `${f.rule}: ${f.words}`).join("; ");
  return (
    <div class={`line line-${of.kind} ${broken ? "line-broken" : ""}`} title={broken || undefined}>
      <span class="line-no" aria-hidden="true">{of.old || ""}</span>
      <span class="line-no" aria-hidden="true">{of.new || ""}</span>
      {says && <span class="hidden">{says}: </span>}
      <code><ForeignLine text={of.text} /></code>
      {broken && <span class="line-says">breaks a rule: <ForeignLine text={broken} /></span>}
    </div>
  );
}

/** The rules that the change breaks. */
export function Findings({ of }: { of: Fix }) {
  if (!of.findings.length) return null;
  return (
    <ul class="findings">
      {of.findings.map((f, i) => (
        <li key={i}><Icon name="alert" /><span><b>{f.rule}</b> <code><ForeignLine text={f.path} />{f.line ? `:${f.line}` : ""}</code> <ForeignLine text={f.words} /></span></li>
      ))}
    </ul>
  );
}

function Text({ text, fix }: { text: string; fix: Fix }) {
  const patch = useMemo(() => readPatch(text, fix.findings), [text, fix.findings]);
  const [show, setShow] = useState<{ line: number } | null>(null);
  return (
    <>
      <ul class="patch-files">
        {patch.files.map((file) => (
          <li key={file.at}>
            <button type="button" class="link-button" onClick={() => setShow({ line: file.at })}><ForeignLine text={file.path} /></button>
            <span class="dim"><span class="added">+{count(file.added)}</span> <span class="removed">−{count(file.removed)}</span></span>
          </li>
        ))}
      </ul>
      <Lines label="The patch" n={patch.lines.length} show={show} line={(i) => {
        const line = patch.lines[i];
        return line && <Row key={i} of={line} />;
      }} />
      <p class="lines-foot">
        <span class="dim">{plural(patch.files.length, "file")}, {plural(patch.lines.length, "line")}</span>
        <button type="button" class="button small" onClick={() => saveText(text, `fix-${fix.id}.patch`)}><Icon name="download" />Download</button>
      </p>
    </>
  );
}

/** Of a fix that has one (`patch` is not null). */
export function PatchView({ of }: { of: Fix }) {
  const patch = useLoad((signal) => callText("getFixPatch", { path: { id: of.id }, signal }).then((text) => ({ text })), [of.id, of.patch?.bytes]);
  return <Loaded of={patch} what="The patch could not be loaded">{({ text }) => <Text text={text} fix={of} />}</Loaded>;
}
