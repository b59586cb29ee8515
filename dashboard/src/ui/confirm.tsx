import type { ComponentChildren } from "preact";
import { Dialog } from "./dialog";

interface Props {
  title: string;
  /** What the button does: "Drop it". */
  verb: string;
  onYes: () => void;
  onClose: () => void;
  children: ComponentChildren;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ title, verb, onYes, onClose, children }: Props) {
  const submit = (event: Event) => {
    event.preventDefault();
    onClose();
    onYes();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        <div>{children}</div>
        <div class="dialog-end">
          <button type="button" class="button" autoFocus onClick={onClose}>Cancel</button>
          <button type="submit" class="button danger">{verb}</button>
        </div>
      </form>
    </Dialog>
  );
}
