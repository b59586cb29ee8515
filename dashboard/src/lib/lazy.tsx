// A part of the dashboard that is fetched when it is first needed, so that the first page stays small.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure } from "../api/client";
import { healed } from "../state/connection";
import { Failed, Skeleton } from "../ui/states";

/** Files change their names with a new version of the server; then only loading the page anew helps. */
const GONE = new Failure("offline", "A part of the dashboard could not be fetched. If the server was updated, load the page anew.");

export function lazy<P extends object>(fetch: () => Promise<ComponentType<P>>, waiting: "page" | "nothing" = "page"): ComponentType<P> {
  let found: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [, ready] = useState(found !== null);
    const [failed, setFailed] = useState(false);
    const load = () => {
      if (found) return;
      setFailed(false);
      fetch().then((part) => ready((found = part) !== null), () => setFailed(true));
    };
    useEffect(load, [healed.value]);
    if (found) {
      const Part = found;
      return <Part {...props} />;
    }
    if (failed) return <Failed what="This page could not be loaded" failure={GONE} retry={() => window.location.reload()} />;
    return waiting === "page" ? <Skeleton lines={12} /> : null;
  };
}
