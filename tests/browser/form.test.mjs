// The public form, and the widget that opens it in somebody else's page.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { Visitor, becomes, waitFor, world } from "./support.mjs";

const HOSTILE = `<img src=x onerror=alert(1)> was in my cart`;
const MESSAGE = "What happened, or what do you wish for?";

let host, url;
const w = world((server) => server.api("POST", "/api/projects", { name: "shop" }), "--tidy-ms", "0");
before(async () => {
  // Another origin, with pages of its own.
  host = createServer((request, response) => {
    const attributes = request.url.startsWith("/own") ? 'data-button="#say"' : 'data-label="Tell us"';
    response.setHeader("Content-Type", "text/html");
    response.end(`<!doctype html><html lang="en"><title>A shop</title><main><h1>A shop</h1><button id="say">Say it</button></main>
      <script src="${w.server.url}/widget.js" data-project="shop" ${attributes} async></script>`);
  }).listen(0, "127.0.0.1");
  await once(host, "listening");
  url = `http://127.0.0.1:${host.address().port}`;
});
after(() => host.close());

const configure = (settings) => w.server.api("PUT", "/api/config/form?project_id=shop", settings);
const reports = async () => (await w.server.api("GET", "/api/feedback?project_id=shop&limit=100")).items;
const enter = (path) => Visitor.enter(w.browser, w.server, { signedIn: false, path });

/** Sends what is in the form; the server asks for it again where that was quicker than people are. */
async function send(page) {
  await waitFor("thanks", async () => {
    if (await page.getByText("Your feedback has arrived.").count()) return true;
    await page.getByRole("button", { name: "Send" }).click({ timeout: 1000 }).catch(() => undefined); // it was sent meanwhile
    return false;
  });
}

test("there is no form until it is turned on", async () => {
  const v = await enter("/f/shop");
  await v.page.getByRole("link", { name: "To the dashboard" }).waitFor();
  assert.equal(await v.page.locator("form").count(), 0);
  await v.leave({ butNetwork: true });
});

test("a visitor writes, is asked again when too quick, and what they wrote is kept", async () => {
  await configure({ enabled: true, ask_contact: true });
  const v = await enter("/f/shop");
  await v.looksRight("the form");
  await v.page.getByLabel(MESSAGE).fill(HOSTILE);
  await v.page.getByLabel("How can we answer you?").fill("ada@example.com");
  await send(v.page);
  await v.looksRight("thanks");
  const [report] = await reports();
  assert.deepEqual([report.source, report.body, report.metadata.contact], ["form", HOSTILE, "ada@example.com"]);
  assert.deepEqual(await v.context.cookies(), []);
  await v.leave({ butNetwork: true });
});

test("a program that fills in everything is thanked, and nothing is stored", async () => {
  const had = (await reports()).length;
  const v = await enter("/f/shop");
  await v.page.getByLabel(MESSAGE).fill("Buy watches");
  await v.page.evaluate(() => (document.getElementById("website").value = "https://watches.example.com"));
  await send(v.page);
  assert.equal((await reports()).length, had);
  await v.leave();
});

test("the widget opens the form in a foreign page, by keyboard, and asks for nothing before", async () => {
  await configure({ enabled: true, origins: [url] });
  const v = await enter(null);
  const asked = [];
  v.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await v.page.goto(`${url}/cart?card=4111#pay`);
  const button = v.page.getByRole("button", { name: "Tell us" });
  await button.waitFor();
  assert.ok(!asked.some((path) => path.startsWith("/f/")), asked);
  await button.focus();
  await v.press("Enter");
  const frame = v.page.frameLocator("dialog iframe");
  await frame.getByLabel(MESSAGE).fill("The cart forgets what I put into it");
  await v.accessible("the form in a foreign page");
  await send(frame);
  await v.page.getByRole("button", { name: "Close" }).click();
  await waitFor("the focus", () => button.evaluate((e) => e === document.activeElement));
  const report = (await reports()).find((r) => r.body.startsWith("The cart forgets"));
  assert.equal(report.metadata.page, `${url}/cart`);
  assert.deepEqual(await v.context.cookies(), []);
  await v.leave({ butNetwork: true });
});

test("an element of the page opens it, and Escape closes it", async () => {
  const v = await enter(null);
  await v.page.goto(`${url}/own`);
  await v.page.locator("#say[aria-haspopup]").waitFor();
  await becomes(() => v.page.getByRole("button").count(), 1);
  await v.page.getByRole("button", { name: "Say it" }).click();
  await v.page.frameLocator("dialog iframe").getByLabel(MESSAGE).waitFor();
  await v.press("Escape");
  await v.page.locator("dialog iframe").waitFor({ state: "detached" });
  await v.leave();
});

test("a page that the project does not name cannot show it", async () => {
  await configure({ enabled: true, origins: ["https://www.example.com"] });
  const v = await enter(null);
  await v.page.goto(url);
  await v.page.getByRole("button", { name: "Tell us" }).click();
  await waitFor("the refusal", () => v.complaints.some((text) => /frame-ancestors/.test(text)));
  assert.equal(await v.page.frameLocator("dialog iframe").getByLabel(MESSAGE).count(), 0);
  v.complaints = [];
  await v.leave();
});
