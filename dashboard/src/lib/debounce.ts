/** Calls `fn` once it was quiet for `ms`. */
export function debounce(fn: () => void, ms: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(fn, ms);
  };
}

/** Work of which one is under way at most: answers that overlap may come in any order, and the oldest may come last. */
export interface Turns {
  /** At once, or once more after the one under way: where news come faster than answers, giving it up would never end. */
  again: () => void;
  /** At once; what is under way is given up. */
  anew: () => void;
  /** What is under way is given up. */
  stop: () => void;
}

/** Turns of `fn`, which must not fail and must do nothing more once its signal is aborted. */
export function turns(fn: (signal: AbortSignal) => void | Promise<void>): Turns {
  let running: AbortController | null = null;
  let wanted = false;
  const stop = () => {
    running?.abort();
    running = null;
    wanted = false;
  };
  const anew = () => {
    stop();
    const mine = (running = new AbortController());
    void Promise.resolve(fn(mine.signal)).finally(() => {
      if (running !== mine) return;
      running = null;
      if (wanted) anew();
    });
  };
  const again = () => {
    if (running) wanted = true;
    else anew();
  };
  return { again, anew, stop };
}

export interface Batched {
  (): void;
  /** What was called for is not run, and what is under way is given up. */
  cancel: () => void;
}

/** A function that runs fn once within `ms` of being called, however often that is: calls that keep coming put nothing off. One is
 * under way at most (see turns). */
export function batched(fn: (signal: AbortSignal) => void | Promise<void>, ms: number): Batched {
  const { again, stop } = turns(fn);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      again();
    }, ms);
  };
  const cancel = () => {
    clearTimeout(timer);
    timer = undefined;
    stop();
  };
  return Object.assign(soon, { cancel });
}
