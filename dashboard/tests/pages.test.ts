// Plain functions of the pages: settings between form and API, health in words, why a report waits.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SourceSetting } from "../src/api/contract";
import { configOf, valuesOf } from "../src/pages/sources/fields";
import { bytes, checksOf, type Facts } from "../src/pages/status/checks";

const SETTINGS: SourceSetting[] = [
  { key: "secret", type: "secret", choices: [], help: "" }, { key: "secrets", type: "secrets", choices: [], help: "" },
  { key: "names", type: "names", choices: [], help: "" }, { key: "on", type: "bool", choices: [], help: "" }, { key: "least", type: "int", choices: [], help: "" },
];

test("a secret that is not typed again is kept; one that is typed replaces; forgetting is said", () => {
  const had = { secret_set: true, names: ["a"], later: { ours: 1 } };
  const values = valuesOf(SETTINGS, had);
  assert.deepEqual(values, { secret: "", secrets: "", names: "a", on: "", least: "" });
  assert.deepEqual(configOf(SETTINGS, values, had, false), { later: { ours: 1 }, names: ["a"], secret_set: true });
  assert.deepEqual(configOf(SETTINGS, values, had, true), { later: { ours: 1 }, names: ["a"] });
  assert.deepEqual(configOf(SETTINGS, { ...values, secret: "12345678" }, had, false), { later: { ours: 1 }, names: ["a"], secret: "12345678" });
  assert.deepEqual(configOf(SETTINGS, { names: " a \n\n b ", on: "false", least: "-3" }, {}, false), { names: ["a", "b"], on: false, least: -3 });
});

const WELL: Facts = {
  health: { status: "ok", store: "ok", version: "1", uptime_s: 600 },
  status: { project_id: "p", pending_unclustered: 0, parked: 0, is_clustering: false, last_job: null, indexed: { reports: 2, clusters: 1 }, model: "m", embedder: { remote: false, degraded: false, without_vector: 0 }, remodel: null },
  system: { version: "1", started_at: "2026-01-01T00:00:00Z", store: { backend: "sqlite", schema_version: 1, bytes: 1000, free_bytes: 10 * 1024 ** 3 }, index: { projects: 1, reports: 2, clusters: 1, bytes: 10 }, memory_bytes: 1 },
  sources: [], dead: 0,
};
const worst = (facts: Partial<Facts>) => checksOf({ ...WELL, ...facts }, Date.parse("2026-01-02T00:00:00Z"))[0];

test("when all is well, it says so", () => {
  assert.ok(checksOf(WELL, 0).every((c) => c.level === "good" && !c.todo));
});

test("what is wrong comes first, with what to do", () => {
  const store = worst({ health: { ...WELL.health, status: "unavailable", store: "error", detail: "the disk is full" }, dead: 0 });
  assert.deepEqual([store?.level, store?.says], ["bad", "It cannot take writes: the disk is full."]);
  const disk = (free_bytes: number) => worst({ system: { ...WELL.system, store: { ...WELL.system.store, free_bytes } } });
  assert.deepEqual([disk(1000)?.level, disk(1024 ** 3 / 2)?.level, disk(-1)?.name], ["bad", "note", "Disk"]);
  assert.equal(worst({ dead: 2 })?.says, "2 jobs given up.");
  assert.match(worst({ status: { ...WELL.status, pending_unclustered: 3 } })?.todo ?? "", /worker/);
  assert.match(worst({ status: { ...WELL.status, embedder: { remote: true, degraded: true, without_vector: 4, breaker: "open", reason: "it answers 401" } } })?.says ?? "", /it answers 401\. 4 reports grouped by words alone/);
  assert.match(worst({ status: { ...WELL.status, llm: { model: "l", degraded: true, due: true, capped: true } } })?.says ?? "", /a cap of the day/);
});

test("bytes as people say them", () => {
  assert.deepEqual([0, 1023, 1024, 5.5 * 1024 ** 2].map(bytes), ["0 B", "1,023 B", "1 KB", "5.5 MB"]);
});
