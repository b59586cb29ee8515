// Which issue has which colour: the same one on every visit, and seldom the one of a neighbour. Plain functions.

/** Colours of issues; 0 is the grey of single reports. The colours themselves are in styles/tokens.css. */
export const HUES = 7;

const NEAR = 3200; // of a plane that is 65534 wide
const CELL = NEAR;

interface Placed {
  id: string;
  x: number;
  y: number;
  count: number;
}

/** FNV-1a. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/**
 * A hue for each issue: the one that its id stands for, unless an older issue near it has that. Ids grow with time, so newer issues
 * change nothing for older ones.
 */
export function huesOf(issues: Placed[]): Uint8Array {
  const hues = new Uint8Array(issues.length);
  const cells = new Map<string, number[]>();
  const order = issues.map((_, i) => i).filter((i) => (issues[i] as Placed).count > 1);
  order.sort((a, b) => ((issues[a] as Placed).id < (issues[b] as Placed).id ? -1 : 1));
  for (const i of order) {
    const issue = issues[i] as Placed;
    const [cx, cy] = [Math.floor(issue.x / CELL), Math.floor(issue.y / CELL)];
    const taken = new Set<number>();
    for (let dx = -1; dx <= 1; dx++) {
      for (let dy = -1; dy <= 1; dy++) {
        for (const other of cells.get(`${cx + dx} ${cy + dy}`) ?? []) {
          const { x, y } = issues[other] as Placed;
          if ((x - issue.x) ** 2 + (y - issue.y) ** 2 < NEAR ** 2) taken.add(hues[other] as number);
        }
      }
    }
    let hue = hash(issue.id) % HUES;
    for (let tried = 0; tried < HUES && taken.has(hue + 1); tried++) hue = (hue + 1) % HUES;
    hues[i] = hue + 1;
    const key = `${cx} ${cy}`;
    cells.set(key, [...(cells.get(key) ?? []), i]);
  }
  return hues;
}

/** A colour as a picture's pixel holds it: "rgb(1, 2, 3)" to 0xff030201. */
export function pixelOf(css: string): number {
  const [r = 0, g = 0, b = 0] = css.match(/\d+/g)?.map(Number) ?? [];
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
}

/** `part` of a over b. */
export function mix(a: number, b: number, part: number): number {
  const at = (shift: number) => Math.round(((a >>> shift) & 0xff) * part + ((b >>> shift) & 0xff) * (1 - part)) << shift;
  return (0xff000000 | at(16) | at(8) | at(0)) >>> 0;
}
