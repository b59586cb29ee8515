// Our own small set: 16 by 16, drawn with lines of the text's colour.
const PATHS = {
  issues: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM8 7v2",
  search: "M7 2.75a4.25 4.25 0 1 0 0 8.5 4.25 4.25 0 0 0 0-8.5zM10.2 10.2l3.3 3.3",
  check: "M3.5 8.5l3 3 6-7",
  cross: "M4 4l8 8M12 4l-8 8",
  down: "M4.5 6.5L8 10l3.5-3.5",
  left: "M9.5 3.5L5 8l4.5 4.5",
  right: "M6.5 3.5L11 8l-4.5 4.5",
  merge: "M4 3v3.5C4 9 6 10 8 10h4M4 13V9.5M9.5 7.5L12 10l-2.5 2.5",
  edit: "M3 13l.6-2.6 7.2-7.2a1.2 1.2 0 0 1 1.7 0l.3.3a1.2 1.2 0 0 1 0 1.7L5.6 12.4z",
  ignore: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM4.2 4.2l7.6 7.6",
  snooze: "M8 4v4.2l2.6 1.6M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z",
  fix: "M9.6 5.2a2.6 2.6 0 0 0-3.3-3L8 4 6.6 5.4 4.8 3.7a2.6 2.6 0 0 0 3.1 3.5l4.2 4.9a1.2 1.2 0 0 1-1.7 1.7L5.6 9.3",
  eye: "M1.8 8S4 4 8 4s6.2 4 6.2 4-2.2 4-6.2 4-6.2-4-6.2-4zM8 6.4a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2z",
  undo: "M6 4L3 7l3 3M3.4 7H9.5a3.5 3.5 0 0 1 0 7H7",
  link: "M9.5 2.5h4v4M13.5 2.5L7.5 8.5M12 9.5v3a1 1 0 0 1-1 1H3.5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1h3",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9",
  moon: "M13 9.6A5.5 5.5 0 0 1 6.4 3a5.5 5.5 0 1 0 6.6 6.6z",
  auto: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM8 2.5v11",
  leave: "M6 2.5H3.5a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1H6M7 8h6.5M11 5.5L13.5 8 11 10.5",
  help: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM6.4 6.4a1.6 1.6 0 1 1 2.3 1.5c-.5.2-.7.5-.7 1M8 11v.1",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  save: "M4 2.5h8v11L8 10.6 4 13.5z",
  alert: "M8 2.5l6 10.5H2zM8 6.5v3M8 11.3v.1",
  up: "M8 13V3.5M4 7.2l4-4 4 4",
  downwards: "M8 3v9.500M4 8.800l4 4 4-4",
  inbox: "M2.5 9l2-5.5h7l2 5.5v3.5h-11zM2.5 9h3l1 1.5h3L10.500 9h3",
  apart: "M6.500 3.500L2.500 8l4 4.500M9.500 3.500L13.500 8l-4 4.500",
  split: "M4 13V9c0-2.500 2-3.500 4-3.500h4M9.500 3L12 5.500 9.500 8M4 3v4",
  grip: "M6 3.500v.1M10 3.500v.1M6 8v.1M10 8v.1M6 12.500v.1M10 12.500v.1",
  copy: "M6 5.500h6.500v8H6zM10 5.500v-3H3.500v8H6",
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration: what it means is said beside it, or by the label of the button around it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
