import { useState } from "preact/hooks";
import { copyText } from "../lib/clipboard";
import { say } from "../state/toast";
import { Icon } from "./icons";

const SHOWN_MS = 2000;

/** A text that is to be copied, with a button that does it. */
export function Copy({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return void say("The browser does not let this page copy. Select the text and copy it yourself.", { tone: "bad" });
    setCopied(true);
    setTimeout(() => setCopied(false), SHOWN_MS);
  };
  return (
    <span class="copy">
      <input class="text mono" readOnly aria-label={label} value={text} onFocus={(e) => e.currentTarget.select()} />
      <button type="button" class="button" onClick={() => void copy()}><Icon name={copied ? "check" : "copy"} />{copied ? "Copied" : "Copy"}</button>
    </span>
  );
}
