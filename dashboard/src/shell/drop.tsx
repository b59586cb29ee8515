// Files that are dropped anywhere on the page are offered for import.
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { Icon } from "../ui/icons";
import { openImport, takesFiles } from "./overlays";

const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;

export function DropZone() {
  const over = useSignal(false);
  useEffect(() => {
    let depth = 0; // the pointer enters and leaves every element on its way
    const enter = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      depth++;
      over.value = true;
    };
    const leave = (event: DragEvent) => {
      if (holdsFiles(event) && --depth <= 0) over.value = (depth = 0) > 0;
    };
    const above = (event: DragEvent) => {
      if (holdsFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      depth = 0;
      over.value = false;
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length && takesFiles()) openImport(files);
    };
    const all = { dragenter: enter, dragleave: leave, dragover: above, drop };
    for (const [name, listener] of Object.entries(all)) document.addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(all)) document.removeEventListener(name, listener as EventListener);
    };
  }, []);
  if (!over.value) return null;
  return <div class="drop-zone" aria-hidden="true"><p><Icon name="upload" />Drop to import reports</p></div>;
}
