// Choosing another issue: what lies near at first, then whatever is typed, by meaning and by words.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { ComponentChildren, TargetedEvent } from "preact";
import type { Cluster } from "../api/contract";
import { asFailure, wasAborted, type Failure } from "../api/client";
import { findIssues } from "../api/find";
import { plural } from "../lib/words";
import { Dialog } from "./dialog";
import { Skeleton } from "./states";
import { StatusMark } from "./status";

const TYPING_MS = 150;
const SHOWN = 12;

interface Option {
  cluster: Cluster;
  note: string;
}

interface Props {
  title: string;
  /** What it is about, above the field. */
  children?: ComponentChildren;
  /** What is offered before anything is typed, with a word on each. */
  near: () => Promise<Option[]>;
  /** Issues that cannot be chosen. */
  except: string[];
  onChoose: (cluster: Cluster) => void;
  onClose: () => void;
}

const noted = (cluster: Cluster): Option => ({ cluster, note: plural(cluster.count, "report") });

interface Answer {
  /** What was typed; the options of the text before stay until they are there. */
  to: string;
  options: Option[];
}

/** The options for what is typed; null while none are known. */
function useOptions(text: string, near: Props["near"]): { answer: Answer | null; failure: Failure | null } {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    const show = (options: Option[]) => {
      if (abort.signal.aborted) return;
      setAnswer({ to: text, options });
      setFailure(null);
    };
    const fail = (error: unknown) => {
      if (!abort.signal.aborted && !wasAborted(error)) setFailure(asFailure(error));
    };
    const look = () => {
      const q = text.trim();
      if (!q) return void near().then(show, fail);
      void findIssues(q, {}, SHOWN, abort.signal).then((found) => show(found.map((f) => noted(f.cluster))), fail);
    };
    const timer = setTimeout(look, text ? TYPING_MS : 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  return { answer, failure };
}

export function IssuePicker({ title, children, near, except, onChoose, onClose }: Props) {
  const [text, setText] = useState("");
  const [picked, setPicked] = useState<string | null>(null); // by hand, since the last letter: it stays so when other options come
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  const hurry = useRef(false); // Enter was pressed before the answer came
  const { answer, failure } = useOptions(text, near);
  const options = answer?.options.filter((o) => !except.includes(o.cluster.id)).slice(0, SHOWN) ?? null;
  const at = Math.max(0, options?.findIndex((o) => o.cluster.id === picked) ?? 0);
  const isOld = answer !== null && answer.to !== text;
  useEffect(() => {
    if (hurry.current && options?.[0]) onChoose(options[0].cluster);
    hurry.current = false;
  }, [answer]);
  useEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [at]);

  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const to = options?.[by ? Math.max(0, Math.min(options.length - 1, at + by)) : at]?.cluster;
    if (by) setPicked(to?.id ?? null);
    else if (event.key !== "Enter") return;
    else if (answer?.to !== text && picked === null) hurry.current = true;
    else if (to) onChoose(to);
    event.preventDefault();
  };
  const onInput = (event: TargetedEvent<HTMLInputElement>) => {
    setText(event.currentTarget.value);
    setPicked(null);
  };
  return (
    <Dialog title={title} onClose={onClose} wide>
      {children}
      <input class="text" type="text" role="combobox" aria-label="Search issues" placeholder="Search by meaning or words" autoFocus autocomplete="off"
        spellcheck={false} maxLength={500} aria-expanded={options !== null && options.length > 0} aria-controls={`${id}-list`} aria-autocomplete="list"
        aria-activedescendant={options?.[at] ? `${id}-${at}` : undefined}
        value={text} onInput={onInput} onKeyDown={onKeyDown} />
      {failure && <p role="alert">{failure.message}</p>}
      {!options && !failure && <Skeleton lines={4} />}
      {options?.length === 0 && <p class="dim">{text.trim() ? "No issue means this or holds these words." : "No other issue comes near. Type to search all of them."}</p>}
      <ul class="choices" role="listbox" aria-label="Issues" aria-busy={isOld} id={`${id}-list`} ref={list}>
        {options?.map(({ cluster, note }, i) => (
          <li key={cluster.id} id={`${id}-${i}`} role="option" aria-selected={i === at} onPointerMove={() => setPicked(cluster.id)} onClick={() => onChoose(cluster)}>
            <StatusMark status={cluster.status} />
            <span class="clip">{cluster.title || "(no title)"}</span>
            <span class="dim">{note}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
