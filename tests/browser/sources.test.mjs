// Sources: what is missing, what was refused, their settings, and a test report that is followed and removed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, Visitor, becomes, launch, waitFor } from "./support.mjs";

const SECRET = "a-secret-that-nobody-sees-again";

let server, browser;
before(async () => {
  server = await Server.start("--tidy-ms", "0");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const enter = (more = {}) => Visitor.enter(browser, server, { path: "/sources", ...more });
const source = (v, name) => v.page.locator(`[data-item=${name}]`);
const config = (name) => server.api("GET", `/api/config/${name}`);

test("a refused delivery is told with its reason, and the address to give the vendor", async () => {
  const reply = await fetch(`${server.url}/api/ingest/sentry`, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
  assert.equal(reply.status, 403);
  const v = await enter();
  await source(v, "sentry").getByText("Not set up").waitFor();
  await source(v, "sentry").getByText(/^Missing: no secret is set/).waitFor();
  await source(v, "sentry").getByText(/\(403\): sentry webhooks are refused/).waitFor();
  await becomes(() => v.page.getByLabel("Webhook address of Sentry").inputValue(), `${server.url}/api/ingest/sentry?project_id=default`);
  for (const [name, label] of [["datadog", "Datadog"], ["posthog", "PostHog"]])
    await becomes(() => v.page.getByLabel(`Webhook address of ${label}`).inputValue(), `${server.url}/api/ingest/${name}/webhook?project_id=default`);
  await becomes(() => v.page.getByLabel("Webhook address of Splunk").inputValue(), `${server.url}/api/ingest/splunk/webhook?project_id=default&token=YOUR-SECRET`);
  await source(v, "splunk").getByText("Write the secret in the place of YOUR-SECRET").waitFor();
  await v.leave();
});

test("a secret is set, never shown, kept when other settings change, and forgotten on request", async () => {
  const v = await enter();
  const sentry = source(v, "sentry");
  await sentry.waitFor();
  await v.press("j", "j", "j", "e");
  await sentry.getByLabel("Secret", { exact: true }).fill(SECRET);
  await sentry.getByLabel("Min level").selectOption("error");
  await sentry.getByLabel("Environments").fill("production\n staging \n");
  await sentry.getByLabel("fatal").check();
  await v.accessible("the settings");
  await sentry.getByRole("button", { name: "Save" }).click();
  await v.toast("Settings of Sentry saved");
  await sentry.getByText("Ready").waitFor();
  assert.deepEqual(await config("sentry"), { environments: ["production", "staging"], levels: ["fatal"], min_level: "error", secret_set: true });

  await sentry.getByRole("button", { name: "Settings" }).click();
  await sentry.getByLabel("Environments").waitFor();
  assert.equal(await sentry.getByLabel("Secret", { exact: true }).inputValue(), "");
  assert.ok(!(await v.page.content()).includes(SECRET));
  await becomes(() => sentry.getByLabel("Environments").inputValue(), "production\nstaging");
  await sentry.getByLabel("Environments").fill("");
  await sentry.getByLabel("Created issues").selectOption("No");
  await sentry.getByRole("button", { name: "Save" }).click();
  await sentry.locator("form").waitFor({ state: "detached" });
  assert.deepEqual(await config("sentry"), { created_issues: false, levels: ["fatal"], min_level: "error", secret_set: true });

  await sentry.getByRole("button", { name: "Settings" }).click();
  await sentry.getByLabel("Secret", { exact: true }).fill("short");
  await sentry.getByRole("button", { name: "Save" }).click();
  await becomes(() => sentry.getByLabel("Secret", { exact: true }).evaluate((input) => input.validity.tooShort), true);
  await sentry.getByLabel("Secret", { exact: true }).fill("");
  await sentry.getByLabel(/^Forget the secret/).check();
  await sentry.getByRole("button", { name: "Save" }).click();
  await sentry.getByText("Not set up").waitFor();
  assert.equal((await config("sentry")).secret_set, false);
  await v.leave();
});

test("a test report is followed into its issue, and removed again", async () => {
  await server.api("PUT", "/api/config/github", { secret: SECRET });
  const v = await enter();
  const github = source(v, "github");
  await github.getByRole("button", { name: "Send a test report" }).click();
  await github.locator(".verdict", { hasText: "It is in" }).waitFor();
  await github.getByText("1 report, 1 in the last 24 hours").waitFor();
  await v.accessible("a test report");
  const [report] = (await server.api("GET", "/api/feedback")).items;
  assert.equal(report.metadata.soulcaster_test, true);
  await github.getByRole("button", { name: "Remove it again" }).click();
  await v.toast("The test report is removed.");
  await waitFor("its end", async () => (await server.api("GET", "/api/feedback")).total === 0);
  await becomes(() => github.locator(".test").count(), 0);
  await v.leave();
});

test("a test of a source that is not set up says what is missing", async () => {
  await server.api("PUT", "/api/config/github", {});
  const v = await enter();
  await source(v, "github").getByRole("button", { name: "Send a test report" }).click();
  await v.toast("The test report was not taken");
  await v.leave({ butNetwork: true });
});
