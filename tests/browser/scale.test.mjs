// Ten thousand issues: all can be reached, and the page stays quick. Figures are printed, not judged: this machine may be busy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Visitor, waitFor, world } from "./support.mjs";

const ISSUES = 10_000;

/** Words that mean nothing and are shared by nothing, always the same. */
function* words(seed) {
  for (let state = seed; ; ) {
    let word = "";
    for (let i = 0; i < 3; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      word += "bcdfghjklmnprstvz"[(state >>> 8) % 17] + "aeiou"[(state >>> 16) % 5];
    }
    yield word;
  }
}

const w = world(async (server) => {
  const source = words(7);
  const text = (n) => Array.from({ length: n }, () => source.next().value).join(" ");
  await server.feed(Array.from({ length: ISSUES + 1500 }, (_, i) => ({
    source: "manual", external_id: `s-${i}`, title: text(5), body: text(12), created_at: new Date(Date.now() - i * 60_000).toISOString(),
  })));
}, "--tidy-ms", "0");

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

test("ten thousand issues", async (t) => {
  const { total } = await w.server.api("GET", "/api/clusters?limit=1");
  assert.ok(total >= ISSUES, `${total} issues`);
  const v = await Visitor.enter(w.browser, w.server, { path: null });
  await v.context.addInitScript(() => {
    globalThis.slow = [];
    new PerformanceObserver((list) => globalThis.slow.push(...list.getEntries().map((e) => e.duration))).observe({ type: "event", durationThreshold: 16, buffered: true });
  });
  await v.page.goto(w.server.url);
  await v.loaded();
  const paints = [];
  for (let i = 0; i < 5; i++) {
    await v.page.reload();
    await v.loaded();
    paints.push(await v.page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN));
  }
  t.diagnostic(`first contentful paint: ${paints.map((p) => p.toFixed(0)).join(", ")} ms`);

  for (let i = 0; i < 60; i++) await v.press("j");
  await v.press("x");
  const keys = await v.page.evaluate(() => globalThis.slow);
  t.diagnostic(`61 keys: ${keys.length} events took 16 ms or more to the next paint, the longest ${Math.max(0, ...keys)} ms`);

  const frames = await v.page.evaluate(async () => {
    const view = document.querySelector(".rows-view");
    const gaps = [];
    let last = performance.now();
    for (let i = 0; i < 120; i++) {
      view.scrollTop += 400;
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      gaps.push(now - last);
      last = now;
    }
    return gaps;
  });
  t.diagnostic(`scrolling, 120 frames: median ${median(frames).toFixed(1)} ms, longest ${Math.max(...frames).toFixed(1)} ms`);

  // To the very end: every row can be reached, and few are drawn at a time.
  await v.page.evaluate(() => {
    const view = document.querySelector(".rows-view");
    view.scrollTop = view.scrollHeight;
  });
  await waitFor("the last row", async () => (await v.page.locator(`.row[aria-rowindex="${total + 1}"]`).count()) === 1);
  await waitFor("few rows", async () => (await v.rows().count()) < 80);
  const anew = v.page.waitForResponse((reply) => /clusters\?.*limit=1000/.test(reply.url()));
  await v.press("R"); // only the first thousand come at once; the others follow
  await anew;
  await waitFor("the last row again", async () => (await v.page.locator(`.row[aria-rowindex="${total + 1}"]`).count()) === 1);
  await v.accessible("the end of a long list");

  const typed = Date.now();
  await v.press("/");
  await v.page.keyboard.type("a");
  await v.page.waitForURL(/q=a/);
  await waitFor("the answer", async () => /found/.test((await v.page.locator(".page-head").textContent()) ?? ""));
  t.diagnostic(`from a typed letter to the list of hits: ${Date.now() - typed} ms (150 of them a pause for more letters)`);
  await v.leave();
});
