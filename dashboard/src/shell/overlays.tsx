// What can be opened from anywhere: a new report, an import. Fetched when first needed.
import { signal } from "@preact/signals";
import { lazy } from "../lib/lazy";

type Open = { kind: "report" } | { kind: "import"; files: File[] };
const open = signal<Open | null>(null);
const close = () => (open.value = null);

export const openNewReport = () => (open.value = { kind: "report" });
export const openImport = (files: File[] = []) => (open.value = { kind: "import", files });

/** Files may come while nothing else is asked. */
export const takesFiles = () => (open.value ? open.value.kind === "import" && !open.value.files.length : !document.querySelector("dialog[open]"));

const NewReport = lazy(async () => (await import("../pages/report/new")).NewReport, "nothing");
const Import = lazy(async () => (await import("../pages/import/dialog")).ImportDialog, "nothing");

export function Overlays() {
  const what = open.value;
  if (what?.kind === "report") return <NewReport onClose={close} />;
  if (what?.kind === "import") return <Import key={what.files.length} files={what.files} onClose={close} />;
  return null;
}
