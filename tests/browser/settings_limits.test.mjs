// Settings: a project's limits, and how long it keeps the reports of closed issues. What would go is said before it is saved.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { SIX, Visitor, becomes, topics, waitFor, world } from "./support.mjs";

const DAY = 86_400_000;
const HOSTILE = `<img src=x onerror=alert(1)><svg onload=alert(2)>`;
const OLD = [["Export to PDF crashes on Safari", 4], ["Login code e-mail never arrives", 3], ["Dark mode resets after every update", 1]];
const REPORTS = 21; // of SIX

/** Reports of OLD, the last of them 100 days ago. */
const old = () => topics(OLD).map((report) => ({ ...report, created_at: new Date(Date.parse(report.created_at) - 100 * DAY).toISOString() }));

/** Changes the issues whose titles begin so. */
async function change(server, project, beginnings, to) {
  for (const { id, title } of await server.issues("", project)) {
    if (beginnings.some((words) => title.startsWith(words))) await server.api("PATCH", `/api/clusters/${id}?project_id=${project}`, to);
  }
}

const w = world(async (server) => {
  await server.feed(topics(SIX));
  const [issue] = await server.issues("sort=size");
  server.putFixes({ id: randomUUID(), cluster: issue.id, job: { state: 2, ended_at: Date.now() } });
  for (const name of ["asks", "goes"]) {
    await server.api("POST", "/api/projects", { name });
    await server.feed(old(), name);
  }
  await change(server, "asks", ["Dark"], { title: HOSTILE });
  await change(server, "asks", ["Export", HOSTILE], { status: "resolved" });
  await change(server, "goes", ["Export"], { status: "resolved" });
  await server.longAgo(200);
  await change(server, "asks", ["Login"], { status: "resolved" });
}, "--tidy-ms", "0", "--queues", "group");

const limitsOf = (project = "default") => w.server.api("GET", `/api/config/limits?project_id=${project}`);
const setLimits = (limits, project = "default") => w.server.api("PUT", `/api/config/limits?project_id=${project}`, limits);
const NONE = { requests_a_minute: 0, max_reports: 0, max_fixes_a_day: 0, keep_days: 0 };

/** The two parts of the page, and what stands in them. */
async function enter(project = "default", more = {}) {
  const v = await Visitor.enter(w.browser, w.server, { path: `/settings?project_id=${project}`, ...more });
  const part = (title) => v.page.locator("section.part").filter({ has: v.page.getByRole("heading", { name: title, exact: true }) });
  v.limits = part("Limits");
  v.retention = part("Retention");
  v.reports = v.limits.getByLabel("Stored reports");
  v.requests = v.limits.getByLabel("Requests a minute of each key");
  v.fixes = v.limits.getByLabel("Fixes started in a day (UTC)");
  v.days = v.retention.getByLabel("Days to keep the reports of closed issues");
  v.save = () => v.limits.getByRole("button", { name: "Save the limits" }).click();
  v.look = () => v.retention.getByRole("button", { name: "What would go?" }).click();
  v.keep = () => v.retention.getByRole("button", { name: "Save the retention" }).click();
  return v;
}

/** WCAG's contrast of a field's placeholder with the field (in the page). */
function placeholderContrast(field) {
  const light = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0.05);
  const [a, b] = [getComputedStyle(field, "::placeholder").color, getComputedStyle(field).backgroundColor].map(light);
  return Math.max(a, b) / Math.min(a, b);
}

test("limits are none until they are set; what counts against them is shown; an empty field is none again", async () => {
  const v = await enter();
  await v.limits.getByText(`Stored now: ${REPORTS}.`).waitFor();
  await v.limits.getByText("Started today: 1.").waitFor();
  for (const field of [v.requests, v.reports, v.fixes, v.days]) await becomes(() => field.inputValue(), "");
  await v.looksRight("limits that are none", async () => {
    const contrast = await v.reports.evaluate(placeholderContrast);
    assert.ok(contrast >= 4.5, `what stands in an empty field has a contrast of ${contrast}`); // axe does not look at it
  });
  await v.requests.fill("6000");
  await v.reports.fill("100000");
  await v.fixes.fill("5");
  await v.save();
  await v.toast("The limits are saved.");
  assert.deepEqual(await limitsOf(), { requests_a_minute: 6000, max_reports: 100_000, max_fixes_a_day: 5, keep_days: 0 });
  await v.page.reload();
  await becomes(() => v.reports.inputValue(), "100000");
  await v.reports.fill("");
  await v.save();
  await v.toast("The limits are saved.");
  assert.deepEqual(await limitsOf(), { requests_a_minute: 6000, max_reports: 0, max_fixes_a_day: 5, keep_days: 0 });
  await setLimits({});
  await v.leave();
});

test("what is stored now is counted on as reports come", async () => {
  const v = await enter();
  await v.limits.getByText(`Stored now: ${REPORTS}.`).waitFor();
  const [one] = await w.server.api("POST", "/api/ingest/batch", topics([["A report that comes later", 1]]));
  await v.limits.getByText(`Stored now: ${REPORTS + 1}.`).waitFor();
  await waitFor("grouping", async () => (await w.server.api("GET", "/api/clustering/status")).pending_unclustered === 0);
  await w.server.api("DELETE", `/api/feedback/${one.id}`);
  await v.limits.getByText(`Stored now: ${REPORTS}.`).waitFor();
  await v.leave();
});

test("a limit that is reached already is warned of before it is saved", async () => {
  const v = await enter();
  const warns = v.limits.getByText("new reports are refused until some are removed");
  await v.limits.getByText("Started today: 1.").waitFor();
  for (const [typed, warned] of [[REPORTS + 1, 0], [REPORTS, 1], [1, 1], [0, 0], ["", 0]]) {
    await v.reports.fill(String(typed));
    await becomes(() => warns.count(), warned, `${typed} reports`);
  }
  await v.reports.fill("3");
  await v.fixes.fill("1");
  await v.limits.getByText("none is started until midnight UTC").waitFor();
  await v.looksRight("limits that are reached");
  assert.deepEqual(await limitsOf(), NONE); // a warning is no refusal, and nothing is saved by it
  await v.save();
  await v.toast("The limits are saved.");
  assert.equal((await limitsOf()).max_reports, 3);
  await setLimits({});
  await v.leave();
});

test("a refusal names the field, what is typed stays, and nothing is saved", async () => {
  const v = await enter();
  await v.reports.fill("5000");
  await v.fixes.fill("1000001");
  await v.save();
  await v.limits.getByRole("alert").getByText("Not saved: Fixes started in a day (UTC): ").waitFor();
  await becomes(() => v.fixes.getAttribute("aria-invalid"), "true");
  await becomes(() => v.reports.getAttribute("aria-invalid"), "false");
  assert.deepEqual([await v.reports.inputValue(), await v.fixes.inputValue()], ["5000", "1000001"]);
  assert.deepEqual(await limitsOf(), NONE);
  await v.accessible("a limit that was refused");
  await v.fixes.fill("-1"); // the browser itself says no
  await v.save();
  await becomes(() => v.fixes.evaluate((field) => field.matches(":invalid")), true);
  assert.deepEqual(await limitsOf(), NONE);
  await v.fixes.fill("10");
  await v.save();
  await v.toast("The limits are saved.");
  await v.limits.getByRole("alert").waitFor({ state: "detached" });
  assert.deepEqual(await limitsOf(), { ...NONE, max_reports: 5000, max_fixes_a_day: 10 });
  await setLimits({});
  await v.leave({ butNetwork: true });
});

test("what a refusal says is text", async () => {
  const v = await enter();
  await v.page.route("**/api/config/limits*", (route) => (route.request().method() === "PUT"
    ? route.fulfill({ status: 422, contentType: "application/problem+json", json: { type: "about:blank", title: HOSTILE, status: 422, code: "unprocessable", detail: HOSTILE, field: HOSTILE } })
    : route.continue()));
  await v.reports.fill("1");
  await v.save();
  await v.limits.getByRole("alert").getByText(`Not saved: ${HOSTILE}: ${HOSTILE}`).waitFor();
  assert.equal(await v.page.locator("#app :is(img, [onload], [onerror])").count(), 0);
  await v.leave({ butNetwork: true });
});

test("what somebody else changed meanwhile stays, unless it is what one typed", async () => {
  const v = await enter();
  await v.reports.fill("700");
  await v.days.fill("9000");
  await setLimits({ max_reports: 1, max_fixes_a_day: 77, keep_days: 9500 });
  await v.save();
  await v.toast("The limits are saved.");
  assert.deepEqual(await limitsOf(), { requests_a_minute: 0, max_reports: 700, max_fixes_a_day: 77, keep_days: 9500 });
  await becomes(() => v.fixes.inputValue(), "77"); // and is shown from then on
  assert.equal(await v.days.inputValue(), "9000"); // of the other form
  await setLimits({});
  await v.leave();
});

test("what is typed while something is saved stays, and is not saved", async () => {
  const v = await enter();
  let letGo;
  const gate = new Promise((go) => (letGo = go));
  await v.page.route("**/api/config/limits*", async (route) => {
    if (route.request().method() === "PUT") await gate;
    await route.continue();
  });
  await v.reports.fill("600");
  const asked = v.page.waitForRequest((request) => request.method() === "PUT");
  await v.save();
  await asked;
  await v.reports.fill("6000");
  await v.save(); // one at a time
  letGo();
  await v.toast("The limits are saved.");
  await v.limits.getByText(`Stored now: ${REPORTS}.`).waitFor();
  assert.deepEqual([(await limitsOf()).max_reports, await v.reports.inputValue()], [600, "6000"]);
  await v.save();
  await waitFor("the second", async () => (await limitsOf()).max_reports === 6000);
  await setLimits({});
  await v.leave();
});

test("limits and days that are typed outlive an outage while they are saved", async () => {
  const v = await enter();
  await v.reports.fill("4000");
  await v.days.fill("8000");
  await v.outage(async () => {
    await v.save();
    await v.limits.getByText("Not saved: The server does not answer.").waitFor();
    await v.look();
    await v.retention.getByText("What would go is not known: The server does not answer.").waitFor();
    await v.keep();
    await v.retention.getByText("Not saved: The server does not answer.").waitFor();
  });
  assert.deepEqual([await v.reports.inputValue(), await v.days.inputValue()], ["4000", "8000"]);
  assert.deepEqual(await limitsOf(), NONE);
  await v.save();
  await v.toast("The limits are saved.");
  await becomes(() => v.reports.inputValue(), "4000");
  assert.equal((await limitsOf()).max_reports, 4000);
  assert.equal(await v.days.inputValue(), "8000");
  await setLimits({});
  await v.leave({ butNetwork: true });
});

test("a dry run says what would go and what stays, and changes nothing", async () => {
  const v = await enter("asks");
  const button = v.retention.getByRole("button", { name: "What would go?" });
  await becomes(() => button.isDisabled(), true); // for ever: nothing does
  await v.days.fill("30");
  await v.look();
  await v.retention.getByText("With 30 days, 5 reports of 2 issues would go now, for good; the newest of them").waitFor();
  await v.retention.getByText("Closed issues that are as old and stay: 1 changed since.").waitFor();
  await v.retention.getByText("Which issues?").click();
  await becomes(() => v.retention.locator(".going a").count(), 2);
  await v.retention.locator(".going").getByText(HOSTILE).waitFor();
  assert.equal(await v.page.locator("#app :is(img, [onload], [onerror])").count(), 0);
  await v.looksRight("a dry run");
  await v.days.fill("31"); // what was said was said of another number
  await v.retention.getByText("With 30 days").waitFor({ state: "detached" });
  await v.days.fill("365");
  await v.look();
  await v.retention.getByText("With 365 days, nothing would go now.").waitFor();
  await v.days.fill("1000000");
  await v.look();
  await v.retention.getByText("What would go is not known: Days to keep the reports of closed issues: ").waitFor();
  await v.keep();
  await v.retention.getByText("Not saved: Days to keep the reports of closed issues: ").waitFor();
  assert.deepEqual(await limitsOf("asks"), NONE);
  assert.equal((await w.server.api("GET", "/api/stats?project_id=asks")).total_feedback, 8);
  await v.leave({ butNetwork: true });
});

test("fewer days are asked about with the number that goes, and more are not", async () => {
  const v = await enter("goes");
  const total = async () => (await w.server.api("GET", "/api/stats?project_id=goes")).total_feedback;
  await v.days.fill("365");
  await v.keep();
  const dialog = v.page.getByRole("dialog", { name: "Keep them for 365 days?" });
  await dialog.getByText("Nothing goes now.").waitFor();
  await dialog.getByRole("button", { name: "Save it" }).click();
  await v.toast("Reports of closed issues are kept for 365 days.");
  assert.equal((await limitsOf("goes")).keep_days, 365);
  await v.days.fill("90");
  await v.keep();
  const sure = v.page.getByRole("dialog", { name: "Keep them for 90 days?" });
  await sure.getByText("4 reports of 1 issue go for good").waitFor();
  await v.looksRight("the question before reports go");
  await sure.getByRole("button", { name: "Cancel" }).click();
  await sure.waitFor({ state: "detached" });
  assert.deepEqual([(await limitsOf("goes")).keep_days, await total(), await v.days.inputValue()], [365, 8, "90"]);
  await v.keep();
  await sure.getByRole("button", { name: "Let 4 reports go" }).click();
  await v.toast("Reports of closed issues are kept for 90 days.");
  assert.equal((await limitsOf("goes")).keep_days, 90);
  await w.server.api("POST", "/api/retention?project_id=goes"); // or the server's own turn, whichever is first
  await becomes(total, 4, "what is left is what was said");
  await v.days.fill("3650");
  await v.keep();
  await v.toast("Reports of closed issues are kept for 3,650 days.");
  await v.days.fill("");
  await v.keep();
  await v.toast("Reports are kept for ever.");
  assert.equal((await limitsOf("goes")).keep_days, 0);
  assert.equal(await v.page.getByRole("dialog").count(), 0);
  await v.leave();
});

test("days that somebody else set meanwhile are what one's own are compared with", async () => {
  await setLimits({ keep_days: 30 });
  const v = await enter();
  await becomes(() => v.days.inputValue(), "30");
  await setLimits({ keep_days: 0 });
  await v.days.fill("60"); // more than are shown, but fewer than for ever
  await v.keep();
  await v.page.getByRole("dialog", { name: "Keep them for 60 days?" }).waitFor();
  assert.equal((await limitsOf()).keep_days, 0);
  await v.leave();
});

test("days that were asked for before they were saved are asked for again", async () => {
  await setLimits({ keep_days: 30 });
  const v = await enter();
  await becomes(() => v.days.inputValue(), "30");
  let held;
  await v.outage(async () => (held = await v.hold((path) => path === "/api/config/limits", 2)));
  await waitFor("both parts", () => held.answered === 2);
  await v.days.fill("3650");
  await v.keep();
  await v.toast("Reports of closed issues are kept for 3,650 days.");
  const before = held.asked.length;
  await held.letGo();
  await waitFor("once more", () => held.asked.length > before);
  await becomes(() => v.days.inputValue(), "3650");
  await setLimits({});
  await v.leave({ butNetwork: true });
});

test("a key that only reads sees both, and has nothing to change them with", async () => {
  await setLimits({ max_reports: 123_456, keep_days: 730 });
  const { key } = await w.server.key(["read"]);
  const v = await enter("default", { key });
  await v.limits.getByText("123,456 at most").waitFor();
  await v.limits.getByText(`Stored now: ${REPORTS}.`).waitFor();
  await v.limits.getByText("no limit").waitFor();
  await v.retention.getByText("Reports of closed issues are kept for 730 days.").waitFor();
  for (const part of [v.limits, v.retention]) {
    await part.getByText("it lacks the right admin").waitFor();
    await becomes(() => part.locator("input, button").count(), 0);
  }
  await v.looksRight("limits that one may only read");
  await setLimits({});
  await v.leave({ butNetwork: true });
});

test("limits that cannot be loaded say so, and are there when it is tried again", async () => {
  const v = await enter("default", { path: null });
  let broken = true;
  await v.page.route("**/api/config/limits*", (route) => (broken ? route.fulfill({ status: 500, json: { detail: "the disk is gone" } }) : route.continue()));
  await v.page.goto(`${w.server.url}/settings?project_id=default`);
  await v.limits.getByText("The limits could not be loaded").waitFor();
  await v.retention.getByText("The retention could not be loaded").waitFor();
  broken = false;
  for (const part of [v.limits, v.retention]) await part.getByRole("button", { name: "Try again" }).click();
  await v.limits.getByText(`Stored now: ${REPORTS}.`).waitFor();
  await v.days.waitFor();
  await v.leave({ butNetwork: true });
});
