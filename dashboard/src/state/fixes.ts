// Fixes make no events of their own: who changes one here says so, and whoever shows some looks again.
import { signal } from "@preact/signals";

/** Grows with each change that was made on this page. */
export const fixesChanged = signal(0);
export const noteFix = () => void fixesChanged.value++;
