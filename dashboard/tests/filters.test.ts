import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cluster } from "../src/api/contract";
import { matches, OPEN, ofView, read, toQuery, toView, write } from "../src/pages/issues/filters";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const of = (text: string) => read(new URLSearchParams(text));
const address = (text: string) =>
  new URLSearchParams(Object.entries(write(of(text))).filter((e): e is [string, string] => e[1] !== null)).toString();

test("an empty address means what is open, last seen first", () => {
  assert.deepEqual(of(""), { status: OPEN, source: null, seen: null, min: 1, sort: "recent", q: "" });
  assert.equal(address(""), "");
});

test("what an address says that means nothing is left out", () => {
  for (const bad of ["status=happy", "source=pigeon", "seen=1y", "min=-3", "min=x", "min=1.5", "sort=up", "status=", "min=1e999"]) {
    assert.equal(address(bad), "", bad);
  }
  assert.equal(address("status=new,happy,ignored"), "status=new%2Cignored");
});

test("reading and writing an address are each other's inverse", () => {
  for (const text of ["status=all", "status=snoozed", "source=sentry&seen=7d&min=5&sort=trend&q=a+b%26c", "sort=size"]) {
    assert.equal(address(text), text);
  }
});

test("a view holds the same as an address", () => {
  for (const text of ["", "status=all", "status=new%2Cregressed&seen=24h&sort=created", "source=github&min=2&q=x"]) {
    assert.deepEqual(ofView(toView(of(text))), of(text));
  }
});

test("the query that is asked holds what was filtered for, and no more", () => {
  assert.deepEqual(toQuery(of("status=all"), NOW), { sort: "recent" });
  assert.deepEqual(toQuery(of("status=new&seen=24h&min=2&source=reddit"), NOW), {
    sort: "recent", status: ["new"], since: "2026-11-21T12:00:00.000Z", min_count: 2, source: "reddit",
  });
});

test("an issue at hand is judged as the server judges", () => {
  const c = { status: "new", sources: ["reddit"], count: 3, last_seen: "2026-11-22T00:00:00Z" } as Cluster;
  for (const [text, fits] of [
    ["", true], ["status=ignored", false], ["status=all", true], ["source=reddit", true], ["source=sentry", false],
    ["min=3", true], ["min=4", false], ["seen=24h", true],
  ] as const) assert.equal(matches(c, of(text), NOW), fits, text);
  assert.equal(matches({ ...c, last_seen: "2026-11-20T00:00:00Z" }, of("seen=24h"), NOW), false);
  assert.equal(matches({ ...c, last_seen: null }, of("seen=24h"), NOW), false);
});
