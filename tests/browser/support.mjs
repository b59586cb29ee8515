// What the browser tests share: the real program on a port of its own, Chromium, and short ways to talk to both. Waiting is always for a
// condition.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { isDeepStrictEqual } from "node:util";

const ROOT = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
const dashboard = createRequire(join(ROOT, "dashboard/package.json"));
const { chromium } = dashboard("playwright-core");
const axe = readFileSync(dashboard.resolve("axe-core/axe.min.js"), "utf8");

export const BIN = resolve(process.env.SOULCASTER_BIN ?? join(ROOT, "build/soulcaster"));
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const KEY = "bootstrap-key-for-tests";
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
export const PATIENCE_MS = 60_000; // as in tests/e2e/soul.py: only what hangs reaches it
/** Longest time by which each answer is late, in milliseconds, and a slow processor with it: to look for races (HACKING.md). */
const LAG_MS = Number(process.env.SOULCASTER_TEST_LAG_MS ?? 0);
const GROUPING_MS = 300_000; // ten thousand reports on a machine that has much else to do

/** The environment without what the caller's shell has set about us. */
function cleanEnvironment() {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SOULCASTER_")));
  return { ...env, SOULCASTER_BOOTSTRAP_KEY: KEY };
}

export class Server {
  /** `soulcaster serve` in a folder of its own. */
  static async start(...options) {
    const server = new Server();
    server.folder = await mkdtemp(join(tmpdir(), "soul-browser-"));
    server.options = options;
    await server.run(`127.0.0.1:${await freePort()}`);
    return server;
  }

  /** On what `soulcaster demo` sets up: the project "demo", its repository, the scripted agent. */
  static async startDemo(...options) {
    const server = new Server();
    server.folder = await mkdtemp(join(tmpdir(), "soul-browser-"));
    server.options = options;
    execFileSync(BIN, ["demo", "--once", "--data", server.folder, "--listen", "127.0.0.1:0"], { cwd: ROOT, env: cleanEnvironment(), stdio: ["ignore", "ignore", "inherit"] });
    await server.run(`127.0.0.1:${await freePort()}`);
    return server;
  }

  /** The demo's issue that holds most reports of a group (demo/truth.tsv). */
  async demoIssue(group) {
    const rows = readFileSync(join(ROOT, "demo/truth.tsv"), "utf8").trim().split("\n").map((row) => row.trim().split("\t"));
    const ids = new Set(rows.filter((row) => row[2] === group).map(([source, id]) => `${source} ${id}`));
    const count = new Map();
    for (const report of await this.reports("demo")) {
      if (report.cluster_id && ids.has(`${report.source} ${report.external_id}`)) count.set(report.cluster_id, (count.get(report.cluster_id) ?? 0) + 1);
    }
    return [...count].sort((a, b) => b[1] - a[1])[0][0];
  }

  async reports(project, all = [], cursor = "") {
    const page = await this.api("GET", `/api/feedback?project_id=${project}&limit=500${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    all.push(...page.items);
    return page.next_cursor ? this.reports(project, all, page.next_cursor) : all;
  }

  async run(listen) {
    const words = ["serve", "--data", this.folder, "--listen", listen, "--login-link", "--embedder", "builtin", ...this.options];
    this.process = spawn(BIN, words, { stdio: ["ignore", "pipe", "pipe"], env: cleanEnvironment() });
    let said = "";
    this.process.stderr.on("data", (bytes) => (said = (said + bytes).slice(-4000)));
    this.ended = Promise.race([once(this.process, "error"), once(this.process, "exit")]);
    const failed = this.ended.then((why) => {
      throw new Error(`${BIN} did not start: ${why}\n${said}`);
    });
    const [line] = await Promise.race([once(createInterface({ input: this.process.stdout }), "line"), failed]);
    failed.catch(() => undefined); // it ends later, as it should
    const told = JSON.parse(line);
    this.url = told.url;
    this.loginUrl = told.login_url;
  }

  async end() {
    this.process.kill("SIGTERM");
    assert.deepEqual(await this.ended, [0, null], "the server ends in good order");
  }

  /** The same data at the same address again. */
  again() {
    return this.run(new URL(this.url).host);
  }

  /** The newest report of each project becomes one that grouping gave up on, with a dead letter that says why. */
  async giveUp() {
    await this.end();
    execFileSync("python3", [join(ROOT, "tests/browser/dead_letters.py"), this.folder]);
    await this.again();
  }

  /** Fixes as work would have left them: see fixes.py. */
  putFixes(...list) {
    execFileSync("python3", [join(ROOT, "tests/browser/fixes.py"), this.folder], { input: JSON.stringify(list) });
  }

  /** What is closed now has not changed for so many days. */
  async longAgo(days) {
    await this.end();
    execFileSync("python3", [join(ROOT, "tests/browser/long_ago.py"), this.folder, String(days)]);
    await this.again();
  }

  pause() {
    this.process.kill("SIGSTOP");
  }

  goOn() {
    this.process.kill("SIGCONT");
  }

  async stop() {
    if (this.process.pid && this.process.exitCode === null) await this.end();
    await rm(this.folder, { recursive: true });
  }

  async api(method, path, body) {
    const lines = Array.isArray(body);
    const reply = await fetch(this.url + path, {
      method,
      headers: { "X-API-Key": KEY, ...(body ? { "Content-Type": lines ? "application/x-ndjson" : "application/json" } : {}) },
      ...(body ? { body: lines ? body.map((row) => JSON.stringify(row)).join("\n") : JSON.stringify(body) } : {}),
    });
    const text = await reply.text();
    assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${text.slice(0, 400)}`);
    return lines ? text.trim().split("\n").map((row) => JSON.parse(row)) : JSON.parse(text || "null");
  }

  /** Stores reports (objects with a source) and waits until they are grouped. */
  async feed(reports, project = "default") {
    for (let i = 0; i < reports.length; i += 5000) {
      const results = await this.api("POST", `/api/ingest/batch?project_id=${project}`, reports.slice(i, i + 5000));
      assert.equal(results.at(-1).summary.error, 0);
    }
    await waitFor("grouping", async () => (await this.api("GET", `/api/clustering/status?project_id=${project}`)).pending_unclustered === 0, GROUPING_MS);
  }

  async issues(query = "", project = "default") {
    return (await this.api("GET", `/api/clusters?project_id=${project}&limit=1000&${query}`)).items;
  }

  async key(scopes) {
    return this.api("POST", "/api/keys", { name: scopes.join("+"), scopes });
  }
}

/** A port that stays ours while the server is away: below those that the kernel gives to whoever asks for any. */
async function freePort() {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    const probe = createServer();
    try {
      await once(probe.listen(port, "127.0.0.1"), "listening");
    } catch (error) {
      if (error.code === "EADDRINUSE") continue;
      throw error;
    }
    await once(probe.close(), "close");
    return port;
  }
}

export async function waitFor(what, check, patienceMs = PATIENCE_MS) {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const got = await check();
    if (got) return got;
    if (Date.now() > deadline) throw new Error(`waited ${patienceMs / 1000} s in vain for ${what}`);
    await new Promise((go) => setTimeout(go, 20));
  }
}

/** What is read of the page comes to be as expected; where it does not, the difference is said. Pages change a moment after an act:
    what they show is waited for, never read once. */
export async function becomes(read, expected, what) {
  let got;
  try {
    await waitFor(what ?? "what is expected", async () => isDeepStrictEqual((got = await read()), expected));
  } catch (error) {
    assert.deepEqual(got, expected, what);
    throw error;
  }
}

/** Reports of some clearly different issues: [title, how many]. */
export function topics(rows, source = "manual") {
  return rows.flatMap(([title, n]) =>
    Array.from({ length: n }, (_, i) => ({
      source, external_id: `${title}-${i}`, title, body: `${title}. It happened ${["again", "today", "twice", "at work"][i % 4]}.`,
      created_at: new Date(Date.now() - (i + 1) * 3_600_000).toISOString(),
    })),
  );
}

export const SIX = [
  ["Export to PDF crashes on Safari", 6],
  ["Login code e-mail never arrives", 5],
  ["Dark mode resets after every update", 4],
  ["Battery drains overnight on Android", 3],
  ["Calendar shows the wrong time zone", 2],
  ["Cannot upload pictures larger than 5 MB", 1],
];

/** A server and a browser for all tests of a file; `fill` puts into the server what they need. */
export function world(fill, ...options) {
  const made = {};
  before(async () => {
    made.server = await Server.start(...options);
    made.browser = await launch();
    await fill?.(made.server);
  });
  after(async () => {
    await made.browser?.close();
    await made.server?.stop();
  });
  return made;
}

export async function launch() {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

export class Visitor {
  /** A browser context that is signed in (by API key, `key` where it is to be another one) and notes every complaint of the page. */
  static async enter(browser, server, { theme = "light", width = 1280, height = 800, path = "/", signedIn = true, key = KEY, ...more } = {}) {
    const visitor = new Visitor();
    visitor.server = server;
    visitor.context = await browser.newContext({ colorScheme: theme, viewport: { width, height }, reducedMotion: "reduce", locale: "en-GB", timezoneId: "UTC", ...more });
    visitor.context.setDefaultTimeout(PATIENCE_MS);
    if (signedIn) {
      const reply = await visitor.context.request.post(`${server.url}/login`, { data: { token: key } });
      assert.equal(reply.status(), 200);
    }
    visitor.page = await visitor.context.newPage();
    if (LAG_MS) await visitor.lags();
    visitor.complaints = [];
    visitor.page.on("pageerror", (error) => visitor.complaints.push(`error: ${error.message}`));
    visitor.page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) visitor.complaints.push(`${message.type()}: ${message.text()}`);
    });
    visitor.page.on("dialog", (dialog) => {
      visitor.complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    if (path !== null) await visitor.page.goto(server.url + path);
    return visitor;
  }

  /** Whatever the page asks for takes a while, never the same: what a test does not wait for shows. */
  async lags() {
    await this.context.route((url) => url.pathname.startsWith("/api/"), async (route) => {
      await new Promise((go) => setTimeout(go, Math.random() * LAG_MS));
      await route.continue().catch(() => {}); // the page has been left
    });
    const debug = await this.context.newCDPSession(this.page);
    await debug.send("Emulation.setCPUThrottlingRate", { rate: 3 });
  }

  /** What the browser itself says of requests that failed is expected where the test made them fail. */
  complained({ butNetwork = false } = {}) {
    return this.complaints.filter((text) => !(butNetwork && /Failed to load resource|net::ERR/.test(text)));
  }

  async leave(how) {
    assert.deepEqual(this.complained(how), []);
    await this.context.close();
  }

  /** A page whose event stream is open, with a clock that can be put forward. */
  async goLive(path) {
    await this.page.clock.install();
    const stream = this.page.waitForResponse((reply) => new URL(reply.url()).pathname === "/api/events");
    await this.page.goto(this.server.url + path);
    await stream;
  }

  /** What the page asks for `picks` (by path) is answered by the server at once and held until it is let go; the first `n` of it.
      `asked` are the paths, also of what is asked for later. */
  async hold(picks, n = Infinity) {
    const held = { asked: [], answered: 0 };
    let open, isOpen = false, done = 0;
    const gate = new Promise((go) => (open = go));
    await this.page.route((url) => picks(url.pathname), async (route) => {
      if (route.request().method() !== "GET") return route.continue();
      if (held.asked.push(new URL(route.request().url()).pathname) > n || isOpen) return route.continue();
      const response = await route.fetch();
      held.answered++;
      await gate;
      await route.fulfill({ response });
      done++;
    });
    held.letGo = () => {
      const all = Math.min(held.asked.length, n);
      isOpen = true;
      open();
      return waitFor("what was held", () => done === all);
    };
    return held;
  }

  /** To be called before the page is told an event of this kind, of this issue where one is given; what it answers waits for it. */
  async hears(kind, id) {
    const debug = await this.context.newCDPSession(this.page);
    await debug.send("Network.enable");
    const heard = new Promise((go) => debug.on("Network.eventSourceMessageReceived", ({ eventName, data }) => {
      if (eventName === kind && (!id || JSON.parse(data).data.id === id)) go();
    }));
    return () => heard;
  }

  /** What the page sent before is sent, and what it was answered before is heard. */
  async roundTrip() {
    await this.page.evaluate(() => fetch("/health").then((reply) => reply.text()));
  }

  rows() {
    return this.page.locator(".rows .row:not(.to-come)");
  }

  titles() {
    return this.page.locator(".rows .cell-title a").allTextContents();
  }

  /** The list shows the answer to what is asked for now. */
  async loaded() {
    await this.page.locator('.table[aria-busy="false"] .rows .row:not(.to-come)').first().waitFor();
  }

  /** The server goes and comes back, and the page has noticed both; meanwhile `work`. */
  async outage(work) {
    await this.server.end();
    await this.page.locator(".banner").waitFor();
    await work?.();
    await this.server.again();
    await this.page.locator(".banner").waitFor({ state: "detached" });
  }

  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async toast(text) {
    await this.page.locator(".toast", { hasText: text }).first().waitFor();
  }

  /** axe on the page as it stands: nothing to object to. */
  async accessible(what) {
    // The page's policy allows no foreign script; the debugger may run one.
    if (!(await this.page.evaluate(() => "axe" in globalThis))) await this.page.evaluate(axe);
    const found = await this.page.evaluate(() =>
      globalThis.axe.run(document, { iframes: false, resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    const faults = found.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.failureSummary}`).join(" | ")}`);
    assert.deepEqual(faults, [], what);
  }

  /** The page as it stands, in both colours, on a desk and on a phone: axe is pleased, nothing sticks out, and `check` holds. */
  async looksRight(what, check) {
    const before = this.page.viewportSize();
    for (const width of [1280, 390]) {
      await this.page.setViewportSize({ width, height: 800 });
      for (const theme of ["light", "dark"]) {
        await this.page.emulateMedia({ colorScheme: theme });
        await check?.({ width, theme });
        await this.accessible(`${what}, ${theme}, ${width}`);
      }
      await waitFor(`${what}, as wide as its window`, () => this.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    }
    await this.page.emulateMedia({ colorScheme: null });
    await this.page.setViewportSize(before);
  }
}
