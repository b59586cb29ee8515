import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { batched, turns } from "../src/lib/debounce";
import { ago, untilToday, inputOf, timeOf } from "../src/lib/time";
import { rangeOf, scrollTo } from "../src/lib/virtual";
import { percent, plural, webLink } from "../src/lib/words";

const NOW = Date.parse("2026-11-22T12:00:00Z");

test("times are short, and never in the future", () => {
  const at = (seconds: number) => ago(new Date(NOW - seconds * 1000).toISOString(), NOW);
  assert.deepEqual([at(-100), at(0), at(59), at(60), at(3599), at(3600), at(86_399), at(86_400), at(29 * 86_400)],
    ["now", "now", "now", "1m", "59m", "1h", "23h", "1d", "29d"]);
  assert.equal(ago(null, NOW), "");
  assert.match(ago("2026-01-05T00:00:00Z", NOW), /5/);
  assert.match(ago("2024-01-05T00:00:00Z", NOW), /2024/);
});

test("a trend that ended some days ago goes on with days without reports", () => {
  assert.deepEqual(untilToday([1, 2, 3], "2026-11-22", NOW), [1, 2, 3]);
  assert.deepEqual(untilToday([1, 2, 3], "2026-11-21", NOW), [2, 3, 0]);
  assert.deepEqual(untilToday([1, 2, 3], "2026-11-01", NOW), [0, 0, 0]);
  assert.deepEqual(untilToday([1, 2, 3], "2026-11-25", NOW), [1, 2, 3]);
  assert.deepEqual(untilToday([1, 2, 3], "nonsense", NOW), [1, 2, 3]);
});

test("the rows in sight, with some to spare, and never one that is not there", () => {
  assert.deepEqual(rangeOf(0, 500, 50, 1000, 5), { from: 0, to: 15 });
  assert.deepEqual(rangeOf(5000, 500, 50, 1000, 5), { from: 95, to: 115 });
  assert.deepEqual(rangeOf(49_500, 500, 50, 1000, 5), { from: 985, to: 1000 });
  assert.deepEqual(rangeOf(0, 500, 50, 0, 5), { from: 0, to: 0 });
  assert.deepEqual(rangeOf(50_000, 500, 50, 3, 5), { from: 3, to: 3 });
});

test("a row is scrolled to as little as needed", () => {
  assert.equal(scrollTo(3, 0, 500, 50), 0);
  assert.equal(scrollTo(0, 100, 500, 50), 0);
  assert.equal(scrollTo(10, 0, 500, 50), 50);
});

test("only the web's own links are followed", () => {
  for (const bad of [null, "", "javascript:alert(1)", "JAVASCRIPT:alert(1)", " https://x", "data:text/html,x", "//x", "ftp://x"]) {
    assert.equal(webLink(bad), null, String(bad));
  }
  assert.equal(webLink("https://x/y"), "https://x/y");
});

test("numbers and their words agree", () => {
  assert.deepEqual([plural(1, "report"), plural(0, "report"), plural(2, "report"), percent(0.495)], ["1 report", "0 reports", "2 reports", "50 %"]);
});

test("what a field for a time shows is what it says, on this clock and in UTC", () => {
  const at = Date.parse("2026-03-29T01:30:00Z");
  assert.equal(inputOf(at, true), "2026-03-29T01:30");
  for (const utc of [true, false]) assert.equal(timeOf(inputOf(at, utc), utc), at);
});

/** Work that ends when it is told to: `begun` holds how to end each, and its signal. */
function slowWork() {
  const begun: { end: () => void; signal: AbortSignal }[] = [];
  const work = (signal: AbortSignal) => new Promise<void>((end) => void begun.push({ end, signal }));
  return { begun, work };
}
const settled = () => new Promise((go) => setImmediate(go));

test("of what takes turns one is under way, and one more comes after it, however often it is asked for", async () => {
  const { begun, work } = slowWork();
  const { again, anew, stop } = turns(work);
  again();
  again();
  again();
  assert.equal(begun.length, 1);
  begun[0]?.end();
  await settled();
  assert.equal(begun.length, 2);
  begun[1]?.end();
  await settled();
  assert.equal(begun.length, 2);
  again();
  again();
  anew(); // gives up the third, and with it the one after it
  assert.deepEqual(begun.map(({ signal }) => signal.aborted), [false, false, true, false]);
  begun[2]?.end();
  begun[3]?.end();
  await settled();
  assert.equal(begun.length, 4);
  again();
  again();
  stop();
  begun[4]?.end();
  await settled();
  assert.deepEqual([begun.length, begun[4]?.signal.aborted], [5, true]);
});

test("calls within a moment are one; those while it is under way are one more; after a cancel there is none", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { begun, work } = slowWork();
  const soon = batched(work, 400);
  soon();
  mock.timers.tick(399);
  soon();
  assert.equal(begun.length, 0);
  mock.timers.tick(1);
  soon();
  mock.timers.tick(1000);
  assert.equal(begun.length, 1);
  begun[0]?.end();
  await settled();
  assert.equal(begun.length, 2);
  soon();
  soon.cancel();
  mock.timers.tick(1000);
  begun[1]?.end();
  await settled();
  assert.deepEqual([begun.length, begun[1]?.signal.aborted], [2, true]);
  soon(); // and it works again
  mock.timers.tick(400);
  assert.equal(begun.length, 3);
  mock.timers.reset();
});
