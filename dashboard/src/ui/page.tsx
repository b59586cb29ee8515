// What pages have in common: a heading, and their data in all the states it can be in.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { Loading } from "../lib/load";
import { connection } from "../state/connection";
import { complain } from "../state/toast";
import { Failed, Skeleton } from "./states";

export function Page({ title, about, acts, children }: { title: string; about?: ComponentChildren; acts?: ComponentChildren; children: ComponentChildren }) {
  useEffect(() => {
    document.title = `${title} - Soulcaster`;
    document.getElementById("content")?.scrollTo({ top: 0 });
  }, [title]);
  return (
    <div class="page">
      <header class="page-title">
        <div>
          <h1>{title}</h1>
          {about && <p class="dim">{about}</p>}
        </div>
        {acts && <div class="page-acts">{acts}</div>}
      </header>
      {children}
    </div>
  );
}

/** The children once there is something to show; before that a skeleton or what failed. */
export function Loaded<T>({ of, what, lines = 6, children }: { of: Loading<T>; what: string; lines?: number; children: (data: T) => ComponentChildren }) {
  const { data, failure, again } = of;
  useEffect(() => {
    if (failure.value && data.value && connection.value === "ok") complain(what, failure.value);
  }, [failure.value]);
  if (data.value) return <>{children(data.value)}</>;
  if (failure.value) return <Failed what={what} failure={failure.value} retry={again} />;
  return <Skeleton lines={lines} />;
}

/** A part of a page, with a heading of its own. */
export function Section({ title, note, acts, children }: { title: string; note?: ComponentChildren; acts?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="part">
      <header>
        <h2>{title}</h2>
        {acts}
        {note && <p class="dim">{note}</p>}
      </header>
      {children}
    </section>
  );
}
