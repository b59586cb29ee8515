// What all pages beside the issues owe: both colours, both widths, nothing for axe to object to, what failed said in words, and
// healing by itself.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SIX, Server, Visitor, becomes, launch, topics } from "./support.mjs";

const PAGES = [
  { path: "/inbox", heading: "Inbox", asks: "/api/feedback", shows: ".item", failed: "The inbox could not be loaded" },
  { path: "/sources", heading: "Sources", asks: "/api/sources", shows: ".item", failed: "The sources could not be loaded" },
  { path: "/fixes", heading: "Fixes", asks: "/api/jobs", shows: ".missing li", failed: "The fixes could not be loaded" },
  { path: "/work", heading: "Work", asks: "/api/work", shows: ".plain tbody tr", failed: "The work could not be loaded" },
  { path: "/status", heading: "Health", asks: "/api/system", shows: ".check-row", failed: "The server could not be asked" },
  { path: "/settings", heading: "Settings", asks: "/api/keys", shows: ".plain tbody tr", failed: "The keys could not be loaded" },
];

let server, browser;
before(async () => {
  server = await Server.start("--tidy-ms", "0");
  browser = await launch();
  await server.feed(topics(SIX));
  await server.key(["ingest"]);
  await server.giveUp();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const problem = { status: 500, contentType: "application/problem+json", headers: { "X-Request-ID": "01932e5c-0000-7abc-8def-0123456789ab" }, body: JSON.stringify({ title: "Internal Server Error", status: 500, code: "internal", detail: "the shelf fell over" }) };

for (const { path, heading, asks, shows, failed } of PAGES) {
  test(`${path} pleases axe in both colours and widths, and nothing sticks out`, async () => {
    const v = await Visitor.enter(browser, server, { path });
    await v.page.getByRole("heading", { level: 1, name: heading }).waitFor();
    await v.page.locator(shows).first().waitFor();
    await becomes(() => v.page.title(), `${heading} - Soulcaster`);
    await v.looksRight(path);
    await v.leave();
  });

  test(`${path} shows that it loads, and what failed, and tries again`, async () => {
    const v = await Visitor.enter(browser, server, { path: null });
    let goOn;
    const heard = new Promise((go) => (goOn = go));
    await v.page.route((url) => url.pathname === asks, async (route) => {
      await heard;
      return route.fulfill(problem);
    });
    const asked = v.page.waitForRequest((request) => new URL(request.url()).pathname === asks);
    await v.page.goto(server.url + path);
    await asked;
    await v.page.locator(".page .skeleton").first().waitFor();
    goOn();
    await v.page.getByRole("heading", { name: failed }).waitFor();
    await v.page.getByText("the shelf fell over").waitFor();
    await v.page.locator(".state code", { hasText: "01932e5c-0000-7abc-8def-0123456789ab" }).waitFor();
    await v.accessible(`${path}, failed`);
    await v.page.unrouteAll();
    await v.page.getByRole("button", { name: "Try again" }).first().click();
    await v.page.locator(shows).first().waitFor();
    await v.leave({ butNetwork: true });
  });
}

test("the map of a server that draws none says so", async () => {
  const v = await Visitor.enter(browser, server, { path: "/map" });
  await v.page.getByRole("heading", { name: "This server draws no map" }).waitFor();
  await v.page.getByText("--tidy-ms 0").waitFor();
  await v.looksRight("no map");
  await v.leave();
});

test("a page that was open while the server was away heals by itself", async () => {
  const v = await Visitor.enter(browser, server, { path: "/work" });
  await v.page.locator(".plain tbody tr").first().waitFor();
  await server.end();
  await v.page.locator(".banner", { hasText: "The server does not answer" }).waitFor();
  await v.accessible("offline");
  await server.again();
  await v.page.locator(".banner").waitFor({ state: "detached" });
  await v.page.locator(".plain tbody tr").first().waitFor();
  await v.leave({ butNetwork: true });
});

test("a page that was left asks for nothing more", async () => {
  const v = await Visitor.enter(browser, server, { path: null });
  let asked = 0;
  v.page.on("request", (request) => (asked += new URL(request.url()).pathname === "/api/sources"));
  await v.goLive("/sources");
  await v.page.locator(".item").first().waitFor();
  const told = await v.hears("feedback.grouped");
  await server.api("POST", "/api/ingest/batch?project_id=default", topics([["Export to PDF crashes on Safari", 7]]));
  await told();
  await v.page.getByRole("link", { name: /^Inbox/ }).click();
  await v.page.getByRole("heading", { level: 1, name: "Inbox" }).waitFor();
  await v.roundTrip();
  const before = asked;
  await v.page.clock.fastForward(2000);
  await v.roundTrip();
  assert.equal(asked, before);
  await v.leave();
});

test("a key that may only read sees what is and is told what it may not", async () => {
  const { key } = await server.key(["read"]);
  const v = await Visitor.enter(browser, server, { path: null, signedIn: false });
  await v.context.request.post(`${server.url}/login`, { data: { token: key } });
  await v.page.goto(`${server.url}/settings`);
  await v.page.getByText("with the rights read").waitFor();
  await v.page.getByText("this key lacks the scope 'admin'").first().waitFor();
  await v.page.goto(`${server.url}/sources`);
  await v.page.locator("[data-item=manual]").getByRole("button", { name: "Send a test report" }).click();
  await v.toast("lacks the scope");
  await v.leave({ butNetwork: true });
});

test("the health page says in words that the store takes no writes", async () => {
  const v = await Visitor.enter(browser, server, { path: null });
  await v.page.route("**/api/health", (route) => route.fulfill({ status: 503, json: { status: "unavailable", store: "error", detail: "the disk is full", version: "1", uptime_s: 5 } }));
  await v.page.route("**/api/system*", (route) => route.fulfill(problem));
  await v.page.goto(`${server.url}/status`);
  await v.page.getByText("1 thing is wrong").waitFor();
  await v.page.getByText("It cannot take writes: the disk is full.").waitFor();
  await v.leave({ butNetwork: true });
});
