import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Feedback } from "../../api/contract";
import { SOURCE, webLink } from "../../lib/words";
import { Icon } from "../../ui/icons";
import { SourceMark } from "../../ui/sources";
import { Ago } from "../../ui/time";
import { open, opened } from "./selection";
import { Why } from "./why";

const CLIP = 600;

function Body({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  const long = text.length > CLIP;
  return (
    <>
      <p class="report-text">{long && !whole ? `${text.slice(0, CLIP).trimEnd()}…` : text}</p>
      {long && <button type="button" class="link-button" onClick={() => setWhole(!whole)}>{whole ? "Show less" : "Show all"}</button>}
    </>
  );
}

interface FoldProps {
  title: string;
  children: () => ComponentChildren;
  isOpen?: boolean;
  onToggle?: (open: boolean) => void;
}

/** <details> that makes its content only once it is opened. */
function Fold({ title, children, isOpen = false, onToggle }: FoldProps) {
  const [open, setOpen] = useState(isOpen);
  const toggled = (now: boolean) => {
    setOpen(now);
    onToggle?.(now);
  };
  return (
    <details class="fold" open={onToggle ? isOpen : open} onToggle={(e) => toggled(e.currentTarget.open)}>
      <summary>{title}</summary>
      {(open || isOpen) && children()}
    </details>
  );
}

function Facts({ metadata }: { metadata: Record<string, unknown> }) {
  return (
    <dl class="facts">
      {Object.entries(metadata).map(([name, value]) => (
        <div key={name}><dt>{name}</dt><dd>{typeof value === "object" ? JSON.stringify(value) : String(value)}</dd></div>
      ))}
    </dl>
  );
}

/** `brief`: only what it says. `lead`: what stands before its title. */
export function Report({ report, brief = false, lead }: { report: Feedback; brief?: boolean; lead?: ComponentChildren }) {
  const link = webLink(report.url) ?? webLink(report.github_issue_url);
  const facts = Object.keys(report.metadata ?? {}).length;
  return (
    <article class="report">
      <header>
        {lead}
        <SourceMark source={report.source} />
        <h3>{report.title || "(no title)"}</h3>
        {link && (
          <a class="icon-button" href={link} target="_blank" rel="noreferrer noopener" aria-label={`Original of: ${report.title}`} title="The original">
            <Icon name="link" />
          </a>
        )}
      </header>
      <p class="dim meta">
        {SOURCE[report.source]}{report.repo && `, ${report.repo}`}{report.github_issue_number && ` #${report.github_issue_number}`},{" "}
        <Ago at={report.created_at} suffix=" ago" />{report.status && `, ${report.status}`}
      </p>
      {report.body && <Body text={report.body} />}
      {!brief && (
        <div class="folds">
          <Fold title="Why here?" isOpen={opened.value.has(report.id)} onToggle={(is) => open(report.id, is)}>{() => <Why report={report} />}</Fold>
          {report.stack && <Fold title="Stack">{() => <pre class="stack">{report.stack}</pre>}</Fold>}
          {facts > 0 && <Fold title={`Details (${facts})`}>{() => <Facts metadata={report.metadata} />}</Fold>}
        </div>
      )}
    </article>
  );
}
