// Background work: what was given up, with its reason; tried again, dropped.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { SIX, Server, Visitor, becomes, launch, topics } from "./support.mjs";

let server, browser;
before(async () => {
  server = await Server.start("--tidy-ms", "0");
  browser = await launch();
  await server.feed(topics(SIX));
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(() => server.giveUp());

const dead = async () => (await server.api("GET", "/api/dead-letters")).items.length;

test("what was given up is dropped by keyboard, after a question", async () => {
  const v = await Visitor.enter(browser, server, { path: "/work" });
  await v.page.getByText("the embedder refused the text: <img src=x onerror=alert(1)>").waitFor();
  assert.equal(await v.page.locator("#app img").count(), 0);
  await v.press("j", "d");
  await v.page.getByRole("dialog", { name: "Drop this work?" }).waitFor();
  await v.accessible("the question");
  await v.press("Escape");
  assert.equal(await dead(), 1);
  await v.press("d");
  await v.page.getByRole("button", { name: "Drop it" }).click();
  await v.toast("Dropped.");
  await v.page.getByRole("heading", { name: "Given up" }).waitFor({ state: "detached" });
  await becomes(dead, 0);
  await v.leave();
});

test("what was given up is tried again, and the page shows that it was done", async () => {
  const v = await Visitor.enter(browser, server, { path: "/work" });
  await v.page.getByRole("heading", { name: "Given up" }).waitFor();
  await v.press("j", "r");
  await v.toast("It is tried again.");
  await v.page.getByRole("heading", { name: "Given up" }).waitFor({ state: "detached" });
  await v.page.locator("tr", { hasText: "Try one report again" }).getByText("Done").first().waitFor();
  await becomes(async () => (await server.api("GET", "/api/stats")).parked <= 1, true); // the one of the test before is still there
  await v.leave();
});

test("a pass is asked for", async () => {
  const v = await Visitor.enter(browser, server, { path: "/work" });
  await v.page.getByRole("button", { name: "Group now" }).click();
  await v.toast("Grouping looks for what waits.");
  await v.page.locator("tr", { hasText: "Group new reports" }).first().waitFor();
  await v.leave();
});
