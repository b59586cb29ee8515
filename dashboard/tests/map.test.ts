// The map's plain functions: where things are, what is caught, which colour, which corrections.
import assert from "node:assert/strict";
import { test } from "node:test";
import { huesOf, mix, pixelOf } from "../src/pages/map/colours";
import { place } from "../src/pages/map/labels";
import { gridOf, inside, nearest } from "../src/pages/map/near";
import { intoIssue, intoOne, splitEach, type Part } from "../src/pages/map/plan";
import { drawDots, type Dots } from "../src/pages/map/raster";
import { fit, toPlaneX, toPlaneY, toScreenX, toScreenY, zoom } from "../src/pages/map/view";

const size = { width: 800, height: 600 };
const dotsOf = (...at: [number, number][]): Dots => ({ n: at.length, x: Float32Array.from(at, (p) => p[0]), y: Float32Array.from(at, (p) => p[1]) });

test("everything fits, and the place under the pointer stays when one comes nearer", () => {
  const v = fit({ left: -100, right: 300, top: 0, bottom: 50 }, size);
  assert.ok(toScreenX(v, size, -100) >= 0 && toScreenX(v, size, 300) <= size.width);
  const closer = zoom(v, size, 3, 123, 456, v.scale);
  assert.ok(Math.abs(toPlaneX(v, size, 123) - toPlaneX(closer, size, 123)) < 1e-6);
  assert.ok(Math.abs(toPlaneY(v, size, 456) - toPlaneY(closer, size, 456)) < 1e-6);
  assert.ok(Math.abs(closer.scale / v.scale - 3) < 1e-9);
  assert.equal(zoom(v, size, 1e9, 0, 0, v.scale).scale, zoom(v, size, 1e12, 0, 0, v.scale).scale);
  assert.ok(Math.abs(toScreenY(v, size, toPlaneY(v, size, 77)) - 77) < 1e-6);
});

test("the nearest point is found, whatever the grid; none where none is", () => {
  let seed = 5;
  const rnd = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const dots = dotsOf(...Array.from({ length: 3000 }, (): [number, number] => [rnd() * 65534 - 32767, rnd() * 2000]));
  const grid = gridOf(dots);
  for (let k = 0; k < 200; k++) {
    const [x, y, reach] = [rnd() * 70000 - 35000, rnd() * 2400 - 200, 40 + rnd() * 800];
    let best = -1;
    for (let i = 0; i < dots.n; i++) {
      const d = Math.hypot(dots.x[i]! - x, dots.y[i]! - y);
      if (d <= reach && (best < 0 || d < Math.hypot(dots.x[best]! - x, dots.y[best]! - y))) best = i;
    }
    assert.equal(nearest(grid, dots, x, y, reach, () => true), best);
  }
  assert.equal(nearest(gridOf(dotsOf()), dotsOf(), 0, 0, 9, () => true), -1);
  assert.equal(nearest(gridOf(dotsOf([5, 5])), dotsOf([5, 5]), 5, 5, 1, () => true), 0);
});

test("a lasso catches what is inside, also when it is bent", () => {
  const dots = dotsOf([1, 1], [5, 5], [9, 1], [5, 1], [20, 20]);
  const grid = gridOf(dots);
  assert.deepEqual(inside(grid, dots, [0, 0, 10, 0, 10, 10, 0, 10]).sort(), [0, 1, 2, 3]);
  assert.deepEqual(inside(grid, dots, [0, 0, 10, 0, 10, 10, 5, 3, 0, 10]).sort(), [0, 2, 3]);
  assert.deepEqual(inside(grid, dots, [3, 3]), []);
  assert.deepEqual(inside(grid, dots, []), []);
});

test("an issue keeps its colour when newer ones come; neighbours differ; single reports are grey", () => {
  const issue = (n: number, x: number, count = 3) => ({ id: `01a2${String(n).padStart(8, "0")}`, x, y: 0, count });
  const old = Array.from({ length: 200 }, (_, n) => issue(n, n * 700));
  const hues = huesOf(old);
  const later = huesOf([issue(900, 350), ...old, issue(901, 70_000), issue(902, 0, 1)]);
  assert.deepEqual([...later.slice(1, 201)], [...hues]);
  assert.equal(later[202], 0);
  for (let n = 1; n < 200; n++) assert.notEqual(hues[n], hues[n - 1]);
  assert.ok(hues.every((hue) => hue >= 1 && hue <= 7));
});

test("colours become pixels and are mixed", () => {
  assert.equal(pixelOf("rgb(1, 2, 3)"), 0xff030201);
  assert.equal(mix(0xff0000ff, 0xff00ff00, 1), 0xff0000ff);
  assert.equal(mix(0xffffffff, 0xff000000, 0.5), 0xff808080);
});

test("dots are drawn where they are, round, and nothing beside the picture", () => {
  const pixels = new Uint32Array(20 * 20).fill(0xffffffff);
  const picture = { width: 20, height: 20, pixels };
  const view = { x: 0, y: 0, scale: 1 };
  drawDots(picture, dotsOf([0, 0], [9, 9], [-10, -10], [400, 3], [NaN, 0]), view, 2, new Uint8Array(5), Uint32Array.of(0xff0000ff));
  assert.equal(pixels[10 * 20 + 10], 0xff0000ff);
  assert.equal(pixels[10 * 20 + 12]! & 0xff, 0xff);
  assert.equal(pixels[13 * 20 + 13], 0xffffffff);
  assert.equal(pixels[0], 0xffffffff, "what sticks out of the picture is left out");
  assert.equal(pixels[10 * 20 + 8], pixels[8 * 20 + 10], "as wide as high");
});

test("names do not cover one another, bigger issues first", () => {
  const issues = Array.from({ length: 60 }, (_, i) => ({ x: (i % 6) * 60, y: Math.floor(i / 6) * 8, top: Math.floor(i / 6) * 8, title: `issue ${i}`, shown: 100 - i }));
  const labels = place(issues, { x: 200, y: 40, scale: 1 }, size, (text) => text.length * 7);
  assert.equal(labels[0]?.text, "issue 0");
  assert.ok(labels.length > 5 && labels.length < 60);
  for (const a of labels) for (const b of labels) assert.ok(a === b || Math.abs(a.y - b.y) >= 20 || Math.abs(a.x - b.x) >= 60);
  assert.deepEqual(place([{ x: 0, y: 0, top: 0, title: "one report", shown: 1 }], { x: 0, y: 0, scale: 1 }, size, () => 50), []);
});

const part = (id: string, count: number, caught: number): Part => ({ id, count, reports: Array.from({ length: caught }, (_, i) => `${id}${i}`) });

test("what was caught becomes one issue with as few corrections as can be", () => {
  assert.deepEqual(intoOne([part("a", 5, 2)]), [{ do: "split", from: "a", reports: ["a0", "a1"] }]);
  assert.deepEqual(intoOne([part("a", 2, 2)]), [], "an issue already");
  assert.deepEqual(intoOne([part("a", 2, 2), part("b", 3, 3)]), [{ do: "merge", into: "b", issues: ["a"] }]);
  assert.deepEqual(intoOne([part("a", 1, 1), part("b", 9, 2), part("c", 9, 3)]), [
    { do: "split", from: "c", reports: ["c0", "c1", "c2"] },
    { do: "merge", into: null, issues: ["a"] },
    { do: "move", into: null, reports: ["b0", "b1"] },
  ]);
  assert.deepEqual(intoOne([]), []);
});

test("into an issue that is there; and each on its own", () => {
  assert.deepEqual(intoIssue([part("a", 2, 2), part("b", 3, 1), part("c", 9, 4)], "c"), [
    { do: "merge", into: "c", issues: ["a"] },
    { do: "move", into: "c", reports: ["b0"] },
  ]);
  assert.deepEqual(splitEach([part("a", 2, 2), part("b", 3, 1)]), [{ do: "split", from: "b", reports: ["b0"] }]);
});
