// The whole way, watched in the browser: an issue of the demo, the scripted agent in its sandbox, the pull request, the merge.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, Server, Visitor, waitFor } from "./support.mjs";

let server, browser;
before(async () => {
  server = await Server.startDemo("--tidy-ms", "0");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("from an issue to a merged change, by keyboard and two clicks", async () => {
  const issue = await server.demoIssue("export-csv-last-row");
  const v = await Visitor.enter(browser, server, { path: `/issues/${issue}?project_id=demo` });
  const part = v.page.getByRole("region", { name: "Fix", exact: true });
  await part.getByText("Nothing was tried yet.").waitFor();
  await v.press("f");
  const begin = v.page.getByRole("dialog").getByRole("button", { name: "Fix it" });
  await waitFor("the focus", () => begin.evaluate((e) => e === document.activeElement));
  await v.press("Enter");
  await v.toast("The fix begins.");
  await part.locator(".line").first().waitFor();
  await part.getByText("In review", { exact: true }).waitFor();
  await part.getByText("scripted, no model").waitFor();
  await v.page.locator(".issue-head .badge", { hasText: "In review" }).waitFor();
  await part.getByRole("link", { name: /pull request/ }).click();
  await v.page.getByRole("button", { name: "Merge" }).waitFor();
  await v.page.locator(".line-add").first().waitFor();
  await v.page.getByRole("button", { name: /Show all \d+ lines/ }).click();
  await v.page.locator(".pull").getByText("Where this comes from").waitFor();
  await v.looksRight("a fix that waits for people");
  await v.page.getByRole("button", { name: "Merge" }).click();
  await v.page.getByRole("button", { name: "Merge it" }).click();
  await v.toast("Merged.");
  await v.page.locator(".fix-nav").getByText("Merged").waitFor();
  await v.page.goto(`${server.url}/issues/${issue}?project_id=demo`);
  await v.page.locator(".issue-head .badge", { hasText: "Resolved" }).waitFor();
  assert.equal((await server.api("GET", `/api/clusters/${issue}?project_id=demo`)).status, "resolved");
  await v.leave();
});
