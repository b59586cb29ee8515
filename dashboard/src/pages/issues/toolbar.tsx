import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { ClusterStatus } from "../../api/contract";
import { debounce } from "../../lib/debounce";
import { SOURCE, SOURCES, STATUS, STATUSES } from "../../lib/words";
import { go, withQuery } from "../../router";
import { Icon } from "../../ui/icons";
import { OPEN, SEEN, SORTS, sameStatuses, write, type Filters, type Seen, type Sort } from "./filters";
import { filters } from "./list";

const TYPING_MS = 150;
export const SEARCH_ID = "search";

function change(part: Partial<Filters>): void {
  go(withQuery(write({ ...filters.value, ...part })), { replace: true });
}

/** Search as you type: the address follows a moment later, and the list follows the address. */
function Search() {
  const text = useSignal(filters.value.q);
  const send = useRef(debounce(() => change({ q: text.value }), TYPING_MS)).current;
  useEffect(() => {
    if (document.activeElement?.id !== SEARCH_ID) text.value = filters.value.q;
  }, [filters.value.q]);
  const set = (value: string) => {
    text.value = value;
    send();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" && event.key !== "Enter") return;
    event.preventDefault();
    if (event.key === "Escape") set("");
    (event.currentTarget as HTMLElement).blur();
  };
  return (
    <div class="search">
      <Icon name="search" />
      <input id={SEARCH_ID} type="search" value={text.value} placeholder="Search by meaning or words" aria-label="Search issues"
        autocomplete="off" spellcheck={false} maxLength={500} onInput={(e) => set(e.currentTarget.value)} onKeyDown={onKeyDown} />
      <kbd aria-hidden="true">/</kbd>
    </div>
  );
}

function statusWords(status: ClusterStatus[]): string {
  if (!status.length) return "Any status";
  if (sameStatuses(status, OPEN)) return "Open";
  return status.length < 3 ? status.map((s) => STATUS[s].name).join(", ") : `${status.length} statuses`;
}

function StatusFilter() {
  const { status } = filters.value;
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      if (menu.current?.open && !(event.target instanceof Node && menu.current.contains(event.target))) menu.current.open = false;
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("focusin", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("focusin", close);
    };
  }, []);
  const flip = (s: ClusterStatus) => {
    const now = status.length ? status : STATUSES;
    const next = now.includes(s) ? now.filter((one) => one !== s) : [...now, s];
    change({ status: next.length === STATUSES.length ? [] : next.length ? next : OPEN });
  };
  return (
    <details class="menu" ref={menu} onKeyDown={(e) => e.key === "Escape" && ((e.currentTarget as HTMLDetailsElement).open = false)}>
      <summary class={`filter ${sameStatuses(status, OPEN) ? "" : "on"}`}>{statusWords(status)}<Icon name="down" /></summary>
      <div class="menu-body">
        {STATUSES.map((s) => (
          <label key={s}>
            <input type="checkbox" checked={!status.length || status.includes(s)} onChange={() => flip(s)} />
            {STATUS[s].name}
          </label>
        ))}
        <div class="menu-end">
          <button type="button" class="link-button" onClick={() => change({ status: OPEN })}>Open ones</button>
          <button type="button" class="link-button" onClick={() => change({ status: [] })}>All</button>
        </div>
      </div>
    </details>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: [value: string, name: string][];
  onChoose: (value: string) => void;
  plain?: string;
}

function Choice({ label, value, options, onChoose, plain = "" }: ChoiceProps) {
  return (
    <span class={`filter select ${value === plain ? "" : "on"}`}>
      <select aria-label={label} value={value} onChange={(e) => onChoose(e.currentTarget.value)}>
        {options.map(([v, name]) => <option key={v} value={v}>{name}</option>)}
      </select>
      <Icon name="down" />
    </span>
  );
}

/** What the list and the map have in common. */
export function FilterBar({ label, children }: { label: string; children?: ComponentChildren }) {
  const f = filters.value;
  return (
    <div class="toolbar" role="search" aria-label={label}>
      <Search />
      <StatusFilter />
      <Choice label="Source" value={f.source ?? ""} onChoose={(v) => change({ source: SOURCES.find((s) => s === v) ?? null })}
        options={[["", "Any source"], ...SOURCES.map((s): [string, string] => [s, SOURCE[s]])]} />
      <Choice label="Last seen" value={f.seen ?? ""} onChoose={(v) => change({ seen: (v || null) as Seen | null })}
        options={[["", "Any time"], ...Object.entries(SEEN).map(([v, s]): [string, string] => [v, s.name])]} />
      <Choice label="Size" value={String(f.min)} plain="1" onChoose={(v) => change({ min: Number(v) })}
        options={[["1", "Any size"], ["2", "2 reports or more"], ["5", "5 or more"], ["10", "10 or more"]]} />
      {children}
    </div>
  );
}

export function Toolbar() {
  const f = filters.value;
  return (
    <FilterBar label="Filter issues">
      <Choice label="Order" value={f.q ? "match" : f.sort} plain={f.q ? "match" : "recent"} onChoose={(v) => change({ sort: v as Sort })}
        options={f.q ? [["match", "Best match"]] : Object.entries(SORTS)} />
    </FilterBar>
  );
}
