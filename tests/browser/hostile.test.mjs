// What strangers write stays text, wherever it is shown.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { Visitor, becomes, waitFor, world } from "./support.mjs";

const PAYLOADS = [
  `<script>alert(1)</script>`,
  `<img src=x onerror=alert(2)>`,
  `"><svg onload=alert(3)>`,
  `</title></style></textarea><iframe src=javascript:alert(4)>`,
  `{{constructor.constructor('alert(5)')()}}`,
  `<a href="javascript:alert(6)">click</a>`,
  `<math><mtext></form><form><mglyph><style></math><img src onerror=alert(7)>`,
  `\u202egnp.exe <b onmouseover=alert(8)>bold</b>`,
];

const w = world(async (server) => {
  const text = PAYLOADS.join(" ");
  await server.feed(PAYLOADS.flatMap((payload, i) => [0, 1].map((n) => ({
    source: "manual", external_id: `${payload}-${n}`, title: `${payload} ${i}`, body: `${text}\n\n${i}`, stack: `at ${payload} (${text})`,
    metadata: { [payload]: text, nested: { [text]: payload } }, status: payload.slice(0, 50), repo: payload.slice(0, 40), url: "https://example.com/?'onmouseover='alert(9)",
  }))));
  await server.api("POST", "/api/views", { name: PAYLOADS[1], query: { q: PAYLOADS[0], sort: "size" } });
});

/** Nothing of a payload became an element. */
async function clean(page) {
  const made = await page.evaluate(() => [
    document.querySelectorAll("iframe, math, #app img, #app script, [onerror], [onload], [onmouseover]").length,
    [...document.querySelectorAll("a")].filter((a) => !/^https?:$/.test(a.protocol)).length,
  ]);
  assert.deepEqual(made, [0, 0]);
}

test("payloads in every field are text: list, search, views, dialogs, issue", async () => {
  const v = await Visitor.enter(w.browser, w.server, { path: `/?status=all&q=${encodeURIComponent(PAYLOADS[0])}` });
  await v.page.getByRole("link", { name: PAYLOADS[1] }).first().waitFor();
  await clean(v.page);
  await v.page.goto(`${w.server.url}/?status=all`);
  await v.loaded();
  await clean(v.page);
  await v.press("j", "x", "j", "x", "m");
  await v.page.getByRole("dialog").waitFor();
  await clean(v.page);
  await v.press("Escape");
  for (const issue of await w.server.issues()) {
    await v.page.goto(`${w.server.url}/issues/${issue.id}`);
    await v.page.locator(".report").first().waitFor();
    for (const fold of await v.page.locator(".fold summary").all()) await fold.click();
    await v.page.locator(".why").first().waitFor();
    await clean(v.page);
  }
  await v.leave();
});

test("payloads in names and settings are text: keys, views, sources; a project takes no such name", async () => {
  const view = PAYLOADS[2];
  await assert.rejects(w.server.api("POST", "/api/projects", { name: PAYLOADS[1] }), /lower-case letters/);
  const project = await w.server.api("POST", "/api/projects", { name: "names" });
  const at = `project_id=${project.id}`;
  await w.server.api("POST", `/api/keys?${at}`, { name: PAYLOADS[3], scopes: ["read"] });
  await w.server.api("POST", `/api/views?${at}`, { name: view, query: { q: PAYLOADS[5] } });
  await w.server.api("PUT", `/api/config/github?${at}`, { secret: `long enough: ${PAYLOADS[4]}`, labels: [PAYLOADS[0], PAYLOADS[7]] });
  const v = await Visitor.enter(w.browser, w.server, { path: `/settings?${at}` });
  for (const text of [PAYLOADS[3], view]) await v.page.locator("main").getByText(text).first().waitFor();
  await clean(v.page);
  await v.page.goto(`${w.server.url}/sources?${at}`);
  await v.page.locator("#settings-github").click();
  await v.page.locator(".settings-form").waitFor();
  const values = () => v.page.locator(".settings-form :is(input, textarea)").evaluateAll((all) => all.map((e) => e.value).join("\n"));
  await waitFor("the labels", async () => (await values()).includes(PAYLOADS[0]));
  await clean(v.page);
  for (const path of ["inbox", "map", "work", "status"]) {
    await v.page.goto(`${w.server.url}/${path}?${at}`);
    await v.page.getByRole("heading", { level: 1 }).waitFor();
    await clean(v.page);
  }
  await v.leave();
});

test("payloads in logs, patches, findings, plans and pull requests are text", async () => {
  const [issue] = await w.server.issues();
  const id = randomUUID();
  const all = PAYLOADS.join("\n");
  const pull = { number: 1, state: "open", draft: true, url: "javascript:alert(1)", title: PAYLOADS[1], body: all, branch: PAYLOADS[2], base: PAYLOADS[3], head_commit: "", merge_commit: null, actions: ["merge", "comment"], comments: [{ author: PAYLOADS[4], body: all, at: new Date().toISOString() }] };
  w.server.putFixes({
    id, cluster: issue.id, job: { state: 3, ended_at: Date.now(), error: all },
    fix: { step: 7, pull: 1, agent: PAYLOADS[1], asked_by: PAYLOADS[2], branch: PAYLOADS[3], repository: PAYLOADS[5], pull_url: "javascript:alert(2)", instructions: all, plan_version: 1,
      blocked: JSON.stringify(PAYLOADS), findings: JSON.stringify(PAYLOADS.map((words) => ({ rule: words, path: words, line: 1, words }))), patch_files: 1 },
    log: [["agent", `${all}\n`]],
    patch: PAYLOADS.map((p) => `diff --git a/${p} b/${p}\n--- a/${p}\n+++ b/${p}\n@@ -1 +1 @@\n-${p}\n+${p}\n`).join(""),
  });
  await w.server.api("POST", `/api/clusters/${issue.id}/plan`, {});
  await w.server.api("POST", `/api/clusters/${issue.id}/plan`, { problem: all, evidence: all });
  const v = await Visitor.enter(w.browser, w.server, { path: null });
  await v.page.route("**/pull_request*", (route) => route.fulfill({ json: pull }));
  await v.page.goto(`${w.server.url}/fixes/${id}`);
  for (const what of [".pull h3", ".line-add", ".line-of-agent", ".plan-text"]) await v.page.locator(what).first().waitFor();
  await clean(v.page);
  await waitFor("what turns text round, named", async () => (await v.page.locator(".unseen", { hasText: "U+202E" }).count()) > 3);
  await v.page.goto(`${w.server.url}/fixes`);
  await v.page.locator(".fix-table tbody tr").first().waitFor();
  await clean(v.page);
  await v.page.goto(`${w.server.url}/issues/${issue.id}`);
  await v.page.getByRole("button", { name: "Patch" }).click();
  await v.page.locator(".line-add").first().waitFor();
  await v.press("p");
  await v.page.locator(".plan-text").waitFor();
  await clean(v.page);
  await v.leave();
});

test("a title that is edited to a payload is text, in the page's title too", async () => {
  const [issue] = await w.server.issues();
  await w.server.api("PATCH", `/api/clusters/${issue.id}`, { title: PAYLOADS[3] });
  const v = await Visitor.enter(w.browser, w.server, { path: `/issues/${issue.id}` });
  await v.page.getByRole("heading", { level: 1, name: PAYLOADS[3] }).waitFor();
  await becomes(() => v.page.title(), `${PAYLOADS[3]} - Soulcaster`);
  await clean(v.page);
  await v.leave();
});

test("the policy lets no foreign script in, even if one gets into the page", async () => {
  const v = await Visitor.enter(w.browser, w.server);
  await v.loaded();
  const ran = await v.page.evaluate(async () => {
    const script = document.createElement("script");
    try {
      script.text = "globalThis.broken = true";
    } catch {
      return "trusted types"; // the policy names no type that may be written
    }
    document.body.append(script);
    return globalThis.broken ? "ran" : "blocked";
  });
  assert.notEqual(ran, "ran");
  v.complaints = []; // the browser reports what was tried
  await v.leave();
});

test("an address full of payloads changes nothing", async () => {
  const hostile = encodeURIComponent(PAYLOADS[2]);
  const v = await Visitor.enter(w.browser, w.server, { path: `/?status=${hostile}&source=${hostile}&sort=${hostile}&seen=${hostile}&min=${hostile}&project_id=${hostile}#${hostile}` });
  await v.loaded();
  await clean(v.page);
  await v.leave();
});
