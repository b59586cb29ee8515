// Signing in and out, by link and by key; a session that ends while the page is open.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SIX, Visitor, becomes, topics, waitFor, world } from "./support.mjs";

const w = world(async (server) => {
  await server.feed(topics(SIX));
});

test("who is not signed in is led to the form, and from there to where they wanted to go", async () => {
  const [issue] = await w.server.issues();
  const v = await Visitor.enter(w.browser, w.server, { signedIn: false, path: `/issues/${issue.id}?x=%26` });
  await v.page.waitForURL(/\/login\?next=/);
  await v.accessible("the form");
  await v.page.fill("#token", "wrong-key-wrong-key");
  await v.page.click("button");
  await v.page.getByRole("alert").waitFor();
  await v.page.fill("#token", "bootstrap-key-for-tests");
  await v.page.click("button");
  await v.page.waitForURL(`${w.server.url}/issues/${issue.id}?x=%26`);
  await v.page.getByRole("heading", { level: 1, name: issue.title }).waitFor();
  await v.leave({ butNetwork: true });
});

test("the link works once", async () => {
  const v = await Visitor.enter(w.browser, w.server, { signedIn: false, path: null });
  await v.page.goto(w.server.loginUrl);
  await v.loaded();
  await v.page.waitForURL((url) => url.pathname === "/");
  const [cookie] = await v.context.cookies();
  assert.ok(cookie.httpOnly && cookie.sameSite === "Strict");
  await v.context.clearCookies();
  await v.page.goto(w.server.loginUrl);
  await v.page.getByRole("alert").waitFor();
  await v.leave({ butNetwork: true });
});

test("signing out ends the session", async () => {
  const v = await Visitor.enter(w.browser, w.server);
  await v.loaded();
  const cookies = await v.context.cookies();
  await v.page.getByRole("button", { name: "Sign out" }).click();
  await v.page.waitForURL(/\/login$/);
  await v.context.addCookies(cookies);
  await v.page.goto(w.server.url);
  await v.page.waitForURL(/\/login\?next=/);
  await v.leave({ butNetwork: true });
});

test("a session that ends under an open page is said, and what is there stays", async () => {
  const made = await w.server.key(["read"]);
  const v = await Visitor.enter(w.browser, w.server, { signedIn: false, path: null });
  await v.context.request.post(`${w.server.url}/login`, { data: { token: made.key } });
  await v.page.goto(w.server.url);
  await v.loaded();
  await w.server.api("DELETE", `/api/keys/${made.id}`);
  await waitFor("the key's end", async () => (await v.context.request.get(`${w.server.url}/api/stats`)).status() === 401);
  await v.press("R");
  await v.page.getByText("Your session has ended.").waitFor();
  await becomes(() => v.rows().count(), 6);
  await waitFor("the way back", async () => /^\/login\?next=%2F/.test(await v.page.getByRole("link", { name: "Sign in" }).getAttribute("href")));
  await v.leave({ butNetwork: true });
});

test("who may only read is told what the key lacks", async () => {
  const made = await w.server.key(["read"]);
  const v = await Visitor.enter(w.browser, w.server, { signedIn: false, path: null });
  await v.context.request.post(`${w.server.url}/login`, { data: { token: made.key } });
  await v.page.goto(w.server.url);
  await v.loaded();
  await v.press("j", "i");
  await v.toast("lacks the scope 'triage'");
  await becomes(() => v.rows().count(), 6);
  await v.leave({ butNetwork: true });
});
