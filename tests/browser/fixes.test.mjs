// Fixes, from the question before one to the merge: what the pages show of them, live, and what people do with them. What an
// agent would do is put into the store.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SIX, Visitor, becomes, topics, waitFor, world } from "./support.mjs";

const PENDING = 0, RUNNING = 1, SUCCESS = 2, FAILED = 3;
const AGENT = 3, PATCHED_TESTS = 5, OPENED = 7;
const FIXING = 2, PR_OPENED = 3;
const LINES = 100_000;

const PATCH = `diff --git a/src/export.c b/src/export.c
index 1111111..2222222 100644
--- a/src/export.c
+++ b/src/export.c
@@ -1,3 +1,4 @@
 int main(void) {
-    return 1;
+    puts("done");
+    return 0;
 }
diff --git a/ci.yml b/ci.yml
new file mode 100644
--- /dev/null
+++ b/ci.yml
@@ -0,0 +1 @@
+run: everything
`;

let issues;
const running = randomUUID(), opened = randomUUID(), refused = randomUUID();
const w = world(async (server) => {
  await server.feed(topics(SIX));
  issues = await server.issues("sort=size");
  const now = Date.now();
  server.putFixes(
    { id: running, cluster: issues[0].id, status: FIXING, job: { state: RUNNING }, fix: { step: AGENT, agent: "claude", started_at: now - 5000, calls: 3, micro_usd: 612_345, tokens_in: 1000, tokens_out: 99 }, log: [["step", "the repository is read\n"]] },
    { id: opened, cluster: issues[1].id, status: PR_OPENED, job: { state: SUCCESS, ended_at: now }, fix: { step: OPENED, pull: 1, pull_number: 7, started_at: now - 400_000, pull_url: "https://forge.example/pulls/7", repository: "example/app", base_branch: "main", branch: "soulcaster/1-x", tests: JSON.stringify({ base: { passed: false, exit: 1, ms: 340 }, patched: { passed: true, exit: 0, ms: 300 } }), patch_files: 2, patch_added: 3, patch_removed: 1 }, patch: PATCH, log: [["step", "done\n"]] },
    { id: refused, cluster: issues[2].id, job: { state: FAILED, ended_at: now, error: "the change breaks a rule of the project" }, fix: { step: 4, reason: 8, started_at: now - 9000, findings: JSON.stringify([{ rule: "ci", path: "ci.yml", line: 1, words: "changes what CI runs" }]), patch_files: 2, patch_added: 3, patch_removed: 1, blocked: '["evil.example"]' }, patch: PATCH, log: [["step", "refused\n"]] },
  );
}, "--tidy-ms", "0", "--queues", "group");

const enter = (path, more) => Visitor.enter(w.browser, w.server, { path, ...more });
const line = (v, text) => v.page.locator(".line", { hasText: text }).first().waitFor();

test("without a set-up, f says what is missing, on the list and on the issue", async () => {
  const v = await enter("/?status=all");
  await v.loaded();
  await v.press("j", "f");
  const dialog = v.page.getByRole("dialog", { name: "Fix this issue" });
  await dialog.waitFor();
  await v.press("Escape");
  await v.press("x", "j", "x", "f");
  await v.toast("one issue at a time");
  await v.page.goto(`${w.server.url}/issues/${issues[3].id}`);
  await v.page.getByRole("region", { name: "Fix" }).getByText("Nothing was tried yet.").waitFor();
  await v.press("f");
  await dialog.getByText("which repository is to be changed?").waitFor();
  await v.looksRight("what is missing");
  await dialog.getByRole("link", { name: "To the settings for fixes" }).click();
  await v.page.getByRole("heading", { name: "Fixes", level: 2 }).waitFor();
  await v.leave();
});

test("a fix that runs is said instead of a second one", async () => {
  const v = await enter(`/issues/${issues[0].id}`);
  await v.page.getByRole("region", { name: "Fix" }).waitFor();
  await v.press("f");
  await v.page.getByRole("dialog").getByText("A fix of this issue is under way").waitFor();
  await v.leave();
});

/** The server's own words, but for what is not set up here. */
async function asReady(v, start, more = {}) {
  const state = await w.server.api("GET", "/api/fix");
  await v.page.route((url) => url.pathname === "/api/fix", (route) => route.fulfill({ json: { ...state, ready: true, missing: [], repository: "example/app", ...more } }));
  await v.page.route("**/start_fix*", start);
}

test("a server that was told to do without a sandbox says so before a fix", async () => {
  const v = await enter(null);
  await asReady(v, (route) => route.abort(), { sandboxed: false });
  await v.page.goto(`${w.server.url}/issues/${issues[4].id}`);
  await v.page.getByRole("region", { name: "Fix" }).waitFor();
  await v.press("f");
  await v.page.getByRole("dialog").getByText("There is no sandbox here").waitFor();
  await v.page.unrouteAll();
  await v.leave();
});

test("the start says what is in the way, and goes on where a person insists", async () => {
  const v = await enter(null);
  const asked = [];
  await asReady(v, (route) => {
    asked.push(route.request().postDataJSON());
    if (!asked.at(-1).force) return route.fulfill({ status: 409, contentType: "application/problem+json", json: { title: "Conflict", status: 409, code: "conflict", detail: "an open pull request of ours touches the same cause" } });
    return route.fulfill({ status: 202, json: { id: running } });
  });
  await v.page.goto(`${w.server.url}/issues/${issues[4].id}`);
  await v.page.getByRole("region", { name: "Fix" }).waitFor();
  await v.press("f");
  const dialog = v.page.getByRole("dialog");
  const begin = dialog.getByRole("button", { name: "Fix it" });
  await waitFor("the focus", () => begin.evaluate((e) => e === document.activeElement));
  await dialog.getByText("scripted (no model)").first().waitFor({ state: "attached" });
  await v.looksRight("the start");
  await begin.focus();
  await v.press("Enter");
  await dialog.getByText("Not begun: an open pull request of ours touches the same cause").waitFor();
  await dialog.getByLabel("Agent").selectOption("scripted");
  await dialog.getByLabel("Is there anything else").fill("be careful");
  await dialog.getByLabel("Also when an open pull request").check();
  await begin.click();
  await v.toast("The fix begins.");
  assert.deepEqual(asked, [{}, { agent: "scripted", instructions: "be careful", force: true }]);
  await v.leave({ butNetwork: true });
});

test("the list of issues says where a fix is", async () => {
  const v = await enter("/?status=all");
  await v.loaded();
  await v.page.locator(".row", { hasText: SIX[0][0] }).getByText("being fixed").waitFor();
  await v.page.locator(".row", { hasText: SIX[1][0] }).getByText("in review", { exact: true }).waitFor();
  await v.leave();
});

test("all fixes, by filters that stay in the address", async () => {
  const v = await enter("/fixes");
  const rows = v.page.locator(".fix-table tbody tr");
  await rows.nth(2).waitFor();
  await v.page.getByText("1 running").waitFor();
  await v.looksRight("fixes");
  const left = async (label, value, titles) => {
    await v.page.getByLabel(label, { exact: true }).selectOption(value);
    await waitFor(`${label} ${value}`, async () => (await rows.locator("th a").allTextContents()).sort().join() === [...titles].sort().join());
  };
  await left("State", "failed", [SIX[2][0]]);
  await v.page.waitForURL(/state=failed/);
  await left("State", "", [SIX[0][0], SIX[1][0], SIX[2][0]]);
  await left("Pull request", "open", [SIX[1][0]]);
  await left("Pull request", "", [SIX[0][0], SIX[1][0], SIX[2][0]]);
  await left("Cost", "0.5", [SIX[0][0]]);
  await left("Cost", "", [SIX[0][0], SIX[1][0], SIX[2][0]]);
  await left("Duration", "5", [SIX[1][0]]);
  await left("Agent", "claude", []);
  await v.page.getByRole("link", { name: "Show them all" }).click();
  await v.page.getByRole("link", { name: "pull request #7" }).waitFor();
  await v.press("j", "o");
  await v.page.waitForURL(/\/issues\//);
  await v.leave();
});

test("one fix: facts, tests, the patch in colours, the finding where it is", async () => {
  const v = await enter(`/fixes/${refused}`);
  await v.page.getByText("the change breaks a rule of the project").first().waitFor();
  await v.page.locator(".findings", { hasText: "changes what CI runs" }).waitFor();
  await v.page.locator(".line-broken", { hasText: "run: everything" }).getByText("breaks a rule: ci").waitFor();
  await becomes(() => v.page.locator(".line-add").count(), 3);
  await becomes(() => v.page.locator(".line-remove").count(), 1);
  await v.page.getByText("evil.example").waitFor();
  await v.page.getByRole("button", { name: "ci.yml" }).click();
  await v.looksRight("a refused fix");
  await v.leave();
});

test("the log grows as it is written, and goes on after the server was away", async () => {
  const v = await enter(`/fixes/${running}`);
  await line(v, "the repository is read");
  await v.page.getByText("1 line, live").waitFor();
  w.server.putFixes({ id: running, log: [["agent", "hello\nwor"], ["agent", "ld\n"]] });
  await line(v, "world");
  await w.server.end();
  await v.page.locator(".banner").waitFor();
  w.server.putFixes({ id: running, log: [["agent", "while you were away\n"]] });
  await w.server.again();
  await line(v, "while you were away");
  w.server.putFixes({ id: running, log: [["tests", "passed\n"]], fix: { step: PATCHED_TESTS } });
  await line(v, "passed");
  await becomes(() => v.page.locator(".line code").allTextContents(), ["the repository is read", "hello", "world", "while you were away", "passed"]);
  await v.page.locator(".step-now", { hasText: "Tests the change" }).waitFor();
  await v.looksRight("a fix that runs");
  await v.leave({ butNetwork: true });
});

test("a fix is followed although reports never stop coming", async () => {
  const id = randomUUID();
  w.server.putFixes({ id, cluster: issues[4].id, job: { state: RUNNING }, fix: { step: AGENT, started_at: Date.now() } });
  const v = await enter(`/fixes/${id}`);
  await v.page.locator(".step-now").waitFor();
  let on = true, sent = 0;
  const reports = (async () => {
    while (on) await w.server.api("POST", "/api/ingest/manual", { external_id: `stream-${sent}`, text: `Report ${++sent} of a stream` });
  })();
  await waitFor("a stream of them", () => sent > 20);
  w.server.putFixes({ id, fix: { step: PATCHED_TESTS } });
  await v.page.locator(".step-now", { hasText: "Tests the change" }).waitFor();
  on = false;
  await reports;
  await v.leave();
});

test("a hundred thousand lines: all can be reached, few are drawn", async (t) => {
  const id = randomUUID();
  const text = (row) => Array.from({ length: 1000 }, (_, i) => `line ${row * 1000 + i}\n`).join("");
  w.server.putFixes({ id, cluster: issues[5].id, job: { state: SUCCESS, ended_at: Date.now() }, fix: { step: OPENED, pull: 3 }, log: Array.from({ length: LINES / 1000 }, (_, row) => ["agent", text(row)]) });
  const v = await enter(`/issues/${issues[5].id}`);
  const begun = Date.now();
  await v.page.getByRole("button", { name: "Log" }).click();
  await v.page.getByText(`${LINES.toLocaleString("en-GB")} lines`).waitFor();
  t.diagnostic(`100,000 lines are there after ${Date.now() - begun} ms`);
  const gaps = await v.page.evaluate(async () => {
    const view = document.querySelector(".lines");
    const all = [];
    let last = performance.now();
    for (let i = 0; i < 120; i++) {
      view.scrollTop += view.scrollHeight / 120;
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      all.push(now - last);
      last = now;
    }
    view.scrollTop = view.scrollHeight;
    return all.sort((a, b) => a - b);
  });
  t.diagnostic(`scrolling through them, 120 frames: median ${gaps[60].toFixed(1)} ms, longest ${gaps.at(-1).toFixed(1)} ms`);
  await line(v, `line ${LINES - 1}`);
  await becomes(async () => (await v.page.locator(".line").count()) < 120, true);
  await v.leave();
});

test("a long log begins with its end; older lines come in front, in their place", async () => {
  const id = randomUUID();
  const rows = Array.from({ length: 450 }, (_, i) => ["agent", i === 249 ? "line 249 be" : i === 250 ? "gins\n" : `line ${i}\n`]);
  w.server.putFixes({ id, cluster: issues[5].id, job: { state: FAILED, ended_at: Date.now(), error: "it changed nothing" }, fix: { step: AGENT }, log: rows });
  const v = await enter(`/fixes/${id}`);
  await v.page.getByText("the last 200 lines").waitFor();
  const older = v.page.getByRole("button", { name: "Older lines" });
  await v.page.locator(".lines").evaluate((view) => (view.scrollTop = 20 * 10));
  await line(v, "line 261");
  const at = () => v.page.locator(".line", { hasText: "line 261" }).evaluate((one) => Math.round(one.getBoundingClientRect().top - one.closest(".lines").getBoundingClientRect().top));
  const stood = await at();
  await older.click();
  await v.page.getByText("the last 399 lines").waitFor();
  await becomes(at, stood);
  await line(v, "line 249 begins");
  await v.looksRight("a part of a log");
  const saved = v.page.waitForEvent("download");
  await v.page.getByRole("button", { name: "Download" }).click();
  const text = readFileSync(await (await saved).path(), "utf8").trim().split("\n");
  assert.deepEqual([text.length, text[0].slice(-6), text.at(-1).slice(-8)], [449, "line 0", "line 449"]);
  await v.page.getByText("449 lines", { exact: true }).waitFor();
  await becomes(() => older.count(), 0);
  await v.leave();
});

test("what is under way is stopped, what failed is tried again, by keys", async () => {
  const id = randomUUID();
  w.server.putFixes({ id, cluster: issues[3].id, job: { state: PENDING } });
  const v = await enter(`/fixes/${id}`);
  await v.page.getByRole("button", { name: "Stop it" }).waitFor();
  await v.press("d");
  await v.toast("The fix is stopped");
  await v.page.getByRole("status").getByText("Cancelled").waitFor();
  await v.press("r");
  await v.toast("The fix goes round again.");
  await v.page.getByRole("status").getByText("Waits").waitFor();
  await v.press("d");
  await v.page.getByRole("status").getByText("Cancelled").waitFor();
  await v.leave();
});

test("the plan is made, edited, and nobody's change is overwritten unseen", async () => {
  const [, , , issue] = issues;
  const v = await enter(`/issues/${issue.id}`);
  await v.page.getByRole("region", { name: "Fix" }).waitFor();
  await v.press("p");
  await v.page.getByRole("button", { name: "Make it now" }).click();
  await v.page.getByText("Version 1, made from the reports").waitFor();
  await v.page.getByRole("button", { name: "Edit", exact: true }).click();
  await v.page.getByLabel("When it is fixed").fill("the battery lasts");
  await w.server.api("POST", `/api/clusters/${issue.id}/plan`, { expected: "theirs", version: 1 });
  await v.looksRight("the editor");
  await v.page.getByRole("button", { name: /^Save/ }).click();
  await v.page.getByText("Version 2 was saved meanwhile").waitFor();
  await v.accessible("the conflict");
  await v.page.getByRole("button", { name: "Save mine as version 3" }).click();
  await v.toast("saved as version 3");
  await becomes(async () => (await w.server.api("GET", `/api/clusters/${issue.id}/plan`)).acceptance, "the battery lasts");
  await v.page.getByLabel("Version").selectOption("2");
  await v.page.getByText("theirs").waitFor();
  await v.leave({ butNetwork: true });
});

test("a plan that is edited stays the one it began with, though a newer one is loaded", async () => {
  const [, , , , issue] = issues;
  await w.server.api("POST", `/api/clusters/${issue.id}/plan`);
  const v = await enter(`/issues/${issue.id}`);
  await v.page.getByRole("region", { name: "Fix" }).waitFor();
  await v.press("p");
  await v.page.getByRole("button", { name: "Edit", exact: true }).click();
  await v.page.getByLabel("When it is fixed").fill("mine");
  await w.server.api("POST", `/api/clusters/${issue.id}/plan`, { expected: "theirs", version: 1 });
  const loadedAnew = v.page.waitForResponse((reply) => reply.url().includes("/plan") && reply.status() === 200);
  await v.outage();
  await loadedAnew;
  await v.page.getByRole("button", { name: /^Save/ }).click();
  await v.page.getByText("Version 2 was saved meanwhile").waitFor();
  await v.page.getByRole("button", { name: "Go on with theirs" }).click();
  await v.page.getByText("theirs").waitFor();
  await v.leave({ butNetwork: true });
});

test("pages of fixes are told of changes, and do not ask again and again", async () => {
  for (const [i, path] of [`/fixes/${running}`, "/fixes", `/issues/${issues[0].id}`].entries()) {
    const v = await enter(null);
    await v.page.clock.install();
    const streams = v.page.waitForResponse((reply) => reply.url().includes("/api/events"));
    await v.page.goto(w.server.url + path);
    await streams;
    await v.page.locator(".standing, .fix-table").first().waitFor();
    const asked = [];
    v.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await v.page.clock.runFor(20_000);
    await v.page.evaluate(() => fetch("/health")); // what was asked for before this is known by now
    assert.ok(asked.filter((at) => /\/(jobs|fixes)/.test(at)).length < 3, asked.join(" "));
    w.server.putFixes({ id: running, fix: { micro_usd: 700_000 + i * 10_000 } });
    await v.page.getByText(`$0.${70 + i}`).first().waitFor();
    await v.leave();
  }
});

test("a log that was left is not taken up again", async () => {
  const v = await enter(null);
  await v.page.clock.install();
  const asked = [];
  v.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  let broke, letGo;
  const looking = new Promise((go) => (broke = go)), gate = new Promise((go) => (letGo = go));
  await v.page.route("**/logs/follow?*", (route) => route.abort());
  await v.page.route("**/health", async (route) => {
    broke();
    await gate;
    await route.fulfill({ json: { status: "ok" } });
  });
  await v.page.goto(`${w.server.url}/fixes/${running}`);
  await looking;
  await v.page.locator(".fix-nav").getByRole("link", { name: "Fixes" }).click();
  await v.page.locator(".fix-table").waitFor();
  asked.length = 0;
  const said = v.page.waitForResponse("**/health");
  letGo();
  await said;
  await v.page.clock.fastForward(5000);
  await v.page.evaluate(() => fetch("/health")); // what was asked for before this is known by now
  assert.deepEqual(asked.filter((path) => path.includes("/logs")), []);
  await v.leave({ butNetwork: true });
});

test("a pull request of a forge without pages is merged here, after a question", async () => {
  const v = await enter(null);
  const acts = [];
  const pull = { number: 7, state: "open", draft: true, url: null, title: "Say done", body: "It says done.\n\n**Plan**", branch: "soulcaster/1-x", base: "main", head_commit: "a".repeat(40), merge_commit: null, actions: ["merge", "close", "comment"], comments: [{ author: "ann", body: "nice", at: new Date().toISOString() }] };
  await v.page.route("**/pull_request*", (route) => {
    if (route.request().method() === "POST") {
      acts.push(route.request().postDataJSON());
      if (acts.at(-1).action === "merge") Object.assign(pull, { state: "merged", actions: [], merge_commit: "b".repeat(40) });
    }
    return route.fulfill({ json: pull });
  });
  await v.page.goto(`${w.server.url}/fixes/${opened}#pull`);
  await v.page.getByRole("heading", { name: "Say done" }).waitFor();
  await v.page.getByText("In review, a draft").waitFor();
  await v.looksRight("a pull request");
  await v.page.getByLabel("Comment").fill("@soulcaster shorter");
  await v.page.getByRole("button", { name: "Comment" }).click();
  await v.toast("Commented.");
  await v.page.getByRole("button", { name: "Merge" }).click();
  await v.page.getByRole("dialog", { name: "Merge this change?" }).waitFor();
  await v.accessible("the question");
  await v.page.getByRole("button", { name: "Merge it" }).click();
  await v.toast("Merged.");
  await v.page.getByText("as bbbbbbbbbbbb").waitFor();
  assert.deepEqual(acts, [{ action: "comment", body: "@soulcaster shorter" }, { action: "merge" }]);
  await v.leave();
});

test("who may only read is offered nothing to press", async () => {
  const { key } = await w.server.key(["read"]);
  const v = await enter(null, { signedIn: false });
  await v.context.request.post(`${w.server.url}/login`, { data: { token: key } });
  const session = v.page.waitForResponse((reply) => reply.url().includes("/api/session"));
  await v.page.goto(`${w.server.url}/fixes/${running}`);
  await session;
  await line(v, "the repository is read");
  await v.page.getByRole("button", { name: "Stop it" }).waitFor({ state: "detached" });
  await v.leave({ butNetwork: true });
});

test("settings that are typed outlive an outage", async () => {
  const v = await enter("/settings#fixes");
  await v.page.getByRole("textbox", { name: "Test command" }).fill("make typed");
  const loadedAnew = v.page.waitForResponse((reply) => reply.url().includes("/api/config/fix") && reply.status() === 200);
  await v.outage();
  await loadedAnew;
  await v.page.getByText("Not ready yet:").waitFor();
  await v.page.evaluate(() => new Promise(requestAnimationFrame)); // what came is shown
  assert.equal(await v.page.getByRole("textbox", { name: "Test command" }).inputValue(), "make typed");
  await v.leave({ butNetwork: true });
});

test("the settings are saved as they stand, and a refusal names the field", async () => {
  const v = await enter("/settings#fixes");
  await v.page.getByRole("textbox", { name: "Test command" }).fill("make check");
  await v.page.getByLabel("Never these paths").fill("docs/**\nLICENSE");
  await v.page.getByLabel("lock files of packages").check();
  await v.page.getByLabel("Dollars of one fix").fill("0.75");
  await becomes(() => v.page.getByLabel("Fixes start by themselves").isChecked(), false);
  await v.page.getByRole("button", { name: "Save the settings for fixes" }).click();
  await v.toast("The settings for fixes are saved.");
  const config = await w.server.api("GET", "/api/config/fix");
  assert.deepEqual([config.test_command, config.deny, config.rules_off, config.max_usd, config.policy.enabled], ["make check", ["docs/**", "LICENSE"], ["lock"], 0.75, false]);
  await v.page.getByLabel("Base branch").fill("..bad..");
  await v.page.getByRole("button", { name: "Save the settings for fixes" }).click();
  await v.page.getByText("Not saved: Base branch: not a branch's name").waitFor();
  await v.looksRight("the settings");
  await v.leave({ butNetwork: true });
});
