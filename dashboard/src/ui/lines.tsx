// Very many lines of code or log, of which only those in sight are drawn.
import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { rangeOf } from "../lib/virtual";
import { Icon } from "./icons";

const ROW_PX = 20; // as in fixes.css
const SPARE = 10;
const MOST_PX = 480;
const AT_END_PX = 30;

interface Props {
  label: string;
  /** How many there are. */
  n: number;
  line: (i: number) => ComponentChildren;
  /** Grows with lines that come in front: what is in sight stays there. */
  above?: number;
  /** It grows: the end stays in sight unless someone scrolls away from it. */
  grows?: boolean;
  /** A line to bring into sight; another object is another wish. */
  show?: { line: number } | null;
}

export function Lines({ label, n, line, above = 0, grows = false, show = null }: Props) {
  const view = useRef<HTMLDivElement>(null);
  const scrollTop = useSignal(0);
  const height = useSignal(MOST_PX);
  const atEnd = useSignal(true);
  const toEnd = () => {
    if (view.current) view.current.scrollTop = view.current.scrollHeight;
  };
  useLayoutEffect(() => {
    const element = view.current as HTMLDivElement;
    const watch = new ResizeObserver(() => (height.value = element.clientHeight));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (grows && atEnd.peek()) toEnd();
  }, [n]);
  const had = useRef(above);
  useLayoutEffect(() => {
    if (view.current) view.current.scrollTop += (above - had.current) * ROW_PX;
    had.current = above;
  }, [above]);
  useEffect(() => {
    if (show && view.current) view.current.scrollTop = show.line * ROW_PX;
  }, [show]);
  const onScroll = ({ currentTarget: at }: { currentTarget: HTMLDivElement }) => {
    scrollTop.value = at.scrollTop;
    atEnd.value = at.scrollHeight - at.scrollTop - at.clientHeight < AT_END_PX;
  };
  const { from, to } = rangeOf(scrollTop.value, height.value, ROW_PX, n, SPARE);
  return (
    <div class="lines-frame">
      <div class="lines" role="region" aria-label={label} tabIndex={0} ref={view} onScroll={onScroll}>
        <div class="lines-all" style={{ height: `${n * ROW_PX}px` }}>
          <div class="lines-drawn" style={{ transform: `translateY(${from * ROW_PX}px)` }}>
            {Array.from({ length: to - from }, (_, i) => line(from + i))}
          </div>
        </div>
      </div>
      {grows && !atEnd.value && <button type="button" class="pill lines-end" onClick={toEnd}><Icon name="downwards" />To the end</button>}
    </div>
  );
}
