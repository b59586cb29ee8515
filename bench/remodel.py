"""A project's model is changed, from the builtin embedder to the neural encoder and back, with n reports in it: how long that takes, beside
embedding the same texts alone; and how long one report a request takes meanwhile. Needs what tools/fetch_encoder leaves."""
import json
import threading
import time

from encoder import install
from harness import Http, Server, percentile
from transfer import send_batch

RATE = 50
LIMIT_S = 3600


class Posts(threading.Thread):
    """RATE reports a second; how long each took from the moment it was due, and when that was."""

    def __init__(self, url, bodies):
        super().__init__(daemon=True)
        self.link, self.bodies, self.took, self.due, self.on = Http(url), bodies, [], [], True

    def run(self):
        begun = time.perf_counter()
        for i, body in enumerate(self.bodies):
            due = begun + i / RATE
            time.sleep(max(0, due - time.perf_counter()))
            if not self.on:
                break
            status, reply = self.link.call("POST", "/api/ingest/manual", body)
            if status != 200:
                raise RuntimeError(f"POST: {status} {reply[:200]!r}")
            self.due.append(due)
            self.took.append(time.perf_counter() - due)
        self.link.close()

    def since(self, at):
        return [1e3 * took for took, due in zip(list(self.took), list(self.due)) if due >= at]

    def stop(self):
        self.on = False
        self.join()


def change(server, use):
    """-> (seconds to each new state, the last one included; the issues that there were, that are left, that are new)."""
    issues = lambda: {c["id"] for c in all_issues(server)}
    before, begun, times, state = issues(), time.perf_counter(), {}, None
    status, reply = server.http.call("PUT", "/api/model", json.dumps({"use": use}).encode())
    if status != 200:
        raise RuntimeError(f"PUT /api/model: {status} {reply[:300]!r}")
    while state != "settled":
        now = server.http.get_json("/api/model")
        if now["state"] != state:
            state = now["state"]
            times[state] = time.perf_counter() - begun
        if state == "failed" or time.perf_counter() - begun > LIMIT_S:
            raise RuntimeError(f"the change to {use}: {now}")
        time.sleep(0.25)
    after = issues()
    return times, len(before), len(before & after), len(after - before)


def all_issues(server):
    at, found = "/api/clusters?limit=200", []
    while True:
        page = server.http.get_json(at)
        found += page["items"]
        if not page["next_cursor"]:
            return found
        at = f"/api/clusters?limit=200&cursor={page['next_cursor']}"


def run(ctx):
    n = 500 if ctx.quick else (ctx.items or 100000)
    with ctx.folder() as folder:
        model = install(ctx, folder)
        lines = open(ctx.input("bodies", 20000, 9), "rb").read().splitlines() * 10
        extra = [line.replace(b"@" * 12, b"r%011d" % i) for i, line in enumerate(lines)]  # each one new, however long it takes
        with Server(ctx.binary, folder / "data", "--embedder", "builtin", "--encoder-model", model) as server:
            send_batch(server.url, ctx.input("batch", n))
            waited, left = server.wait_grouped(LIMIT_S)
            ctx.note(f"grouping {n:,} took {waited:.0f} s" + (f"; {left} still wait" if left else ""))
            idle = Posts(server.url, iter(extra[:10000]))
            idle.start()
            time.sleep(3 if ctx.quick else 20)
            idle.stop()
            server.wait_grouped(LIMIT_S)
            idle_ms = idle.since(0)
            posts = Posts(server.url, iter(extra[10000:]))
            posts.start()
            for use, what in (("encoder", "builtin to encoder"), ("previous", "and back")):
                begun = time.perf_counter()
                times, were, kept, new = change(server, use)
                took = times["settled"]
                ctx.row(f"{n:,} reports, {what}", took, "s", states={k: round(v, 2) for k, v in times.items()})
                ctx.note(f"{what}: {were:,} issues, {kept:,} of them kept, {new:,} new; states {({k: round(v, 1) for k, v in times.items()})}")
                busy_ms = posts.since(begun)
                ctx.row(f"  POST p99 meanwhile, {RATE}/s", percentile(busy_ms, 99), "ms", None, "idle", percentile(idle_ms, 99),
                        percentile(busy_ms, 99) / percentile(idle_ms, 99), slowest=max(busy_ms))
                ctx.row("  the slowest", max(busy_ms), "ms", None, "idle", max(idle_ms), max(busy_ms) / max(idle_ms))
            posts.stop()
            ctx.row("  memory, its peak", server.memory_mib("VmHWM"), "MiB")
