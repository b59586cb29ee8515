// The inbox: why a report is in no issue yet, and what a person makes of it; lonely issues that are nearly another one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SIX, Server, Visitor, becomes, launch, topics, waitFor } from "./support.mjs";

const HOSTILE = `<img src=x onerror=alert(1)> lost its tag`;

let server, browser;
before(async () => {
  server = await Server.start("--tidy-ms", "0");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A report that grouping gave up on: the newest one of the default project. */
async function parked(title) {
  await server.feed([...topics(SIX), { source: "manual", external_id: title, title, body: "It is written nowhere else." }]);
  await server.giveUp();
}

const reportOf = async (title) => (await server.api("GET", "/api/feedback?limit=200")).items.find((f) => f.title === title);

test("an empty inbox says so and offers what can be done", async () => {
  await server.api("POST", "/api/projects", { name: "empty" });
  const v = await Visitor.enter(browser, server, { path: "/inbox?project_id=empty" });
  await v.page.getByRole("heading", { name: "Nothing waits for you" }).waitFor();
  await v.accessible("the empty inbox");
  await v.leave();
});

test("a report that was given up says why, goes into an issue by keyboard, and comes back by undo", async () => {
  await parked(HOSTILE);
  const v = await Visitor.enter(browser, server, { path: "/inbox" });
  const item = v.page.locator(".item", { hasText: HOSTILE });
  await item.getByText("Grouping failed 5 times and gave up: the embedder refused the text: <img src=x onerror=alert(1)>").waitFor();
  assert.equal(await v.page.locator("#app img").count(), 0);
  await v.press("j");
  await becomes(() => v.page.evaluate((text) => document.activeElement?.textContent.includes(text), HOSTILE), true);
  await v.press("m");
  const dialog = v.page.getByRole("dialog", { name: "Move the report to" });
  await dialog.getByRole("option").first().waitFor();
  await v.accessible("where to move it");
  await v.page.keyboard.type("dark mode");
  await dialog.getByRole("option", { name: SIX[2][0] }).waitFor();
  await v.press("Enter");
  await v.toast(`Put into "${SIX[2][0]}".`);
  await item.waitFor({ state: "detached" });
  await becomes(async () => (await reportOf(HOSTILE)).state, "grouped");
  await v.leave();
});

test("a new issue is made of a report that waits", async () => {
  await parked("Quokkas ate the manual");
  const v = await Visitor.enter(browser, server, { path: "/inbox" });
  const item = v.page.locator(".item", { hasText: "Quokkas ate the manual" });
  await item.getByRole("button", { name: "Make an issue of it" }).click();
  await item.waitFor({ state: "detached" });
  const report = await waitFor("its issue", async () => {
    const now = await reportOf("Quokkas ate the manual");
    return now.cluster_id && now;
  });
  assert.equal((await server.api("GET", `/api/clusters/${report.cluster_id}`)).count, 1);
  await v.leave();
});

test("what was given up is tried again, and lands", async () => {
  await parked("The lighthouse blinks in the wrong rhythm");
  const v = await Visitor.enter(browser, server, { path: "/inbox" });
  const item = v.page.locator(".item", { hasText: "lighthouse" });
  await item.getByRole("button", { name: "Try again" }).click();
  await item.waitFor({ state: "detached" });
  await becomes(async () => (await reportOf("The lighthouse blinks in the wrong rhythm")).state, "grouped");
  await v.leave();
});

test("two that are nearly one are joined, or kept apart for good", async () => {
  const rows = [
    ["Cannot sign in with my Google account since the update", "After the update the Google sign in fails with an error."],
    ["Google login broken", "Signing in by Google does not work any more after the latest version."],
    ["Sign in via Google fails", "I cannot sign in with Google, an error is shown."],
  ];
  await server.api("POST", "/api/projects", { name: "near" });
  await server.feed(rows.map(([title, body], i) => ({ source: "manual", external_id: String(i), title, body })), "near");
  const near = async () => (await server.api("GET", "/api/clusters/analyze?project_id=near&limit=300")).items.filter((s) => s.action === "merge");
  const before = await near();
  const v = await Visitor.enter(browser, server, { path: "/inbox?project_id=near" });
  if (!before.length) {
    await v.page.getByRole("heading", { name: "Nothing waits for you" }).waitFor(); // grouping was sure of all three
    return v.leave();
  }
  const items = v.page.locator(".item");
  await items.first().waitFor(); // they come with one answer, and nothing changes them meanwhile
  const count = await items.count();
  await v.press("j", "m");
  await v.toast("merged");
  await v.press("u");
  await v.toast("Undone: ");
  await waitFor("both again", async () => (await items.count()) === count);
  await items.first().getByRole("button", { name: "Keep apart" }).click();
  await v.toast("Kept apart from now on.");
  await waitFor("one less", async () => (await items.count()) < count);
  assert.ok((await near()).length < before.length);
  await v.leave();
});
