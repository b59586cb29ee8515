// Text that strangers, programs or models wrote.
import { clipLine, LINE_CHARS, piecesOf } from "../lib/visible";
import { count } from "../lib/words";

function Pieces({ text }: { text: string }) {
  const pieces = piecesOf(text);
  if (pieces.every((p) => !p.unseen)) return <>{text}</>;
  return <>{pieces.map((p, i) => (p.unseen ? <span key={i} class="unseen" title="A character that cannot be seen">{p.text}</span> : p.text))}</>;
}

/** One line, cut where it is very long. */
export function ForeignLine({ text }: { text: string }) {
  const { text: start, more } = clipLine(text, LINE_CHARS);
  return <><Pieces text={start} />{more > 0 && <span class="unseen">{count(more)} more characters</span>}</>;
}

/** Some lines, each as it is. */
export function ForeignText({ text }: { text: string }) {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  return <p class="foreign">{lines.map((line, i) => <span key={i}><ForeignLine text={line} />{i < lines.length - 1 && "\n"}</span>)}</p>;
}
