import { dismiss, toasts } from "../state/toast";
import { Icon } from "./icons";

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={`toast ${toast.tone}`}>
          <span>{toast.text}</span>
          {toast.link && <a href={toast.link.href} onClick={() => dismiss(toast.id)}>{toast.link.text}</a>}
          {toast.undo && <button type="button" class="link-button" onClick={toast.undo}>Undo <kbd>u</kbd></button>}
          <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismiss(toast.id)}>
            <Icon name="cross" />
          </button>
        </div>
      ))}
    </div>
  );
}
