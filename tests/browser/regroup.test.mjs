// Reports that a person puts elsewhere: by key, by mouse, by what is suggested; each taken back. And the way of a report.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { SIX, Server, Visitor, becomes, launch, topics, waitFor } from "./support.mjs";

let server, browser, project, counter = 0;
before(async () => {
  server = await Server.start("--tidy-ms", "0");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  project = `p${++counter}`;
  await server.api("POST", "/api/projects", { name: project });
  await server.feed(topics(SIX), project);
});

const [FIRST, SECOND] = SIX.map(([title]) => title);
const counts = async () => Object.fromEntries((await server.issues("", project)).map((c) => [c.title, c.count]));
const enter = async (title, more = {}) => {
  const issue = (await server.issues("", project)).find((c) => c.title === title);
  const v = await Visitor.enter(browser, server, { ...more, path: `/issues/${issue.id}?project_id=${project}` });
  await v.page.locator(".pickable").first().waitFor();
  return { v, issue };
};
const issuesOf = async (n) => waitFor(`${n} issues`, async () => (await server.issues("", project)).length === n);

test("ticked reports become a new issue by n, and come back by u", async () => {
  const { v, issue } = await enter(FIRST);
  await v.press("j", "x", "j", "X");
  await v.page.getByRole("toolbar", { name: "Selected reports" }).getByText("2 reports").waitFor();
  await v.accessible("ticked reports");
  await v.press("n");
  await v.toast("2 reports made a new issue");
  await issuesOf(7);
  await v.page.getByText("4 reports, last seen").waitFor();
  await v.press("u");
  await v.toast("Undone: ");
  await issuesOf(6);
  await v.page.getByText("6 reports, last seen").waitFor();
  assert.equal((await server.api("GET", `/api/clusters/${issue.id}?project_id=${project}`)).count, 6);
  await v.leave();
});

test("a new issue of all reports is refused in words", async () => {
  const { v } = await enter(SECOND);
  await v.press("j", "x", "j", "j", "j", "j", "X", "n");
  await v.toast("These are all of its reports");
  await issuesOf(6);
  await v.leave();
});

test("v moves reports to the issue that was searched for", async () => {
  const { v } = await enter(FIRST);
  await v.press("j", "v");
  const dialog = v.page.getByRole("dialog", { name: "Move 1 report to another issue" });
  await dialog.waitFor();
  await dialog.getByRole("combobox").fill("login code");
  await dialog.getByRole("option", { name: SECOND }).waitFor();
  await v.accessible("the picker");
  await v.press("Enter");
  await v.toast("1 report moved to");
  assert.deepEqual([(await counts())[FIRST], (await counts())[SECOND]], [5, 6]);
  await v.page.getByRole("link", { name: "Open it" }).click();
  await v.page.getByRole("heading", { level: 1, name: SECOND }).waitFor();
  await v.press("u");
  await v.toast("Undone: ");
  assert.deepEqual([(await counts())[FIRST], (await counts())[SECOND]], [6, 5]);
  await v.leave();
});

test("the picker is worked by keyboard alone, and Escape leaves everything as it was", async () => {
  const { v } = await enter(FIRST);
  await v.press("j", "x", "v");
  const dialog = v.page.getByRole("dialog");
  await dialog.getByRole("combobox").fill("it happened again");
  await dialog.locator('[role="listbox"][aria-busy="false"]').waitFor();
  await waitFor("options", async () => (await dialog.getByRole("option").count()) > 2);
  await v.press("ArrowDown", "ArrowDown", "ArrowUp");
  await becomes(() => dialog.getByRole("option").nth(1).getAttribute("aria-selected"), "true");
  await v.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal((await counts())[FIRST], 6);
  await v.leave();
});

test("an option that was gone to stays the one when an answer comes late; a further letter begins at the first", async () => {
  const { v } = await enter(FIRST);
  const held = await v.hold((path) => path === "/api/search");
  await v.press("m");
  const dialog = v.page.getByRole("dialog");
  await waitFor("options", async () => (await dialog.getByRole("option").count()) > 2);
  await dialog.getByRole("combobox").fill("it happened again");
  await dialog.locator('[role="listbox"][aria-busy="true"]').waitFor();
  await v.press("ArrowDown", "ArrowDown");
  const selected = dialog.locator('[role="option"][aria-selected="true"] .clip');
  const picked = await dialog.getByRole("option").nth(2).locator(".clip").textContent();
  await becomes(() => selected.textContent(), picked);
  await held.letGo();
  await dialog.locator('[role="listbox"][aria-busy="false"]').waitFor();
  assert.equal(await selected.textContent(), picked);
  await dialog.getByRole("combobox").fill("it happened");
  await becomes(() => dialog.getByRole("option").first().getAttribute("aria-selected"), "true");
  await v.press("Escape");
  await v.leave();
});

test("m merges the issue that was searched for, and undo takes it apart", async () => {
  const { v } = await enter(FIRST);
  await v.press("m");
  await v.page.getByRole("combobox", { name: "Search issues" }).fill("battery drains");
  await v.page.getByRole("option", { name: SIX[3][0] }).waitFor();
  await v.press("Enter");
  await v.toast("2 issues merged");
  await v.page.getByText("9 reports, last seen").waitFor();
  await v.press("u");
  await v.toast("Undone: ");
  await v.page.getByText("6 reports, last seen").waitFor();
  await issuesOf(6);
  await v.leave();
});

test("a report is dragged into a new issue", async () => {
  const { v } = await enter(FIRST);
  const grip = v.page.locator(".grip").first();
  await v.page.locator(".timeline").waitFor();
  await grip.hover(); // once it stands still
  const from = await grip.boundingBox();
  await v.page.mouse.down();
  await v.page.mouse.move(from.x + 120, from.y + 40, { steps: 4 });
  const zone = v.page.locator(".zone", { hasText: "A new issue" });
  await zone.waitFor();
  const to = await zone.boundingBox();
  await v.page.mouse.move(to.x + 40, to.y + 20, { steps: 4 });
  await v.page.locator(".zone.over").waitFor();
  await v.page.mouse.up();
  await v.toast("1 report made a new issue");
  await issuesOf(7);
  await zone.waitFor({ state: "detached" });
  await v.leave();
});

test("t opens the way of a report: received, grouped with evidence, moved", async () => {
  const { v } = await enter(FIRST);
  await v.press("j", "t");
  const way = v.page.locator(".way").first();
  await way.getByText("Received and stored durably").waitFor();
  await way.getByText("Read with").first().waitFor();
  await v.accessible("the way of a report");
  const issue = (await server.issues("", project)).find((c) => c.title === SECOND);
  const first = (await server.api("GET", `/api/clusters/${(await server.issues("", project)).find((c) => c.title === FIRST).id}/feedback?project_id=${project}`)).items[0];
  await server.api("POST", `/api/feedback/${first.id}/move?project_id=${project}`, { cluster_id: issue.id });
  await v.leave();
  const there = await enter(SECOND);
  await there.v.page.locator(".pickable", { hasText: FIRST }).locator("summary", { hasText: "Why here?" }).click();
  await there.v.page.locator(".way li").last().getByText("person").first().waitFor();
  await there.v.leave();
});

test("what is suggested says why; keeping apart takes it away, and undo brings it back", async () => {
  const chance = ((seed) => () => (seed = (seed * 16807) % 2147483647) / 2147483647)(7);
  const pick = (from) => from[Math.floor(chance() * from.length)];
  const words = (n) => Array.from({ length: n }, () => Array.from({ length: 4 }, () => pick("bdfgklmnprstvz") + pick("aeiou")).join(""));
  const reports = [];
  for (let k = 5; k < 19; k++) {
    const one = words(20);
    for (const [side, text] of [one, [...one.slice(0, k), ...words(20 - k)]].entries())
      reports.push({ source: "manual", external_id: `grey-${k}-${side}`, title: text.at(-1), body: text.join(" ") });
  }
  await server.feed(reports, project);
  const page = await server.api("GET", `/api/clusters/analyze?project_id=${project}&limit=500`);
  const suggestion = page.items.find((s) => s.action === "merge");
  assert.ok(suggestion, "these reports suggest a merge");
  const { v } = await enter((await server.api("GET", `/api/clusters/${suggestion.other_id}?project_id=${project}`)).title);
  const card = v.page.locator(".suggestions > li", { hasText: suggestion.title }).first();
  await card.waitFor();
  await card.locator("summary").click();
  await card.getByText("The most alike").waitFor();
  await v.accessible("suggestions");
  await card.getByRole("button", { name: "Keep apart" }).click();
  await v.toast("Kept apart");
  await card.waitFor({ state: "detached" });
  await v.press("u");
  await v.toast("Undone: ");
  await card.waitFor();
  // A language model was asked about the pair.
  await v.page.route("**/api/clusters/analyze*", async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    for (const item of json.items) item.judged = { same: false, model: "judge-1", why: "One is about <b>paper</b>", at: new Date().toISOString() };
    return route.fulfill({ response, json });
  });
  await v.page.reload();
  await card.getByText("judge-1 says that these are two: One is about <b>paper</b>").waitFor();
  await v.leave();
});

test("who reads times in UTC snoozes in UTC, and a report's way is told in UTC", async () => {
  const { v, issue } = await enter(FIRST, { timezoneId: "Asia/Tokyo" });
  await v.page.goto(`${server.url}/settings?project_id=${project}`);
  await v.page.getByLabel("UTC", { exact: true }).check();
  await v.page.goto(`${server.url}/issues/${issue.id}?project_id=${project}`);
  await v.page.locator(".fold summary", { hasText: "Why here" }).first().click();
  const stored = v.page.locator(".way time[title*=UTC]").first();
  const at = new Date(await stored.getAttribute("datetime"));
  await waitFor("the time in UTC", async () => (await stored.textContent()).includes(at.toISOString().slice(11, 16)));
  await v.press("s");
  await v.page.getByLabel("Until (UTC)").fill("2035-05-05T12:30");
  await v.page.getByRole("dialog").getByRole("button", { name: "Snooze", exact: true }).click();
  await v.toast("snoozed");
  assert.equal((await server.api("GET", `/api/clusters/${issue.id}?project_id=${project}`)).snooze_until, "2035-05-05T12:30:00.000Z");
  await v.leave();
});

test("snoozing until a day of one's own", async () => {
  const { v } = await enter(FIRST);
  await v.press("s");
  const until = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 16);
  await v.page.getByLabel("Until").fill(until);
  await v.page.getByRole("dialog").getByRole("button", { name: "Snooze", exact: true }).click();
  await v.toast("snoozed");
  const [issue] = await server.issues("status=snoozed", project);
  assert.equal(issue.snooze_until.slice(0, 16), until);
  await v.leave();
});

test("J and K walk through the list; the place in it is said", async () => {
  const v = await Visitor.enter(browser, server, { path: `/?project_id=${project}&sort=size` });
  await v.loaded();
  await v.press("j", "Enter");
  await v.page.getByText("1 of 6").waitFor();
  await v.press("J");
  await v.page.getByRole("heading", { level: 1, name: SECOND }).waitFor();
  await v.press("K");
  await v.page.getByRole("heading", { level: 1, name: FIRST }).waitFor();
  await v.leave();
});

test("with ticked reports: nothing sticks out, and all of it pleases axe in both colours and widths", async () => {
  const { v } = await enter(FIRST);
  await v.page.locator(".pickable input").first().check();
  await v.looksRight("an issue with a ticked report");
  await v.leave();
});
