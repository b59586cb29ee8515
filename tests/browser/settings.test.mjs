// Settings: keys, projects, the model, views, colours, time zone, signing out.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SIX, Server, Visitor, becomes, launch, topics, waitFor } from "./support.mjs";

const HOSTILE = `<img src=x onerror=alert(1)>`;

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

const enter = (more = {}) => Visitor.enter(browser, server, { path: "/settings", ...more });

test("a key is made, shown once, works, and is revoked", async () => {
  const v = await enter();
  await v.page.getByRole("button", { name: "New key" }).click();
  const dialog = v.page.getByRole("dialog", { name: "New API key" });
  await dialog.waitFor();
  await v.accessible("the new key");
  await dialog.getByLabel("Who or what uses it?").fill(HOSTILE);
  await dialog.getByLabel(/^read/).check();
  await dialog.getByLabel("When does it end?").selectOption("In 30 days");
  await dialog.getByRole("button", { name: "Make the key" }).click();
  const secret = await v.page.getByLabel("The key", { exact: true }).inputValue();
  assert.match(secret, /^sc_[0-9a-f]{48}$/);
  await v.accessible("the key that was made");
  const use = () => fetch(`${server.url}/api/session`, { headers: { "X-API-Key": secret } });
  const who = await (await use()).json();
  assert.deepEqual([who.name, who.scopes], [HOSTILE, ["ingest", "read"]]);
  await v.page.getByRole("button", { name: "Done" }).click();
  await waitFor("no trace of it", async () => !(await v.page.content()).includes(secret));
  await v.page.getByRole("button", { name: `Revoke ${HOSTILE}` }).click();
  await v.page.getByRole("button", { name: "Revoke it" }).click();
  await v.toast("ends within two seconds");
  await v.page.locator("tr.ended", { hasText: HOSTILE }).waitFor();
  await waitFor("its end", async () => (await use()).status === 401);
  assert.equal(await v.page.locator("#app img").count(), 0);
  await v.leave();
});

test("a project is made and looked at; a name that is taken is refused in words", async () => {
  const v = await enter();
  for (const attempt of [1, 2]) {
    await v.page.getByRole("button", { name: "New project" }).click();
    const dialog = v.page.getByRole("dialog", { name: "New project" });
    await dialog.getByLabel("Name").fill("mobile-app");
    await dialog.getByRole("button", { name: "Make it" }).click();
    if (attempt === 2) {
      await dialog.getByRole("alert").waitFor();
      await v.press("Escape");
      break;
    }
    await v.page.waitForURL(/project_id=/);
    await v.page.locator("tr", { hasText: "mobile-app" }).getByText("shown now").waitFor();
    await v.page.getByText("There are none in this project.").waitFor();
  }
  await v.page.locator("tr", { hasText: "default" }).getByRole("button", { name: "Switch to it" }).click();
  await v.page.locator("tr", { hasText: "default" }).getByText("shown now").waitFor();
  await v.leave({ butNetwork: true });
});

test("a model that cannot be opened is refused in words; one that is at work already is chosen", async () => {
  const v = await enter();
  const part = v.page.locator(".part", { hasText: "Grouped with" });
  await part.getByLabel("Change it to").selectOption({ value: "encoder" });
  await part.getByRole("button", { name: "Change" }).click();
  await part.getByRole("alert").getByText("Not changed:").waitFor();
  await v.accessible("a model that there is not");
  await part.getByLabel("Change it to").selectOption({ value: "builtin" });
  await part.getByRole("button", { name: "Change" }).click();
  await v.toast("The project is grouped with builtin");
  await part.getByText("; chosen: builtin").waitFor();
  await v.leave({ butNetwork: true });
});

test("a change of the model is shown as it goes", async () => {
  const v = await enter({ path: null });
  const model = { model: "builtin-2/prepare-1", state: "embedding", wanted: "minilm", done: 40, total: 160, chosen: "encoder", previous: "older", changed_at: null, reason: null, job_id: null, hint: null };
  await v.page.route("**/api/model*", (route) => route.fulfill({ json: model }));
  await v.page.goto(`${server.url}/settings`);
  await v.page.getByText("40 of 160 reports (25 %)").waitFor();
  await v.page.getByRole("button", { name: "Back to older" }).waitFor();
  await v.accessible("a change that goes on");
  Object.assign(model, { state: "failed", reason: "the file is gone" });
  await v.page.getByText("The change was given up, and the old model goes on. the file is gone").waitFor();
  await v.leave();
});

test("a view is removed and comes back by undo", async () => {
  await server.api("POST", "/api/views", { name: "Big ones", query: { min_count: 10, sort: "size" } });
  const v = await enter();
  const row = v.page.locator("section.part", { hasText: "They stand beside" }).locator("tr", { hasText: "Big ones" });
  await row.getByRole("button", { name: "Remove Big ones" }).click();
  await row.waitFor({ state: "detached" });
  await v.page.getByRole("button", { name: /^Undo/ }).click();
  await row.waitFor();
  await becomes(async () => (await server.api("GET", "/api/views")).items[0]?.query, { min_count: 10, sort: "size" });
  await v.leave();
});

test("colours and the time zone are kept in this browser", async () => {
  const v = await enter({ timezoneId: "Asia/Tokyo" });
  const title = () => v.page.locator("time").first().getAttribute("title");
  await v.page.getByLabel("This computer's zone (Asia/Tokyo)").waitFor();
  await waitFor("Tokyo", async () => /GMT\+9/.test(await title()));
  await v.page.getByLabel("UTC", { exact: true }).check();
  await waitFor("UTC", async () => /UTC/.test(await title()));
  await v.page.getByLabel("Dark").check();
  await v.page.reload();
  await becomes(() => v.page.locator("html").getAttribute("data-theme"), "dark");
  await v.page.locator("time").first().waitFor();
  await waitFor("UTC", async () => /UTC/.test(await title()));
  await v.leave();
});

test("signing out leads to the form", async () => {
  const v = await enter();
  await v.page.locator("main").getByRole("button", { name: "Sign out" }).click();
  await v.page.waitForURL(/\/login/);
  await v.page.goto(`${server.url}/settings`);
  await v.page.waitForURL(/\/login/);
  await v.leave({ butNetwork: true });
});

test("what was changed is told, with how it was before, and older changes on request", async () => {
  const limit = (n) => server.api("PUT", "/api/config/limits", { max_reports: n });
  for (let n = 1000; n < 1025; n++) await limit(n);
  const v = await enter();
  const part = v.page.locator("section.part", { hasText: "What people and keys changed" });
  await part.getByText("max_reports: 1023 → 1024").waitFor();
  await becomes(() => part.locator("tbody tr").count(), 20);
  await part.getByRole("button", { name: "Older changes" }).click();
  await part.getByText("max_reports: 1001 → 1002").waitFor();
  await v.accessible("the changes");
  await limit(0);
  await v.leave();
});
