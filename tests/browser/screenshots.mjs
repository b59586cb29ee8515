// Makes docs/screenshots/*.png from the demo's data: node tests/browser/screenshots.mjs [NAME]...
// (`./dev build` first); with names (settings, map) only those. Not a test: the pictures are for the README and docs/dashboard.md.
import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { shrink } from "./png.mjs";
import { BIN, launch, Server, Visitor, waitFor } from "./support.mjs";

const ROOT = resolve(new URL("../..", import.meta.url).pathname);
const OUT = join(ROOT, "docs/screenshots");

/** The demo's feed as it is today: its last report came an hour ago. */
async function feed() {
  const rows = (await readFile(join(ROOT, "demo/feed.ndjson"), "utf8")).trim().split("\n").map((line) => JSON.parse(line));
  const last = Math.max(...rows.map((row) => Date.parse(row.created_at)));
  const shift = Date.now() - 3_600_000 - last;
  return rows.map((row) => ({ ...row, created_at: new Date(Date.parse(row.created_at) + shift).toISOString() }));
}

async function triage(server) {
  const issues = await server.issues("sort=size", "larderlark");
  const set = (i, body) => server.api("PATCH", `/api/clusters/${issues[i].id}?project_id=larderlark`, body);
  for (const i of [2, 5, 7, 12, 17]) await set(i, { status: "triaged" });
  for (const i of [9, 20]) await set(i, { restore: "regressed" });
  for (const i of [14, 22, 30]) await set(i, { status: "resolved" });
  for (const i of [33, 40]) await set(i, { status: "snoozed" });
  for (let i = 60; i < 70; i++) await set(i, { status: "ignored" });
  return issues;
}

const PROJECT = "project_id=larderlark";
/** Name, address, width and height, and what has to be there first. */
const pages = (issue) => [
  ["issues", `/?${PROJECT}&sort=size`, 1280, 800, async (v) => {
    await v.loaded();
    await v.press("j", "j", "j");
  }],
  ["issue", `/issues/${issue}?${PROJECT}`, 1280, 800, async (v) => {
    await v.page.locator(".suggestions li, .panel p.dim").first().waitFor();
    await v.page.locator(".report").first().waitFor();
  }],
  ["map", `/map?${PROJECT}`, 1280, 800, (v) => v.page.locator(".map-table tbody tr").first().waitFor()],
  ["inbox", `/inbox?${PROJECT}`, 1280, 800, (v) => v.page.locator(".item").first().waitFor()],
  ["sources", `/sources?${PROJECT}`, 1280, 800, (v) => v.page.locator(".item").first().waitFor()],
  ["work", `/work?${PROJECT}`, 1280, 560, (v) => v.page.locator(".plain tbody tr").first().waitFor()],
  ["health", `/status?${PROJECT}`, 1280, 800, (v) => v.page.locator(".check-row").first().waitFor()],
  ["settings", `/settings?${PROJECT}`, 1280, 800, (v) => v.page.locator(".plain tbody tr").first().waitFor()],
  ["limits", `/settings?${PROJECT}`, 1280, 800, async (v) => {
    await v.page.getByLabel("Stored reports").fill("200");
    await v.page.getByLabel("Days to keep").fill("10");
    await v.page.getByRole("button", { name: "What would go?" }).click();
    await v.page.getByText("Which issues?").click();
    await v.page.locator("section.part", { hasText: "What is over a limit" }).evaluate((part) => {
      part.style.scrollMarginTop = "16px";
      part.scrollIntoView();
    });
  }],
  ["phone", `/?${PROJECT}&sort=size`, 390, 760, (v) => v.loaded()],
];

const GROUPS = ["export-csv-last-row", "list-duplicates-offline", "import-fractions"];

/** The demo's own way: one fix merged, one for which nothing is prepared, one that waits for people. */
async function fixes(server) {
  const ids = [];
  for (const group of GROUPS) {
    const { id } = await server.api("POST", `/api/clusters/${await server.demoIssue(group)}/start_fix?project_id=demo`, {});
    await waitFor("the fix", async () => !["pending", "running"].includes((await server.api("GET", `/api/jobs/${id}?project_id=demo`)).status));
    ids.push(id);
  }
  await server.api("POST", `/api/jobs/${ids[0]}/pull_request?project_id=demo`, { action: "merge" });
  return ids;
}

const fixPages = (id) => [
  ["fixes", "/fixes?project_id=demo", 1280, 560, (v) => v.page.locator(".fix-table tbody tr").nth(2).waitFor()],
  ["fix", `/fixes/${id}?project_id=demo`, 1280, 1400, async (v) => {
    await v.page.locator(".pull h3").waitFor();
    for (const what of [".line-add", ".line-of-step"]) await v.page.locator(what).first().waitFor();
  }],
];

console.log(execFileSync(BIN, ["--version"], { encoding: "utf8" }).trim());
const server = await Server.start("--tidy-ms", "200");
const browser = await launch();
await mkdir(OUT, { recursive: true });
await server.api("POST", "/api/projects", { name: "larderlark" });
await server.feed(await feed(), "larderlark");
await waitFor("the map", async () => (await server.api("GET", `/api/map?${PROJECT}`)).undrawn === 0);
const issues = await triage(server);
await server.longAgo(30);
const demo = await Server.startDemo("--tidy-ms", "0");
const waiting = (await fixes(demo)).at(-1);
const only = process.argv.slice(2);
const all = [...pages(issues[0].id).map((page) => [server, ...page]), ...fixPages(waiting).map((page) => [demo, ...page])]
  .filter(([, name]) => !only.length || only.includes(name));
let bytes = 0;
for (const theme of ["light", "dark"]) {
  for (const [from, name, path, width, height, ready] of all) {
    const v = await Visitor.enter(browser, from, { theme, width, height, path });
    await ready(v);
    await v.page.evaluate(() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))); // drawn
    const picture = shrink(await v.page.screenshot());
    bytes += picture.length;
    await writeFile(join(OUT, `${name}-${theme}.png`), picture);
    await v.context.close();
  }
}
console.log(`${(bytes / 1024).toFixed(0)} KB of pictures`);
await browser.close();
await server.stop();
await demo.stop();
