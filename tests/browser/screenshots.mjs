// Makes docs/screenshots/*.png from the demo's data: node tests/browser/screenshots.mjs
// (`./dev build` first). Not a test: the pictures are for the README.
import { execFileSync } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BIN, launch, Server, Visitor } from "./support.mjs";

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

console.log(execFileSync(BIN, ["--version"], { encoding: "utf8" }).trim());
const server = await Server.start("--tidy-ms", "0");
const browser = await launch();
await mkdir(OUT, { recursive: true });
await server.api("POST", "/api/projects", { name: "larderlark" });
await server.feed(await feed(), "larderlark");
const issues = await triage(server);
for (const theme of ["light", "dark"]) {
  const size = { theme, width: 1280, height: 800 };
  const list = await Visitor.enter(browser, server, { ...size, path: "/?project_id=larderlark&sort=size" });
  await list.loaded();
  await list.press("j", "j", "j");
  await list.page.screenshot({ path: join(OUT, `issues-${theme}.png`) });
  await list.context.close();
  const one = await Visitor.enter(browser, server, { ...size, path: `/issues/${issues[0].id}?project_id=larderlark` });
  await one.page.locator(".suggestions li, .panel p.dim").first().waitFor();
  await one.page.locator(".report").first().waitFor();
  await one.page.screenshot({ path: join(OUT, `issue-${theme}.png`) });
  await one.context.close();
  const phone = await Visitor.enter(browser, server, { theme, width: 390, height: 760, path: "/?project_id=larderlark&sort=size" });
  await phone.loaded();
  await phone.page.screenshot({ path: join(OUT, `phone-${theme}.png`) });
  await phone.context.close();
}
await browser.close();
await server.stop();
