"""One report a request on Redis: what bare hiredis does with the same commands, and what further processes add.

A server's commands under wrk are noted by a listener between it and its Redis; bare hiredis then sends the very same ones to an
empty Redis over one connection, 64 at a time unanswered. The server's rate is measured without the listener. Both are on disk before they
answer. hiredis and Redis have the cores to themselves; the server shares them with wrk and Redis.
"""
import json
import subprocess
import threading

from harness import Server, median
from post import CONNECTIONS, body_env
from redis_server import Listener, Redis

DEPTH = 64


def replay(ctx, folder, commands, first, depth):
    path = folder / "commands"
    path.write_bytes(b"".join(commands))
    (folder / "replay").mkdir()
    with Redis(ctx.program("redis-server", "redis-server"), folder / "replay") as redis:
        out = subprocess.run([ctx.tool("redis_replay"), redis.socket, str(path), str(first), str(depth)], capture_output=True, text=True, check=True)
        got = json.loads(out.stdout)
    if got["failed"]:
        ctx.note(f"{got['failed']} of the commands sent again were refused: {got['refusal']}")
    return got


def bare(ctx, seconds, depth):
    """-> reports a second of bare hiredis with the commands of one run; commands a report."""
    with ctx.folder() as folder, Redis(ctx.program("redis-server", "redis-server"), folder) as redis:
        listener = Listener(redis, folder / "l")
        with Server(ctx.binary, folder / "data", "--no-worker", "--redis", listener.url) as server:
            ctx.wrk(server.url, "post.lua", 1, CONNECTIONS, body_env(ctx))
            first, before = len(listener.commands), stored(server)
            ctx.wrk(server.url, "post.lua", seconds, CONNECTIONS, body_env(ctx, first=2**23))
            commands, n = listener.commands[:], stored(server) - before
        listener.close()
        got = replay(ctx, folder, commands, first, depth)
    return n / got["seconds"], got["commands"] / n


def stored(server):
    return server.metrics()["soulcaster_ingest_reports_total"]


def under_wrk(ctx, n_servers, seconds):
    """-> requests a second of all, the Redis' share of a core, milliseconds of the median and the slowest hundredth."""
    with ctx.folder() as folder, Redis(ctx.program("redis-server", "redis-server"), folder) as redis:
        servers = [Server(ctx.binary, folder / f"data{i}", "--no-worker", "--redis", redis.url) for i in range(n_servers)]
        found = [None] * n_servers

        def one(i, of, first):
            found[i] = ctx.wrk(servers[i].url, "post.lua", of, CONNECTIONS // n_servers, body_env(ctx, first=first + i * 2**21))

        def all_of(of, first):
            threads = [threading.Thread(target=one, args=(i, of, first)) for i in range(n_servers)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()

        try:
            all_of(1, 0)
            before = redis.cpu_s()
            all_of(seconds, 2**23)
            share = (redis.cpu_s() - before) / seconds
        finally:
            for s in servers:
                s.stop()
    if any(r["not_2xx"] or r["broken"] for r in found):
        ctx.note(f"not all is well: {[(r['not_2xx'], r['broken']) for r in found]}")
    rate = sum(r["requests"] / r["seconds"] for r in found)
    return rate, share, max(r["p50_ms"] for r in found), max(r["p99_ms"] for r in found)


def run(ctx):
    rounds, seconds = (1, 2) if ctx.quick else (5, 3)
    ours, peers = {1: [], 2: [], 4: []}, {1: [], DEPTH: []}
    for _ in range(rounds):
        for n, found in ours.items():
            found.append(under_wrk(ctx, n, seconds))
        for depth, found in peers.items():
            found.append(bare(ctx, seconds, depth))
    best = {n: sorted(found)[len(found) // 2] for n, found in ours.items()}
    limit = {depth: sorted(found)[len(found) // 2] for depth, found in peers.items()}
    one = best[1][0]
    ctx.row(f"POST on Redis, {CONNECTIONS} connections", one, "req/s", (">", 0.70), f"hiredis, the same commands, {DEPTH} in flight",
            limit[DEPTH][0], one / limit[DEPTH][0], commands_a_report=limit[DEPTH][1])
    ctx.row("  p50", best[1][2], "ms")
    ctx.row("  p99", best[1][3], "ms")
    ctx.row(f"POST on Redis, {CONNECTIONS} connections", one, "req/s", None, "hiredis, the same commands, one in flight", limit[1][0],
            one / limit[1][0])
    for n in (2, 4):
        ctx.row(f"POST on Redis, {n} processes", best[n][0], "req/s", None, "one process", one, best[n][0] / one)
    ctx.note(f"Redis took {100 * best[1][1]:.0f}, {100 * best[2][1]:.0f}, {100 * best[4][1]:.0f} % of a core under 1, 2, 4 processes; "
             f"{limit[DEPTH][1]:.3f} commands a report; spread of one process "
             f"{min(r[0] for r in ours[1]):.0f} to {max(r[0] for r in ours[1]):.0f}/s, median of the spread {median([r[0] for r in ours[1]]):.0f}")
