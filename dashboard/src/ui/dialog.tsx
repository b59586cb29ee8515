import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./icons";

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}

/** The browser's own modal dialog: it keeps the focus inside, closes with Escape and gives the focus back. */
export function Dialog({ title, onClose, children, wide }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const ended = useRef(false);
  const id = useId();
  useLayoutEffect(() => {
    element.current?.showModal(); // before the next key: what is typed on belongs to the dialog, not to the page behind it
  }, []);
  // At once, and once: the browser's close event comes some time later, when the same dialog may be open anew.
  const end = () => {
    if (ended.current) return;
    ended.current = true;
    element.current?.close();
    onClose();
  };
  const onCancel = (event: Event) => {
    if (event.target !== element.current) return; // a file chooser inside
    event.preventDefault();
    end();
  };
  const onClick = (event: MouseEvent) => {
    if (event.target === element.current) end(); // the backdrop
  };
  return (
    <dialog ref={element} class={wide ? "wide" : ""} aria-labelledby={id} onCancel={onCancel} onClose={end} onClick={onClick}>
      <div class="dialog-body">
        <header>
          <h2 id={id}>{title}</h2>
          <button type="button" class="icon-button" aria-label="Close" onClick={end}>
            <Icon name="cross" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
