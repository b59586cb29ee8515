import assert from "node:assert/strict";
import { test } from "node:test";
import { FIELDS, goes, isShorter, nameOf, numberOf, stays, textOf, warning } from "../src/pages/settings/limit-fields";

test("an empty field is no limit, and no limit is an empty field", () => {
  assert.deepEqual(["", "0", "12"].map(numberOf), [0, 0, 12]);
  assert.deepEqual([undefined, 0, 12].map(textOf), ["", "", "12"]);
});

test("fields have names for people; what has none keeps its own", () => {
  assert.deepEqual(["max_reports", "keep_days", "other"].map(nameOf), ["Stored reports", "Days to keep the reports of closed issues", "other"]);
});

test("a number is warned of that leaves no room beside what there is", () => {
  const warned = (use: { reports: number; fixes: number }, n: number) => FIELDS.filter((field) => warning(field, n, use)).map((field) => field.key);
  assert.deepEqual(warned({ reports: 3, fixes: 2 }, 4), []);
  assert.deepEqual(warned({ reports: 3, fixes: 2 }, 3), ["max_reports"]);
  assert.deepEqual(warned({ reports: 3, fixes: 2 }, 1), ["max_reports", "max_fixes_a_day"]);
  assert.deepEqual(warned({ reports: 3, fixes: 2 }, 0), []);
  assert.deepEqual(warned({ reports: 0, fixes: 0 }, 1), []);
});

test("what goes, and what is as old and stays, in words", () => {
  assert.equal(goes({ reports: 1, issues: 1 }), "1 report of 1 issue");
  assert.equal(goes({ reports: 412, issues: 37 }), "412 reports of 37 issues");
  assert.equal(stays({ changed: 0, fixed: 0, tied: 0 }), "");
  assert.equal(stays({ changed: 2, fixed: 0, tied: 1 }), "Closed issues that are as old and stay: 2 changed since, 1 tied to an open issue by what a person did.");
});

test("fewer days than before may let more go; more, and for ever, may not", () => {
  const asked: [number, number][] = [[30, 0], [30, 31], [30, 30], [31, 30], [0, 30], [0, 0]];
  assert.deepEqual(asked.map(([days, before]) => isShorter(days, before)), [true, true, false, false, false, false]);
});
