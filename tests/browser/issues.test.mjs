// The list: keyboard, changes and their undo, filters, search, views, what comes in live.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { SIX, Visitor, becomes, topics, waitFor, world } from "./support.mjs";

let project, counter = 0;
const w = world();
beforeEach(async () => {
  project = `p${++counter}`;
  await w.server.api("POST", "/api/projects", { name: project });
  await w.server.feed(topics(SIX), project);
});

const enter = (more = {}) => Visitor.enter(w.browser, w.server, { ...more, path: `/?project_id=${project}&sort=size${more.query ?? ""}` });
const statusOf = async (title) => (await w.server.issues("", project)).find((c) => c.title === title)?.status;
const TITLES = SIX.map(([title]) => title);

test("j, k, Enter and Escape move through the list and back to where one was", async () => {
  const v = await enter();
  await v.loaded();
  await becomes(async () => (await v.titles()).slice(0, 3), TITLES.slice(0, 3));
  await v.press("j", "j", "j", "k");
  await becomes(() => v.page.locator(".row.active .cell-title a").textContent(), TITLES[1]);
  await becomes(() => v.page.evaluate(() => document.activeElement?.textContent), TITLES[1]);
  await v.press("Enter");
  await v.page.getByRole("heading", { level: 1, name: TITLES[1] }).waitFor();
  await v.press("J");
  await v.page.getByRole("heading", { level: 1, name: TITLES[2] }).waitFor();
  await v.press("Escape");
  await v.page.locator(".row.active", { hasText: TITLES[2] }).waitFor();
  await v.leave();
});

test("an issue that is ignored leaves; undo brings it back as it was", async () => {
  const v = await enter();
  await v.loaded();
  await v.press("j", "i");
  await v.toast("ignored");
  await waitFor("it leaves", async () => !(await v.titles()).includes(TITLES[0]));
  assert.equal(await statusOf(TITLES[0]), "ignored");
  await becomes(() => v.page.locator(".row.active .cell-title a").textContent(), TITLES[1]);
  await v.press("u");
  await v.toast("Undone: ");
  await v.page.locator(".rows .row", { hasText: TITLES[0] }).waitFor();
  assert.equal(await statusOf(TITLES[0]), "new");
  await v.leave();
});

test("what was done in another project is not undone in this one", async () => {
  await w.server.api("POST", "/api/projects", { name: `${project}-other` });
  await w.server.feed(topics(SIX.slice(0, 2)), `${project}-other`);
  const v = await enter();
  await v.loaded();
  await v.press("j", "i");
  await v.toast("ignored");
  await v.page.getByLabel("Project").selectOption({ label: `${project}-other` });
  await waitFor("the other project", async () => (await v.titles()).length === 2);
  await becomes(() => v.page.getByRole("button", { name: /^Undo/ }).count(), 0);
  await v.press("u");
  await v.toast("There is nothing to undo.");
  await v.leave();
});

test("several are ticked and changed at once, and taken back with Ctrl Z", async () => {
  const v = await enter();
  await v.loaded();
  await v.press("j", "x", "j", "j", "X");
  await v.page.getByRole("toolbar", { name: "Selected issues" }).getByText("3 issues").waitFor();
  await v.press("r");
  await v.toast("3 issues resolved");
  await becomes(() => v.titles(), TITLES.slice(3));
  await v.press("Control+z");
  await v.toast("Undone: ");
  await waitFor("the rows", async () => (await v.titles()).length === 6);
  for (const title of TITLES) assert.equal(await statusOf(title), "new");
  await v.leave();
});

test("snooze asks for how long; s then 3 is a week", async () => {
  const v = await enter();
  await v.loaded();
  await v.press("j", "s");
  await v.page.getByRole("dialog", { name: "Snooze this issue" }).waitFor();
  await v.accessible("the snooze dialog");
  await v.press("3");
  await v.toast("snoozed");
  const snoozed = (await w.server.issues("status=snoozed", project))[0];
  assert.equal(snoozed.title, TITLES[0]);
  const days = (Date.parse(snoozed.snooze_until) - Date.now()) / 86_400_000;
  assert.ok(days > 6.9 && days < 7.1);
  await v.page.getByRole("button", { name: /^Undo/ }).click();
  await v.toast("Undone: ");
  assert.equal(await statusOf(TITLES[0]), "new");
  await v.leave();
});

test("two are merged into the one that is chosen, and come apart again", async () => {
  const v = await enter();
  await v.loaded();
  await v.press("j", "x", "j", "x", "m");
  const dialog = v.page.getByRole("dialog", { name: "Merge 2 issues" });
  await dialog.waitFor();
  await v.accessible("the merge dialog");
  await dialog.getByLabel(TITLES[1]).check();
  await dialog.getByRole("button", { name: "Merge" }).click();
  await v.toast("2 issues merged");
  await v.page.locator(".rows .cell-count", { hasText: /^11/ }).waitFor();
  await becomes(async () => (await v.titles()).length, 5);
  await v.press("u");
  await v.toast("Undone: ");
  await waitFor("the rows", async () => (await v.titles()).length === 6);
  await v.leave();
});

test("m on one issue shows what may be the same", async () => {
  const v = await enter();
  await v.loaded();
  await v.press("j", "m");
  const dialog = v.page.getByRole("dialog", { name: "Merge another issue into this one" });
  await dialog.waitFor();
  await dialog.locator(".skeleton").waitFor({ state: "detached" });
  await v.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await v.leave();
});

test("a title is edited, kept, and given back", async () => {
  const v = await enter();
  await v.loaded();
  await v.press("j", "e");
  await v.page.getByRole("dialog").getByLabel("Title").fill("PDF export is broken");
  await v.press("Enter");
  await v.page.locator(".rows .row", { hasText: "PDF export is broken" }).waitFor();
  await becomes(async () => (await w.server.issues("", project)).find((c) => c.title_locked)?.title, "PDF export is broken");
  await v.press("u");
  await v.page.locator(".rows .row", { hasText: TITLES[0] }).waitFor();
  await becomes(async () => (await w.server.issues("", project)).some((c) => c.title_locked), false);
  await v.leave();
});

test("search as you type finds by words and by meaning; the address holds it", async () => {
  const v = await enter();
  await v.loaded();
  await v.press("/");
  await v.page.keyboard.type("pdf safari");
  await v.page.waitForURL(/q=pdf(\+|%20)safari/);
  await waitFor("the hit", async () => (await v.titles())[0] === TITLES[0]);
  await v.loaded();
  await v.accessible("search results");
  await v.page.reload();
  await v.loaded();
  await becomes(() => v.page.getByLabel("Search issues").inputValue(), "pdf safari");
  await v.page.getByLabel("Search issues").fill("");
  await waitFor("all", async () => (await v.titles()).length === 6);
  await v.leave();
});

test("filters are in the address, and a view of them can be saved and removed", async () => {
  await w.server.feed(topics([["Crash in the payment sheet", 2]], "sentry").map((r) => ({ ...r, source: "generic" })), project);
  const v = await enter();
  await v.loaded();
  await v.page.getByLabel("Source").selectOption("generic");
  await waitFor("one", async () => (await v.titles()).join() === "Crash in the payment sheet");
  await v.page.getByLabel("Size").selectOption("2");
  await v.page.getByLabel("Last seen").first().selectOption("7d");
  await v.page.waitForURL(/source=generic.*seen=7d.*min=2|min=2.*seen=7d/);
  await v.page.getByRole("button", { name: "Save this view" }).click();
  await v.page.getByLabel("Name of the view").fill("Payments <b>");
  await v.press("Enter");
  const view = v.page.getByRole("link", { name: "Payments <b>" });
  await view.waitFor();
  await v.page.getByRole("link", { name: /^Everything/ }).click();
  await waitFor("all", async () => (await v.titles()).length === 7);
  await view.click();
  await waitFor("one", async () => (await v.titles()).length === 1);
  await v.page.getByRole("button", { name: "Remove the view Payments <b>" }).click();
  await view.waitFor({ state: "detached" });
  await v.leave();
});

test("the status menu works by mouse and keyboard", async () => {
  await w.server.api("PATCH", `/api/clusters/${(await w.server.issues("", project))[0].id}?project_id=${project}`, { status: "resolved" });
  const v = await enter();
  await v.loaded();
  await becomes(async () => (await v.titles()).length, 5);
  await v.page.locator("summary", { hasText: "Open" }).click();
  await v.accessible("the status menu");
  await v.page.locator(".menu-body").getByLabel("Resolved").check();
  await waitFor("six", async () => (await v.titles()).length === 6);
  await v.press("Escape");
  await becomes(() => v.page.locator(".menu-body").isVisible(), false);
  await v.leave();
});

test("what comes in is counted and waits; numbers change where they stand", async () => {
  const v = await enter();
  await v.loaded();
  await v.press("j");
  await w.server.feed(topics([["Notifications arrive a day late", 2]]), project);
  await v.page.getByRole("button", { name: "1 new" }).waitFor();
  await becomes(async () => (await v.titles()).slice(0, 2), TITLES.slice(0, 2));
  await w.server.feed(topics([[TITLES[0], 9]]), project);
  await v.page.locator(".rows .row", { hasText: TITLES[0] }).locator(".cell-count", { hasText: /^9/ }).waitFor();
  await becomes(() => v.page.locator(".row.active .cell-title a").textContent(), TITLES[0]);
  await v.page.getByRole("button", { name: "1 new" }).click();
  await waitFor("seven", async () => (await v.titles()).length === 7);
  await v.leave();
});

test("what happens between the list and the opening of the stream is heard, too", async () => {
  const v = await Visitor.enter(w.browser, w.server, { path: null });
  let letGo;
  const gate = new Promise((go) => (letGo = go));
  await v.page.route("**/api/events?*", async (route) => {
    await gate;
    await route.continue();
  });
  await v.page.goto(`${w.server.url}/?project_id=${project}&sort=size`);
  await v.loaded();
  await w.server.feed(topics([["Notifications arrive a day late", 2], [TITLES[0], 9]]), project);
  letGo();
  await v.page.getByRole("button", { name: "1 new" }).waitFor();
  await v.page.locator(".rows .row", { hasText: TITLES[0] }).locator(".cell-count", { hasText: /^9/ }).waitFor();
  await v.leave();
});

const EIGHT = [
  "Push notifications arrive twice on iPad", "Invoice totals are rounded wrongly", "Keyboard shortcuts do nothing in Firefox", "Maps stay blank without a signal",
  "Video playback stutters at full screen", "Password reset link has expired already", "Contacts import skips every second row", "Printer prints blank labels",
];

test("news that come faster than answers: rows are asked for in turns, the newest answer stays, and no row is forgotten", async () => {
  await w.server.feed(topics(EIGHT.map((title) => [title, 1])), project);
  const paths = (await w.server.issues("", project)).map(({ id }) => `/api/clusters/${id}`);
  assert.ok(paths.length > 12, "more than are asked for at a time");
  const v = await Visitor.enter(w.browser, w.server, { path: null, height: 1600 });
  await v.goLive(`/?project_id=${project}&sort=size`);
  await v.loaded();
  const counts = () => v.page.locator(".rows .cell-count").allTextContents();
  const sum = async () => (await counts()).reduce((n, text) => n + parseInt(text, 10), 0);
  const held = await v.hold((path) => path.startsWith("/api/clusters/"));
  await w.server.feed(topics([[TITLES[0], 7]]), project);
  await waitFor("an answer that is soon old", () => held.answered && held.answered === held.asked.length);
  const before = held.asked.length;
  await w.server.feed(topics([[TITLES[0], 8], ...SIX.slice(1).map(([title, n]) => [title, n + 1]), ...EIGHT.map((title) => [title, 2])]), project);
  await becomes(sum, 30 + paths.length, "what the events say");
  await v.page.clock.fastForward(1000);
  await v.roundTrip();
  assert.equal(held.asked.length, before, "nothing while an answer is awaited");
  await held.letGo();
  await waitFor("each row", () => paths.every((path) => held.asked.indexOf(path, before) >= 0));
  await becomes(sum, 30 + paths.length, "what the newest answers say");
  await v.leave();
});

test("? shows the keys; the page pleases axe, in both colours and on a phone", async () => {
  const v = await enter();
  await v.loaded();
  await v.press("j", "x");
  await v.looksRight("the list");
  await v.press("?");
  await v.page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  await v.looksRight("the help");
  await v.leave();
});

test("on a phone the menu leads to a view", async () => {
  const v = await enter({ width: 390, height: 800 });
  await v.loaded();
  await v.page.getByRole("button", { name: "Menu" }).click();
  await v.page.getByRole("link", { name: /^Everything/ }).click();
  await v.page.waitForURL(/status=all/);
  await v.leave();
});

test("colours are chosen by hand, and stay", async () => {
  const v = await enter();
  await v.loaded();
  const background = () => v.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await background();
  await v.press("T", "T");
  await waitFor("other colours", async () => (await background()) !== light);
  await v.page.reload();
  await v.loaded();
  await waitFor("other colours", async () => (await background()) !== light);
  await v.leave();
});

test("a project without a report says how to send one", async () => {
  await w.server.api("POST", "/api/projects", { name: `${project}-empty` });
  const v = await Visitor.enter(w.browser, w.server, { path: `/?project_id=${project}-empty` });
  await v.page.getByRole("heading", { name: "No open issues" }).waitFor();
  await v.accessible("an empty project");
  await v.leave();
});
