// One issue: what it shows, why a report is in it, merging and keeping apart, changes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SIX, Visitor, becomes, topics, waitFor, world } from "./support.mjs";

const w = world(async (server) => {
  await server.feed([
    ...topics([...SIX.slice(1), ["Sync stops after a minute in the background", 40]]),
    ...topics([SIX[0]]).map((r) => ({ ...r, url: "https://help.example.com/4711", stack: "app.export.pdf at export.js:17", metadata: { plan: "team" } })),
  ]);
});

const find = async (title) => (await w.server.issues("status=new,triaged,ignored,resolved")).find((c) => c.title === title);
const open = async (title, more = {}) => {
  const issue = await find(title);
  const v = await Visitor.enter(w.browser, w.server, { ...more, path: `/issues/${issue.id}` });
  await v.page.getByRole("heading", { level: 1, name: title }).waitFor();
  return { v, issue };
};

test("an issue shows its summary, its reports with their sources, and pleases axe", async () => {
  const { v } = await open(SIX[0][0]);
  await v.page.locator(".report").first().waitFor();
  await v.page.getByText("May be the same").waitFor();
  await becomes(() => v.page.locator(".pickable .report").count(), 6);
  const link = v.page.locator(".report header a").first();
  await becomes(() => link.getAttribute("href"), "https://help.example.com/4711");
  await becomes(() => link.getAttribute("rel"), "noreferrer noopener");
  await v.page.locator("summary", { hasText: "Stack" }).first().click();
  await v.page.getByText("app.export.pdf at export.js:17").first().waitFor();
  await v.looksRight("an issue");
  await v.leave();
});

test("why a report is here is said in words", async () => {
  const { v } = await open(SIX[1][0]);
  await v.page.locator("summary", { hasText: "Why here?" }).first().click();
  await v.page.locator(".why .way li.decided").first().waitFor();
  await v.accessible("why here");
  await v.leave();
});

test("more reports come page by page", async () => {
  const { v } = await open("Sync stops after a minute in the background");
  const reports = v.page.locator("h2.section", { hasText: "Reports" }).locator("xpath=..").locator(".report");
  await waitFor("a page", async () => (await reports.count()) === 25);
  await v.page.getByRole("button", { name: "Show more (15)" }).click();
  await waitFor("all", async () => (await reports.count()) === 40);
  await v.leave();
});

test("status and title change by key and are undone", async () => {
  const { v, issue } = await open(SIX[2][0]);
  await v.press("r");
  await v.page.locator(".issue-head .badge", { hasText: "Resolved" }).waitFor();
  await becomes(async () => (await w.server.api("GET", `/api/clusters/${issue.id}`)).status, "resolved");
  await v.press("u");
  await v.page.locator(".issue-head .badge", { hasText: "New" }).waitFor();
  await v.press("e");
  await v.page.getByRole("dialog").getByLabel("Title").fill("Dark mode does not stay");
  await v.press("Enter");
  await v.page.getByRole("heading", { level: 1, name: "Dark mode does not stay" }).waitFor();
  await v.press("u");
  await v.page.getByRole("heading", { level: 1, name: SIX[2][0] }).waitFor();
  await v.leave();
});

test("an issue that was merged away leads to where its reports are now", async () => {
  const [a, b] = [await find(SIX[4][0]), await find(SIX[5][0])];
  const action = await w.server.api("POST", `/api/clusters/${a.id}/merge`, { cluster_ids: [b.id] });
  const v = await Visitor.enter(w.browser, w.server, { path: `/issues/${b.id}` });
  await v.page.waitForURL(`${w.server.url}/issues/${a.id}`);
  await v.page.getByRole("heading", { level: 1, name: SIX[4][0] }).waitFor();
  await v.leave();
  await w.server.api("POST", `/api/actions/${action.action_id}/undo`);
});

test("an issue that is merged away just before one leaves it takes nobody along", async () => {
  const [a, b] = [await find(SIX[4][0]), await find(SIX[5][0])];
  const v = await Visitor.enter(w.browser, w.server, { path: null });
  await v.goLive(`/issues/${b.id}`);
  await v.page.getByRole("heading", { level: 1, name: SIX[5][0] }).waitFor();
  const held = await v.hold((path) => path === `/api/clusters/${b.id}`);
  const told = await v.hears("cluster.gone", b.id);
  const action = await w.server.api("POST", `/api/clusters/${a.id}/merge`, { cluster_ids: [b.id] });
  await told();
  await v.page.getByRole("link", { name: /^Inbox/ }).click();
  await v.page.getByRole("heading", { level: 1, name: "Inbox" }).waitFor();
  await v.page.clock.fastForward(1000);
  await v.roundTrip();
  await held.letGo();
  await v.roundTrip();
  assert.equal(new URL(v.page.url()).pathname, "/inbox");
  await v.leave({ butNetwork: true }); // where something else of it was asked for late
  await w.server.api("POST", `/api/actions/${action.action_id}/undo`);
});

test("news that come faster than answers: an issue is asked for in turns, and the newest answer stays", async () => {
  const [title, n] = SIX[1];
  const { id } = await find(title);
  const v = await Visitor.enter(w.browser, w.server, { path: null });
  await v.goLive(`/issues/${id}`);
  await v.page.getByText(`${n} reports, last seen`).waitFor();
  const held = await v.hold((path) => path === `/api/clusters/${id}`);
  await w.server.feed(topics([[title, n + 1]]));
  await waitFor("an answer that is soon old", () => held.answered === 1);
  await w.server.feed(topics([[title, n + 2]]));
  await v.page.getByRole("button", { name: "2 new" }).waitFor();
  await v.page.clock.fastForward(1000);
  await v.roundTrip();
  assert.equal(held.asked.length, 1, "nothing while an answer is awaited");
  await held.letGo();
  await v.page.getByText(`${n + 2} reports, last seen`).waitFor();
  await v.leave();
});

test("a report that comes in is counted on the open page", async () => {
  const { v } = await open(SIX[3][0]);
  await w.server.feed(topics([[SIX[3][0], 4]]));
  await v.page.getByRole("button", { name: "1 new" }).click();
  await v.page.getByText("4 reports, last seen").waitFor();
  await v.leave();
});

test("an issue that does not exist says so, with the request's id", async () => {
  const v = await Visitor.enter(w.browser, w.server, { path: "/issues/01932e5c-1f2a-7abc-8def-0123456789ab" });
  await v.page.getByRole("heading", { name: "The issue could not be loaded" }).waitFor();
  await v.page.locator(".state code", { hasText: /^[0-9a-f-]{36}$/ }).waitFor();
  await v.accessible("an issue that is none");
  await v.leave({ butNetwork: true });
});
