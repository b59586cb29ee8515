// What can be opened from anywhere: a new report, an import, the question before a fix. Fetched when first needed.
import { signal } from "@preact/signals";
import { lazy } from "../lib/lazy";

type Open = { kind: "report" } | { kind: "import"; files: File[] } | { kind: "fix"; issue: { id: string; title: string } };
const open = signal<Open | null>(null);
const close = () => (open.value = null);

export const openNewReport = () => (open.value = { kind: "report" });
export const openImport = (files: File[] = []) => (open.value = { kind: "import", files });
/** Asks how an issue is to be fixed, and begins it. */
export const openFix = (issue: { id: string; title: string }) => (open.value = { kind: "fix", issue });

/** Files may come while nothing else is asked. */
export const takesFiles = () => (open.value ? open.value.kind === "import" && !open.value.files.length : !document.querySelector("dialog[open]"));

const NewReport = lazy(async () => (await import("../pages/report/new")).NewReport, "nothing");
const Import = lazy(async () => (await import("../pages/import/dialog")).ImportDialog, "nothing");
const StartFix = lazy(async () => (await import("../pages/fixes/start")).StartFix, "nothing");

export function Overlays() {
  const what = open.value;
  if (what?.kind === "report") return <NewReport onClose={close} />;
  if (what?.kind === "import") return <Import key={what.files.length} files={what.files} onClose={close} />;
  if (what?.kind === "fix") return <StartFix issue={what.issue} onClose={close} />;
  return null;
}
