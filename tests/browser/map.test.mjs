// The map: what it shows, how it is worked by mouse, keyboard and table, and that what is caught can be regrouped and taken back.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { SIX, Server, Visitor, becomes, launch, topics, waitFor } from "./support.mjs";

let server, browser, project, counter = 0;
before(async () => {
  server = await Server.start("--tidy-ms", "100"); // a map is drawn once grouping was quiet for so long
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  project = `p${++counter}`;
  await server.api("POST", "/api/projects", { name: project });
});

const drawn = (n) => waitFor("the map", async () => (await server.api("GET", `/api/map?project_id=${project}`)).points.id.length === n);
const fed = async () => {
  await server.feed(topics(SIX), project);
  await drawn(21);
};
const enter = async (more = {}) => {
  const v = await Visitor.enter(browser, server, { ...more, path: `/map?project_id=${project}${more.query ?? ""}` });
  await v.page.locator(".map-stage canvas").first().waitFor();
  return v;
};
const [FIRST, SECOND] = SIX.map(([title]) => title);

/** The picture as it is: how light its ground is, how many pixels are not ground, and where one of them is in the midst of others. */
const picture = (v) => v.page.evaluate(() => {
  const shown = document.querySelector(".map-stage canvas");
  const { width, height } = shown;
  const pen = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d", { willReadFrequently: true });
  pen.drawImage(shown, 0, 0);
  const pixels = new Uint32Array(pen.getImageData(0, 0, width, height).data.buffer);
  const is = (x, y) => pixels[y * width + x] !== pixels[0];
  const found = { ground: pixels[0] & 255, inked: 0, point: null };
  for (let y = 3; y < height - 3; y++) {
    for (let x = 3; x < width - 3; x++) {
      if (!is(x, y)) continue;
      found.inked++;
      if (x > 70 && y > 20 && [[-2, 0], [2, 0], [0, -2], [0, 2]].every(([dx, dy]) => is(x + dx, y + dy))) found.point ??= [x, y];
    }
  }
  return found;
});
const inked = async (v) => (await picture(v)).inked;

/** A stroke through places of the picture, 0 to 1. */
async function drag(v, points) {
  const box = await v.page.locator(".map-stage").boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  await v.page.mouse.move(...at(points[0]));
  await v.page.mouse.down();
  for (const point of points.slice(1)) await v.page.mouse.move(...at(point), { steps: 4 });
  await v.page.mouse.up();
}
const ALL = [[0.001, 0.001], [0.999, 0.999]];

test("every report is a point; the issues stand beside it in words; axe is pleased in both themes and at phone width", async () => {
  await fed();
  const v = await enter();
  await v.page.getByText("21 reports", { exact: true }).waitFor();
  await becomes(() => v.page.locator(".map-table tbody tr").count(), 6);
  await v.looksRight("the map", async ({ theme }) => {
    await waitFor("points, in these colours", async () => {
      const { inked, ground } = await picture(v);
      return inked > 21 * 8 && ground < 128 === (theme === "dark");
    });
  });
  await v.leave();
});

test("a project without reports says so; one whose map is not drawn yet shows it by itself", async () => {
  const v = await Visitor.enter(browser, server, { path: `/map?project_id=${project}` });
  await v.page.getByRole("heading", { name: "No reports yet" }).waitFor();
  await v.accessible("an empty map");
  await server.feed(topics(SIX), project);
  await v.page.locator(".map-stage canvas").first().waitFor();
  await v.leave();
});

test("a box around everything catches it; n makes one issue, u takes it back", async () => {
  await fed();
  const v = await enter();
  await waitFor("points", async () => (await inked(v)) > 0);
  await v.press("b");
  await drag(v, ALL);
  await v.page.getByRole("heading", { name: "21 reports of 6 issues" }).waitFor();
  await v.accessible("caught reports");
  await v.press("n");
  await v.toast("21 reports made one issue");
  await waitFor("one issue", async () => (await server.issues("", project)).length === 1);
  await waitFor("the table", async () => (await v.page.locator(".map-table tbody tr").count()) === 1);
  await v.press("u");
  await v.toast("Undone: ");
  await waitFor("six issues", async () => (await server.issues("", project)).length === 6);
  await waitFor("the table", async () => (await v.page.locator(".map-table tbody tr").count()) === 6);
  await v.leave();
});

test("by keyboard alone: j looks at an issue, x catches it, v moves it, Escape lets go", async () => {
  await fed();
  const v = await enter();
  await v.press("j");
  await v.page.locator(".map-table tr.on", { hasText: FIRST }).waitFor();
  await v.press("j", "x");
  await v.page.getByRole("heading", { name: "5 reports of 1 issue" }).waitFor();
  await v.press("n");
  await v.toast("These are an issue already");
  await v.press("d");
  await v.toast("These are whole issues");
  await v.press("v");
  await v.page.getByRole("combobox", { name: "Search issues" }).fill("export to pdf");
  await v.page.getByRole("option", { name: FIRST }).waitFor();
  await v.press("Enter");
  await v.toast("5 reports moved to");
  await waitFor("eleven", async () => (await server.issues("", project)).some((c) => c.count === 11));
  await becomes(() => v.page.locator(".map-table tbody tr").count(), 5);
  await v.press("u");
  await v.toast("Undone: ");
  await becomes(() => v.page.locator(".map-table tbody tr").count(), 6);
  await v.press("x");
  await v.page.getByRole("heading", { name: "5 reports of 1 issue" }).waitFor();
  await v.press("Escape");
  await v.page.getByRole("heading", { name: "Issues" }).waitFor();
  await v.press("Enter");
  await v.page.getByRole("heading", { level: 1, name: SECOND }).waitFor();
  await v.leave();
});

test("the lasso catches a part, and a click on a point opens its issue", async () => {
  await fed();
  const v = await enter();
  await v.press("j", "x");
  await v.page.getByRole("heading", { name: "6 reports of 1 issue" }).waitFor();
  await v.press("Escape", "l");
  // The issue that was looked at is in the middle now, and near.
  await drag(v, [[0.12, 0.02], [0.98, 0.02], [0.98, 0.98], [0.12, 0.98]]);
  await waitFor("some", async () => /report/.test(await v.page.locator(".map-side h2").textContent()));
  await v.press("Escape", "0", "h");
  const box = await v.page.locator(".map-stage").boundingBox();
  // The picture is drawn a moment after the key: where it shows a point may be no place of one any more.
  const [x, y] = await waitFor("a point", async () => {
    const { point } = await picture(v);
    if (!point) return false;
    for (const aside of [1, 0]) await v.page.mouse.move(box.x + point[0] + aside, box.y + point[1]);
    return (await v.page.locator(".map-card-report").count()) > 0 && point;
  });
  await v.page.mouse.click(box.x + x, box.y + y);
  await v.page.waitForURL(/\/issues\//);
  await v.leave();
});

test("filters are those of the list, and go with the way there", async () => {
  await fed();
  await server.feed(topics([["Sentry sees a crash in the parser", 3]], "generic"), project);
  await drawn(24);
  const v = await Visitor.enter(browser, server, { path: `/?project_id=${project}&source=generic` });
  await v.loaded();
  await v.page.getByRole("link", { name: "Map", exact: true }).click();
  await v.page.getByText("3 reports", { exact: true }).waitFor();
  await v.page.getByLabel("Source").selectOption("");
  await v.page.getByText("24 reports", { exact: true }).waitFor();
  await v.page.getByLabel("Size").selectOption("5");
  await v.page.getByText("11 reports", { exact: true }).waitFor();
  await v.page.getByRole("link", { name: "Issues", exact: true }).click();
  await v.loaded();
  await becomes(() => v.rows().count(), 2);
  await v.leave();
});

test("a server that is gone is said, and the map heals when it is back", async () => {
  await fed();
  const v = await enter();
  await server.end();
  await v.page.getByLabel("Source").selectOption("manual");
  await v.page.getByText("The server does not answer").first().waitFor();
  await server.again();
  await v.page.getByText("The server does not answer").first().waitFor({ state: "detached" });
  await v.page.getByText("21 reports", { exact: true }).waitFor();
  await v.leave({ butNetwork: true });
});

test("a hundred thousand points: how long a frame takes is printed", async (t) => {
  const issues = 6000;
  const id = (kind, i) => `01a201fa-${kind}-7000-8000-${String(i).padStart(12, "0")}`;
  let seed = 7;
  const rnd = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const clusters = Array.from({ length: issues }, (_, i) => ({ id: id("0000", i), title: `Issue ${i}`, status: "new", count: 0, shown: 0, x: Math.round(60000 * rnd() - 30000), y: Math.round(60000 * rnd() - 30000) }));
  const points = { id: [], x: [], y: [], cluster: [] };
  for (let i = 0; i < 100_000; i++) {
    const k = Math.floor(issues * rnd() ** 2);
    clusters[k].count = ++clusters[k].shown;
    points.id.push(id("1111", i));
    points.cluster.push(k);
    points.x.push(Math.round(clusters[k].x + 900 * (rnd() + rnd() - 1)));
    points.y.push(Math.round(clusters[k].y + 900 * (rnd() + rnd() - 1)));
  }
  const v = await Visitor.enter(browser, server, { path: null });
  await v.page.route("**/api/map?*", (route) => route.fulfill({ json: { points, clusters, total: 100_000, undrawn: 0, laid_at: new Date().toISOString() } }));
  await v.page.goto(`${server.url}/map?project_id=${project}`);
  await v.page.getByText("100,000 reports").waitFor();
  await v.page.evaluate(() => {
    globalThis.costs = [];
    const frame = globalThis.requestAnimationFrame.bind(globalThis);
    globalThis.requestAnimationFrame = (draw) => frame((now) => {
      const begun = performance.now();
      draw(now);
      globalThis.costs.push(performance.now() - begun);
    });
  });
  const box = await v.page.locator(".map-stage").boundingBox();
  await v.page.mouse.move(box.x + 300, box.y + 300);
  await v.page.mouse.down();
  for (let i = 0; i < 120; i++) await v.page.mouse.move(box.x + 300 + 120 * Math.sin(i / 9), box.y + 300 + 90 * Math.cos(i / 7));
  await v.page.mouse.up();
  for (let i = 0; i < 30; i++) await v.page.mouse.wheel(0, i < 15 ? -90 : 90);
  const costs = (await v.page.evaluate(() => globalThis.costs)).sort((a, b) => a - b);
  assert.ok(costs.length > 20);
  const at = (part) => costs[Math.floor(costs.length * part)].toFixed(1);
  t.diagnostic(`100,000 points on the map, moved and zoomed: a frame is drawn in ${at(0.5)} ms (95 %: ${at(0.95)} ms), ${costs.length} frames`);
  await v.leave({ butNetwork: true }); // the reports that it points at do not exist
});
