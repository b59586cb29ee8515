#!/usr/bin/env python3
"""Check that feed.ndjson and truth.tsv are whole and fit each other. Exit 1 with the first fault found."""

import csv
import json
import sys
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIELDS = {"source", "external_id", "title", "body", "created_at", "metadata"}
METADATA = {
    "manual": {"channel"},
    "reddit": {"subreddit", "permalink", "author", "score"},
    "sentry": {"level", "environment", "release", "platform", "culprit", "url"},
    "github": {"repo", "number", "url", "labels"},
    "generic": {"rating", "app_version", "channel"},
}
LAST = datetime(2026, 11, 21, tzinfo=timezone.utc)  # exclusive
FIRST = LAST - timedelta(days=21)
MIN_REPORTS = 150
MIN_GROUPS, MAX_GROUP, MIN_SINGLES = 25, 14, 50
MIN_WIDE = 3  # groups that reach four or more sources


class Fault(Exception):
    pass


def need(ok, message):
    if not ok:
        raise Fault(message)


def read_report(where, line):
    try:
        report = json.loads(line)
    except ValueError as e:
        raise Fault(f"{where}: not JSON: {e}")
    need(isinstance(report, dict) and set(report) == FIELDS, f"{where}: fields must be exactly {sorted(FIELDS)}")
    for name in FIELDS - {"metadata"}:
        need(isinstance(report[name], str) and report[name].strip(), f"{where}: {name} must be a non-empty string")

    source, metadata = report["source"], report["metadata"]
    need(source in METADATA, f"{where}: unknown source {source!r}")
    need(
        isinstance(metadata, dict) and set(metadata) == METADATA[source],
        f"{where}: metadata of {source} must be exactly {sorted(METADATA[source])}",
    )
    try:
        created = datetime.strptime(report["created_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError as e:
        raise Fault(f"{where}: created_at: {e}")
    need(FIRST <= created < LAST, f"{where}: created_at lies outside the 21 days up to 2026-11-20")
    return source, report["external_id"]


def read_feed(path):
    seen = {}
    with path.open(encoding="utf-8", newline="\n") as f:
        for number, line in enumerate(f, 1):
            where = f"{path.name}:{number}"
            key = read_report(where, line)
            need(key not in seen, f"{where}: {key} was already on line {seen.get(key)}")
            seen[key] = number
    return seen


def read_truth(path):
    truth = {}
    with path.open(encoding="utf-8", newline="") as f:
        rows = csv.reader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
        need(next(rows, None) == ["source", "external_id", "group"], f"{path.name}: wrong header")
        for number, row in enumerate(rows, 2):
            where = f"{path.name}:{number}"
            need(len(row) == 3 and all(row), f"{where}: three filled columns expected")
            source, external_id, group = row
            need((source, external_id) not in truth, f"{where}: {source} {external_id} is listed twice")
            truth[source, external_id] = group
    return truth


def check():
    feed, truth = read_feed(HERE / "feed.ndjson"), read_truth(HERE / "truth.tsv")
    need(len(feed) >= MIN_REPORTS, f"only {len(feed)} reports, at least {MIN_REPORTS} expected")
    for key in feed:
        need(key in truth, f"{key} is in the feed but not in the truth")
    for key in truth:
        need(key in feed, f"{key} is in the truth but not in the feed")

    sources = Counter(source for source, _ in feed)
    need(set(sources) == set(METADATA), f"sources without a report: {sorted(set(METADATA) - set(sources))}")

    sizes = Counter(truth.values())
    for (_, external_id), group in truth.items():
        if group.startswith("one:"):
            need(group == f"one:{external_id}" and sizes[group] == 1, f"{group}: a singleton's slug is one:<its id>")
        else:
            need(2 <= sizes[group] <= MAX_GROUP, f"{group}: {sizes[group]} reports, 2 to {MAX_GROUP} expected")
    groups = [g for g in sizes if not g.startswith("one:")]
    singles = len(sizes) - len(groups)
    need(len(groups) >= MIN_GROUPS, f"only {len(groups)} groups of two or more, at least {MIN_GROUPS} expected")
    need(singles >= MIN_SINGLES, f"only {singles} singletons, at least {MIN_SINGLES} expected")

    reach = Counter(group for _, group in {(source, group) for (source, _), group in truth.items()})
    wide = sum(reach[g] >= 4 for g in groups)
    need(wide >= MIN_WIDE, f"only {wide} groups reach four sources, at least {MIN_WIDE} expected")

    by_source = ", ".join(f"{n} {source}" for source, n in sources.most_common())
    largest = max(sizes[g] for g in groups)
    print(
        f"ok: {len(feed)} reports ({by_source}); {len(groups)} groups of 2 to {largest}, "
        f"{wide} of them over 4+ sources; {singles} singletons"
    )


if __name__ == "__main__":
    try:
        check()
    except (Fault, OSError, UnicodeDecodeError) as e:
        print(f"demo check failed: {e}", file=sys.stderr)
        sys.exit(1)
