"""1,000,000 reports (--items) in one project: the engine alone, then a server on a store with as many.

Nobody waits for a million reports to be placed one by one here: the store is filled with the true issues, as loading would find
them (seed.c), and what is measured is what a server does with that: starting, reading, placing further reports, memory. What
placing all of them costs follows from `grouping`, which says how the cost of one grows.
"""
import json
import subprocess
import time
from urllib.parse import quote

import reads
import reports
from harness import Server, percentile

INSERTS = 300


def lines(command):
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [json.loads(x) for x in out.splitlines()]


def engine(ctx, path, n):
    rows = lines([ctx.tool("grouping"), str(path), str(n), "16", "given"])
    last = [r for r in rows if "reports" in r and "engine_mib" in r][-1]
    ctx.row(f"engine with {n:,}: memory", last["engine_mib"], "MiB", resident=last["resident_mib"])
    for r in (r for r in rows if r.get("what") in ("insert", "search")):
        ctx.row(f"engine with {n:,}: one {r['what']}, p50 of processor time", r["p50_ms"], "ms")
        ctx.row("  p99", r["p99_ms"], "ms", slowest=r["most_ms"])


def growth(ctx, path, n):
    rows = [r for r in lines([ctx.tool("grouping"), str(path), str(n), "16"]) if "place_ms" in r]
    for r in (rows[0], rows[len(rows) // 2], rows[-1]):
        ctx.row(f"placing, {r['reports']:,} reports in, processor time each", r["place_ms"] + r["view_ms"], "ms")


def inserts(ctx, server, held):
    """One report after the other: from the request to its place."""
    took, more = [], reports.reports(INSERTS, seed=99)
    for i, r in enumerate(more):
        body = {"external_id": f"scale-{i}", "title": r["title"], "body": r["body"]}
        started = time.perf_counter()
        status, _ = server.http.call("POST", "/api/ingest/manual", json.dumps(body).encode())
        if status not in (200, 201, 202):
            raise RuntimeError(f"POST: {status}")
        while server.pending():
            time.sleep(0.001)
        took.append((time.perf_counter() - started) * 1e3)
    ctx.row(f"one report into {held:,}: sent to grouped, p50", percentile(took, 50), "ms")
    ctx.row("  p99", percentile(took, 99), "ms", slowest=max(took))


def served(ctx, path, n):
    with ctx.folder() as folder:
        data = folder / "data"
        data.mkdir(mode=0o700, exist_ok=True)
        if not (data / "soulcaster.db").exists():
            subprocess.run([ctx.tool("seed"), str(data), str(path), str(n)], check=True, stdout=subprocess.DEVNULL)
        started = time.perf_counter()
        with Server(ctx.binary, data) as server:
            ctx.row(f"start with {n:,} to /health", server.start_s * 1e3, "ms")
            server.http.get("/api/search?q=" + quote("the calendar hangs after the last update"))
            ctx.row("  to the first answer of a search", (time.perf_counter() - started) * 1e3, "ms")
            ctx.row(f"resident with {n:,}, started", server.memory_mib(), "MiB", peak=server.memory_mib("VmHWM"))
            reads.read_all(ctx, server, n, 100, barred=False)
            inserts(ctx, server, n)
            ctx.row(f"resident with {n:,}, after inserts", server.memory_mib(), "MiB", peak=server.memory_mib("VmHWM"))


def run(ctx):
    n = ctx.items or (20000 if ctx.quick else 1000000)
    path = ctx.input("labelled", n + 3000)
    growth(ctx, path, min(n // 10, 50000))
    engine(ctx, path, n)
    served(ctx, path, n)
