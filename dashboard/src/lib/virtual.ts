// Which rows of a long list are worth drawing. Rows have one height; all of it is arithmetic.

export interface Range {
  /** First row drawn, and the one after the last. */
  from: number;
  to: number;
}

export function rangeOf(scrollTop: number, viewHeight: number, rowHeight: number, rows: number, spare: number): Range {
  const from = Math.max(0, Math.floor(scrollTop / rowHeight) - spare);
  const to = Math.min(rows, Math.ceil((scrollTop + viewHeight) / rowHeight) + spare);
  return { from: Math.min(from, rows), to: Math.max(to, Math.min(from, rows)) };
}

/** Where to scroll so that a row is seen whole; where it is already, stay. */
export function scrollTo(index: number, scrollTop: number, viewHeight: number, rowHeight: number): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + viewHeight ? top + rowHeight - viewHeight : scrollTop;
}
