import { signal } from "@preact/signals";
import { layers } from "../lib/keys";
import { Dialog } from "./dialog";

export const helpIsOpen = signal(false);

const NAMES: Record<string, string> = { ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc", "ctrl+z": "Ctrl Z", " ": "Space" };

/** Every key that works now, from the same list that makes them work. */
export function Help() {
  if (!helpIsOpen.value) return null;
  const groups = new Map<string, { keys: string[]; help: string }[]>();
  for (const key of layers.value.flat()) {
    if (!key.help) continue;
    const group = key.group ?? "Everywhere";
    groups.set(group, [...(groups.get(group) ?? []), { keys: key.keys, help: key.help }]);
  }
  return (
    <Dialog title="Keyboard" wide onClose={() => (helpIsOpen.value = false)}>
      <div class="help">
        {[...groups].map(([group, keys]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {keys.map((key) => (
                <div key={key.help}>
                  <dt>{key.keys.map((k) => <kbd key={k}>{NAMES[k] ?? k}</kbd>)}</dt>
                  <dd>{key.help}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
