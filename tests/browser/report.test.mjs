// Reports from people: written here, or in a file that is dropped on the page.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { after, before, test } from "node:test";
import { SIX, Server, Visitor, becomes, launch, topics, waitFor } from "./support.mjs";

let server, browser, folder;
before(async () => {
  server = await Server.start("--tidy-ms", "0");
  browser = await launch();
  folder = await mkdtemp(join(tmpdir(), "soul-import-"));
  await server.feed(topics(SIX));
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true });
});

async function file(name, content) {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const project = async (name) => (await server.api("POST", "/api/projects", { name }), name);
const reports = async (name) => (await server.api("GET", `/api/feedback?project_id=${name}&limit=1000`)).items;

/** Opens the import and hands it a file. */
async function choose(v, path) {
  await v.page.getByRole("button", { name: "Import files" }).click();
  await v.page.getByRole("dialog", { name: "Import reports" }).waitFor();
  await v.page.locator("input[type=file]").setInputFiles(path);
  await v.page.getByRole("dialog", { name: "What is in it" }).getByRole("button", { name: "Import" }).waitFor();
}
const start = (v) => v.page.getByRole("button", { name: "Import", exact: true }).click();
const number = (v, what) => v.page.locator(".numbers div", { hasText: what }).locator("dd").textContent();

test("c writes a report, and one sees it land in its issue", async () => {
  const v = await Visitor.enter(browser, server);
  await v.loaded();
  await v.press("c");
  const dialog = v.page.getByRole("dialog", { name: "New report" });
  await dialog.waitFor();
  await v.accessible("the new report");
  await v.page.keyboard.type(SIX[0][0]);
  await dialog.getByLabel("What did they say?").fill("Export to PDF crashes on Safari. It happened again, says a man on the phone.");
  await v.press("Control+Enter");
  const sent = v.page.getByRole("dialog", { name: "Report sent" });
  await sent.getByRole("link", { name: SIX[0][0] }).waitFor();
  await v.accessible("the report that was sent");
  await sent.getByRole("link", { name: SIX[0][0] }).click();
  await v.page.getByRole("heading", { level: 1, name: SIX[0][0] }).waitFor();
  await becomes(() => v.page.getByRole("dialog").count(), 0);
  await v.leave();
});

test("what was written is kept when the dialog is closed, and when the server refuses it", async () => {
  const v = await Visitor.enter(browser, server);
  await v.loaded();
  await v.press("c");
  await v.page.getByLabel("What is it about?").fill("Half a thought");
  await v.press("Escape");
  await v.page.getByRole("dialog").waitFor({ state: "detached" });
  await v.press("c");
  await becomes(() => v.page.getByLabel("What is it about?").inputValue(), "Half a thought");
  await v.page.route("**/api/ingest/manual*", (route) => route.fulfill({ status: 429, contentType: "application/problem+json", json: { detail: "too much waits", status: 429 } }));
  await v.press("Control+Enter");
  await v.page.getByRole("alert").getByText("too much waits").waitFor();
  await becomes(() => v.page.getByLabel("What is it about?").inputValue(), "Half a thought");
  await v.leave({ butNetwork: true });
});

test("c right after Escape opens it again, before the browser has said that it closed", async () => {
  const v = await Visitor.enter(browser, server);
  await v.loaded();
  await v.press("c");
  await v.page.getByLabel("What is it about?").fill("Half a thought");
  await v.page.evaluate(async () => {
    document.querySelector("dialog").requestClose();
    await null; // what a key press waits for, and no task more
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "c", bubbles: true }));
    await new Promise((go) => setTimeout(go)); // the close event is a task
  });
  await v.page.getByRole("dialog", { name: "New report" }).waitFor();
  await becomes(() => v.page.evaluate(() => document.activeElement.value), "Half a thought");
  await v.leave();
});

test("a CSV file: columns are known by their names, others are details, and a second time all are known already", async () => {
  const name = await project("csv");
  const path = await file("tickets.csv", [
    "Key;Summary;Description;Created;Platform;Mood",
    'T-1;Export fails;"It says ""no"";\nthen nothing";2026-03-01 10:00;iOS;bad',
    "T-2;Login loops;Again and again;01.03.2026;Android;worse",
    "T-3;;;2026-03-01;Web;none",
    "T-4;Too;many;2026-03-01;cells;in;this row",
  ].join("\r\n"));
  const v = await Visitor.enter(browser, server, { path: `/sources?project_id=${name}` });
  await choose(v, path);
  await v.accessible("what is in the file");
  await becomes(() => v.page.getByLabel("Summary").inputValue(), "title");
  await v.page.getByLabel("Mood").selectOption("none");
  await start(v);
  await v.page.getByText("Done").waitFor();
  await becomes(async () => [await number(v, "stored"), await number(v, "not taken")], ["2", "2"]);
  await v.page.getByText("Line 5 neither a title nor a text").waitFor();
  await v.page.getByText("Line 6 7 cells, but the header names 6").waitFor();
  await v.accessible("what came of it");
  const [saved] = await Promise.all([v.page.waitForEvent("download"), v.page.getByRole("button", { name: "Download them" }).click()]);
  const rejects = (await readFile(await saved.path(), "utf8")).trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(rejects.map((r) => [r.file, r.line]), [["tickets.csv", 5], ["tickets.csv", 6]]);
  const stored = (await reports(name)).sort((a, b) => (a.external_id < b.external_id ? -1 : 1));
  assert.deepEqual(stored.map((r) => [r.external_id, r.title, r.body, r.created_at, r.metadata, r.source]), [
    ["T-1", "Export fails", 'It says "no";\nthen nothing', "2026-03-01T10:00:00.000Z", { Platform: "iOS" }, "generic"],
    ["T-2", "Login loops", "Again and again", "2026-03-01T00:00:00.000Z", { Platform: "Android" }, "generic"],
  ]);
  await v.press("Escape");
  await choose(v, path);
  await start(v);
  await v.page.getByText("Done").waitFor();
  await becomes(async () => [await number(v, "stored"), await number(v, "known already")], ["0", "2"]);
  await v.leave();
});

test("NDJSON, packed, with wrong lines; lines without an id are known by their content", async () => {
  const name = await project("ndjson");
  const lines = [...Array.from({ length: 1200 }, (_, i) => JSON.stringify({ source: "manual", title: `Row ${i}`, body: "x" })), "{broken", "[1]", JSON.stringify({ source: "manual", title: "Row 0", body: "x" })];
  const path = await file("rows.jsonl.gz", gzipSync(lines.join("\n")));
  const v = await Visitor.enter(browser, server, { path: `/sources?project_id=${name}` });
  await choose(v, path);
  await start(v);
  await v.page.getByText("Done").waitFor();
  await becomes(async () => [await number(v, "stored"), await number(v, "known already"), await number(v, "not taken")], ["1,200", "1", "2"]);
  await v.page.getByText("Line 1,202 not a JSON object").waitFor();
  assert.equal((await reports(name)).length, 1000);
  await v.leave();
});

test("a JSON array that is dropped on any page, whose texts are payloads", async () => {
  const name = await project("dropped");
  const v = await Visitor.enter(browser, server, { path: `/?project_id=${name}` });
  await v.page.getByRole("heading", { name: "No open issues" }).waitFor();
  const text = JSON.stringify([{ "<img src=x onerror=alert(1)>": 1, title: "<script>alert(2)</script>", body: "<b>bold</b>" }]);
  const data = await v.page.evaluateHandle((content) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], "<svg onload=alert(3)>.json", { type: "application/json" }));
    return transfer;
  }, text);
  await v.page.dispatchEvent("body", "dragenter", { dataTransfer: data });
  await v.page.getByText("Drop to import reports").waitFor();
  await v.page.dispatchEvent("body", "drop", { dataTransfer: data });
  await v.page.getByText("<script>alert(2)</script>").waitFor();
  assert.equal(await v.page.locator("#app img, #app b svg, #app script").count(), 0);
  await start(v);
  await v.page.getByText("Done").waitFor();
  await v.page.getByRole("link", { name: "To the issues" }).click();
  await v.loaded();
  assert.deepEqual((await reports(name)).map((r) => r.title), ["<script>alert(2)</script>"]);
  await v.leave();
});

test("an import waits for a server that is away, and goes on without storing anything twice", async () => {
  const name = await project("away");
  const path = await file("many.jsonl", Array.from({ length: 2000 }, (_, i) => JSON.stringify({ title: `Report ${i}` })).join("\n"));
  const v = await Visitor.enter(browser, server, { path: `/sources?project_id=${name}` });
  await choose(v, path);
  let lost = false;
  await v.page.route("**/api/ingest/batch*", async (route) => {
    if (lost) return route.continue();
    lost = true;
    await route.fetch(); // stored, but the answer is lost
    await server.end();
    await route.abort();
  });
  await start(v);
  await v.page.getByText("It goes on when it is back.").waitFor();
  await server.again();
  await v.page.getByText("Done").waitFor();
  await becomes(async () => [await number(v, "stored"), await number(v, "known already"), await number(v, "not taken")], ["1,500", "500", "0"]);
  assert.equal((await server.api("GET", `/api/stats?project_id=${name}`)).total_feedback, 2000);
  await v.leave({ butNetwork: true });
});

test("an import is stopped; what was stored stays", async () => {
  const name = await project("stopped");
  const path = await file("stop.jsonl", Array.from({ length: 2000 }, (_, i) => JSON.stringify({ title: `Report ${i}` })).join("\n"));
  const v = await Visitor.enter(browser, server, { path: `/sources?project_id=${name}` });
  await choose(v, path);
  let batches = 0;
  await v.page.route("**/api/ingest/batch*", (route) => (++batches > 1 ? undefined : route.continue())); // the second hangs
  await start(v);
  await waitFor("the first batch", async () => (await number(v, "stored")) === "500");
  await v.page.getByRole("button", { name: "Stop" }).click();
  await v.page.getByText("Stopped; what was stored stays").waitFor();
  assert.equal((await server.api("GET", `/api/stats?project_id=${name}`)).total_feedback, 500);
  await v.page.unrouteAll({ behavior: "ignoreErrors" });
  await v.leave();
});
