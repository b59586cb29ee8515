// Who changes a fix on this page says so, and whoever shows some looks at once, before the event comes.
import { signal } from "@preact/signals";

/** Grows with each change that was made on this page. */
export const fixesChanged = signal(0);
export const noteFix = () => void fixesChanged.value++;
