// A server that is slow, gone, back; errors that it answers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SIX, Visitor, becomes, topics, waitFor, world } from "./support.mjs";

const w = world(async (server) => {
  await server.feed(topics(SIX));
});

test("a slow server: something is shown meanwhile, and then the list", async () => {
  const v = await Visitor.enter(w.browser, w.server, { path: null });
  let letGo;
  const gate = new Promise((go) => (letGo = go));
  await v.page.route("**/api/clusters?*", async (route) => {
    await gate;
    await route.continue();
  });
  await v.page.goto(w.server.url);
  await v.page.getByRole("heading", { level: 1 }).waitFor();
  await v.page.getByRole("status", { name: "Loading" }).waitFor();
  await v.accessible("loading");
  letGo();
  await v.loaded();
  await v.leave();
});

test("rows are never taken for the answer to another filter", async () => {
  const v = await Visitor.enter(w.browser, w.server);
  await v.loaded();
  let letGo;
  const gate = new Promise((go) => (letGo = go));
  await v.page.route("**/api/clusters?*", async (route) => {
    await gate;
    await route.continue();
  });
  // On the list: what is there stays in sight, as what it is.
  await v.page.getByLabel("Size").selectOption("5");
  await v.page.waitForURL(/min=5/);
  await v.page.locator('.table[aria-busy="true"]').waitFor();
  await becomes(async () => (await v.titles()).length, 6);
  letGo();
  await becomes(async () => (await v.titles()).sort(), [SIX[0][0], SIX[1][0]]);
  await v.loaded();
  // Coming back to it: nothing of the filter before.
  await v.page.locator(".rows .cell-title a").first().click();
  await v.page.getByRole("heading", { level: 1 }).waitFor();
  await v.page.unroute("**/api/clusters?*");
  const second = new Promise((go) => (letGo = go));
  await v.page.route("**/api/clusters?*", async (route) => {
    await second;
    await route.continue();
  });
  await v.page.getByRole("link", { name: /^Everything/ }).click();
  await v.page.getByRole("status", { name: "Loading" }).waitFor();
  await becomes(() => v.rows().count(), 0);
  letGo();
  await becomes(async () => (await v.titles()).length, 6);
  await v.leave();
});

test("a server that stands still is waited for", async () => {
  const v = await Visitor.enter(w.browser, w.server);
  await v.loaded();
  w.server.pause();
  try {
    await v.page.getByLabel("Search issues").fill("battery");
    await v.page.waitForURL(/q=battery/);
    await v.page.locator('.table[aria-busy="true"]').waitFor();
    await becomes(async () => (await v.titles()).length, 6, "what is there stays");
  } finally {
    w.server.goOn();
  }
  await waitFor("the hit", async () => (await v.titles())[0] === SIX[3][0]);
  await v.leave();
});

test("a server that goes and comes back: it is said, and the page heals itself", async () => {
  const v = await Visitor.enter(w.browser, w.server);
  await v.loaded();
  await w.server.end();
  await v.page.getByText("The server does not answer.").waitFor();
  await becomes(async () => (await v.titles()).length, 6);
  await v.accessible("offline");
  await v.press("j", "i");
  await v.toast("Not ignored: The server does not answer.");
  await becomes(async () => (await v.titles()).length, 6);
  await w.server.again();
  await v.page.getByText("The server does not answer. What you see").waitFor({ state: "detached" });
  await w.server.feed(topics([["Widgets are empty after a restart", 1]]));
  await v.page.getByRole("button", { name: "1 new" }).waitFor(); // the event stream is back, too
  await v.leave({ butNetwork: true });
});

test("an undo whose answer was lost is done, and said so at the second try", async () => {
  const v = await Visitor.enter(w.browser, w.server);
  let lost = 0; // long before it is needed: the page hears of its first route some time after we do
  await v.page.route("**/api/actions/*/undo*", async (route) => {
    if (lost++) return route.continue();
    await route.fetch();
    await route.abort();
  });
  await v.loaded();
  const had = (await v.titles()).length;
  await v.press("j", "x", "j", "x", "m");
  await v.page.getByRole("dialog", { name: "Merge 2 issues" }).getByRole("button", { name: "Merge" }).click();
  await v.toast("2 issues merged");
  await v.press("u");
  await v.toast("Could not undo: The server does not answer.");
  await v.page.getByText("The server does not answer. What you see").waitFor({ state: "detached" });
  await v.press("u");
  await v.toast("Undone: ");
  await becomes(async () => (await v.titles()).length, had);
  await v.leave({ butNetwork: true });
});

test("what could not be undone while the server was gone can be undone after", async () => {
  const v = await Visitor.enter(w.browser, w.server);
  await v.loaded();
  const [title] = await v.titles();
  await v.press("j", "i");
  await v.toast("ignored");
  await v.outage(async () => {
    await v.press("u");
    await v.toast("Could not undo: The server does not answer.");
  });
  await v.press("u");
  await v.toast("Undone: ");
  await v.page.locator(".rows .row", { hasText: title }).waitFor();
  await v.leave({ butNetwork: true });
});

test("a page that is opened while the server is gone starts by itself when it is back", async () => {
  const v = await Visitor.enter(w.browser, w.server);
  await v.loaded();
  await v.page.evaluate(() => localStorage.clear());
  await v.page.route("**/api/projects*", (route) => route.abort());
  await v.page.reload();
  await v.page.getByRole("heading", { name: "The dashboard could not start" }).waitFor();
  await v.page.unroute("**/api/projects*");
  await v.loaded();
  await v.leave({ butNetwork: true });
});

test("an error says what failed, the request's id, and can be tried again", async () => {
  const v = await Visitor.enter(w.browser, w.server, { path: null });
  let broken = true;
  await v.page.route("**/api/clusters?*", (route) =>
    broken
      ? route.fulfill({
          status: 503,
          headers: { "X-Request-ID": "0193-request", "Content-Type": "application/problem+json" },
          body: JSON.stringify({ status: 503, code: "store", detail: "the disk is full" }),
        })
      : route.continue());
  await v.page.goto(w.server.url);
  await v.page.getByRole("heading", { name: "The issues could not be loaded" }).waitFor();
  await v.page.getByText("the disk is full").waitFor();
  await v.page.getByText("0193-request").waitFor();
  await v.accessible("an error");
  broken = false;
  await v.page.getByRole("button", { name: "Try again" }).click();
  await v.loaded();
  await v.leave({ butNetwork: true });
});
