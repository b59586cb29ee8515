import { useState } from "preact/hooks";
import type { Feedback } from "../../api/contract";
import { SOURCE, webLink } from "../../lib/words";
import { Icon } from "../../ui/icons";
import { SourceMark } from "../../ui/sources";
import { Ago } from "../../ui/time";
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

/** <details> that makes its content only once it is opened. */
function Fold({ title, children }: { title: string; children: () => preact.ComponentChildren }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="fold" onToggle={(e) => e.currentTarget.open && setOpen(true)}>
      <summary>{title}</summary>
      {open && children()}
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

export function Report({ report, brief = false }: { report: Feedback; brief?: boolean }) {
  const link = webLink(report.url) ?? webLink(report.github_issue_url);
  const facts = Object.keys(report.metadata ?? {}).length;
  return (
    <article class="report">
      <header>
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
          <Fold title="Why here?">{() => <Why report={report} />}</Fold>
          {report.stack && <Fold title="Stack">{() => <pre class="stack">{report.stack}</pre>}</Fold>}
          {facts > 0 && <Fold title={`Details (${facts})`}>{() => <Facts metadata={report.metadata} />}</Fold>}
        </div>
      )}
    </article>
  );
}
