// What a page shows when it has nothing to show: still loading, nothing there, or a failure.
import type { ComponentChildren } from "preact";
import type { Failure } from "../api/client";
import { Icon, type IconName } from "./icons";

/** `whole`: there is no heading above it. */
function Title({ text, whole }: { text: string; whole: boolean }) {
  return whole ? <h1>{text}</h1> : <h2>{text}</h2>;
}

interface EmptyProps {
  icon: IconName;
  title: string;
  whole?: boolean;
  children?: ComponentChildren;
}

export function Empty({ icon, title, whole = false, children }: EmptyProps) {
  return (
    <div class="state">
      <Icon name={icon} />
      <Title text={title} whole={whole} />
      <div class="dim">{children}</div>
    </div>
  );
}

const ADVICE: Record<Failure["kind"], string> = {
  offline: "It is tried again as soon as the server answers.",
  "signed-out": "Sign in again to go on.",
  refused: "",
  server: "The server's log says more under this request's id.",
};

/** What failed, in the server's words; the request's id; what to do. */
export function Failed({ what, failure, retry, whole = false }: { what: string; failure: Failure; retry: () => void; whole?: boolean }) {
  return (
    <div class="state" role="alert">
      <Icon name="alert" />
      <Title text={what} whole={whole} />
      <p>{failure.message}</p>
      <p class="dim">{ADVICE[failure.kind]}</p>
      {failure.requestId && <p class="dim">Request <code>{failure.requestId}</code></p>}
      <button type="button" class="button" onClick={retry}>Try again</button>
    </div>
  );
}

/** Grey lines in place of text; says "loading" to who cannot see them. */
export function Skeleton({ lines }: { lines: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => <span key={i} class={`bone bone-${i % 4}`} />)}
    </div>
  );
}
