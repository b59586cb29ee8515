"""With 100,000 reports stored and grouped: what reading takes, what it holds in memory, how fast it starts again.

One connection, one request after the other, parameters that differ; the client's share (about 0.05 ms) is in the
figures.
"""
import random
import time
from urllib.parse import quote

import reports
from harness import Server, percentile
from transfer import send_batch

LIMIT_S = 1800  # for grouping


def words(rng):
    part, _, _ = rng.choice(reports.PARTS)
    return quote(rng.choice(rng.choice(reports.SYMPTOMS)).format(p=part) + " " + rng.choice(rng.choice(reports.CIRCUMSTANCES)))


def few_words(rng):
    return quote(" ".join(rng.sample((rng.choice(reports.PARTS)[0] + " " + rng.choice(reports.DEVICES)).split(), 2)))


def cursors(server, path, pages):
    """Addresses of the first pages of a list, by following its cursors."""
    found, at = [], path
    for _ in range(pages):
        found.append(at)
        cursor = server.http.get_json(at)["next_cursor"]
        if not cursor:
            break
        at = f"{path}&cursor={quote(cursor)}"
    return found


def kinds(server, rng):
    """name -> function that gives the next address; each name is one row."""
    newest = cursors(server, "/api/feedback?limit=100", 40)
    biggest = cursors(server, "/api/clusters?limit=50&sort=size", 12)
    ids = [c["id"] for at in biggest for c in server.http.get_json(at)["items"]]
    day = lambda: time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(1_790_000_000 + rng.randrange(60) * 86400 + rng.randrange(86400)))
    source = lambda: rng.choice(["manual", "reddit", "generic", "github"])
    return {
        "list feedback, 100 rows, newest and next pages": lambda: rng.choice(newest),
        "list feedback, by source": lambda: f"/api/feedback?limit=100&source={source()}",
        "list feedback, until a time": lambda: f"/api/feedback?limit=100&until={day()}",
        "list feedback, source and time": lambda: f"/api/feedback?limit=50&source={source()}&until={day()}",
        "list feedback, a cluster's": lambda: f"/api/clusters/{rng.choice(ids)}/feedback?limit=50",
        "list feedback, by words": lambda: f"/api/feedback?limit=50&q={few_words(rng)}",
        "list clusters, 50 rows, four orders": lambda: f"/api/clusters?sort={rng.choice(['recent', 'size', 'trend', 'created'])}",
        "list clusters, biggest, next pages": lambda: rng.choice(biggest),
        "list clusters, filtered": lambda: f"/api/clusters?source={source()}&min_count={rng.randrange(2, 60)}&since={day()}",
        "list clusters, by words": lambda: f"/api/clusters?q={few_words(rng)}",
        "cluster page": lambda: f"/api/clusters/{rng.choice(ids)}",
        "stats": lambda: "/api/stats",
        "search, 20 hits": lambda: f"/api/search?q={words(rng)}",
        "trace": lambda: f"/api/trace/{rng.choice(traced)}",
    } if (traced := [f["id"] for f in server.http.get_json(newest[-1])["items"]]) else {}


def measure(server, address, n):
    took, size = [], 0
    for _ in range(n):
        at = address()
        started = time.perf_counter()
        body = server.http.get(at)
        took.append((time.perf_counter() - started) * 1e3)
        size += len(body)
    return took, size / n


def read_all(ctx, server, held, n=500, barred=True):
    """The bars are those of 100,000 reports."""
    bar = lambda most: ("<", most) if barred else None
    rng, n = random.Random(7), min(n, 100) if ctx.quick else n
    for name, address in kinds(server, rng).items():
        took, size = measure(server, address, n)
        ctx.row(f"{name}, p50", percentile(took, 50), "ms", bar(5), bytes=round(size))
        ctx.row("  p99", percentile(took, 99), "ms", bar(25), slowest=max(took))
    ctx.row(f"resident with {held:,}, after reading", server.memory_mib(), "MiB", bar(250))


def start_again(ctx, folder, held):
    started = time.perf_counter()
    with Server(ctx.binary, folder / "data") as server:
        ctx.row(f"start with {held:,} to /health", server.start_s * 1e3, "ms", ("<", 1000))
        server.http.get("/api/search?q=" + quote("the calendar hangs after the last update"))
        ctx.row("  to the first answer of a search", (time.perf_counter() - started) * 1e3, "ms")
        time.sleep(1)
        metrics = server.metrics()
        ctx.row(f"resident with {held:,}, started again", server.memory_mib(), "MiB", ("<", 250))
        ctx.note(f"index: {metrics['soulcaster_index_reports']:.0f} reports, {metrics['soulcaster_index_clusters']:.0f} clusters, "
                 f"{metrics['soulcaster_index_bytes'] / 2**20:.0f} MiB; store {metrics['soulcaster_store_bytes'] / 2**20:.0f} MiB")


def fill(ctx, server, n):
    """Stores n reports and waits until they are grouped. Returns how many are not."""
    started = time.perf_counter()
    send_batch(server.url, ctx.input("batch", n))
    sent = time.perf_counter() - started
    _, left = server.wait_grouped(LIMIT_S)
    took, done = time.perf_counter() - started, n - left
    busy = server.metrics()["soulcaster_grouping_seconds_total"]
    ctx.row(f"grouping {done:,} from nothing", done / took, "items/s", seconds=took)
    ctx.note(f"stored in {sent:.1f} s, grouped {done:,} in {took:.1f} s ({1e3 * busy / max(1, done):.2f} ms of grouping each)"
             + (f"; STOPPED WAITING, {left:,} still pending: nothing is read" if left else ""))
    ctx.row(f"resident with {done:,}, after grouping", server.memory_mib(), "MiB", ("<", 250), peak=server.memory_mib("VmHWM"))
    return left


def run(ctx):
    n = ctx.items or (10000 if ctx.quick else 100000)
    with ctx.folder() as folder:
        with Server(ctx.binary, folder / "data") as server:
            held = server.http.get_json("/api/stats")["total_feedback"]
            left = fill(ctx, server, n) if not held else server.pending()
            n = held or n
            if not left:
                read_all(ctx, server, n)
        start_again(ctx, folder, n - left)
