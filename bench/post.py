"""One report a request, 64 connections: against plain SQLite with the same rows, and against FastAPI + Redis.

Per round: the server without its worker under wrk, then its very rows into a new database by plain SQLite at the
server's own mean batch size; the same with the worker on. SQLite has both cores to itself; the server shares them
with wrk. The FastAPI peer gets the same wrk script.
"""
import json
import resource
import subprocess

from harness import KEY, Server, Skip, median
from peers.fastapi_redis.start import Peer

CONNECTIONS = 64


def under_wrk(ctx, folder, seconds, *args):
    """One run against a fresh server -> numbers of wrk and of the server, and of SQLite with the same rows."""
    data = folder / "data"
    with Server(ctx.binary, data, *args) as server:
        ctx.wrk(server.url, "post.lua", 1, CONNECTIONS, body_env(ctx))  # warm
        before, cpu, client = server.metrics(), server.threads_cpu_s(), children_cpu_s()
        r = ctx.wrk(server.url, "post.lua", seconds, CONNECTIONS, body_env(ctx, first=2**23))
        after, cpu_after = server.metrics(), server.threads_cpu_s()
        r["client_us"] = 1e6 * (children_cpu_s() - client) / r["requests"]
        r["peak_mib"] = server.memory_mib("VmHWM")
    took = {name: after[name] - before.get(name, 0) for name in after}
    stored = took["soulcaster_ingest_reports_total"]
    r["rps"] = r["requests"] / r["seconds"]
    r["batch"] = stored / max(1, took["soulcaster_ingest_commits_total"])
    r["commit_share"] = took["soulcaster_ingest_commit_seconds_total"] / r["seconds"]
    r["grouped"] = took["soulcaster_grouping_reports_total"]
    r["cpu_us"] = {t: 1e6 * (s - cpu.get(t, 0)) / r["requests"] for t, s in cpu_after.items()}
    if r["not_2xx"] or r["broken"] or stored < r["requests"]:
        ctx.note(f"not all is well: {r['not_2xx']} not 2xx, {r['broken']} broken, {stored:.0f} stored of {r['requests']}")
    out = subprocess.run([ctx.tool("sqlite_put"), str(data / "soulcaster.db"), str(folder / "plain.db"),
                          str(max(1, round(r["batch"])))], capture_output=True, text=True, check=True)
    r["sqlite"] = json.loads(out.stdout)["rows_per_s"]
    return r


def children_cpu_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def body_env(ctx, first=0):
    return {"BODIES": str(ctx.input("bodies", 30000)), "API_KEY": KEY, "FIRST": str(first)}


def report(ctx, name, runs):
    best = sorted(runs, key=lambda r: r["rps"] / r["sqlite"])[len(runs) // 2]  # the median by ratio, whole
    ctx.row(f"POST, {CONNECTIONS} connections, {name}", best["rps"], "req/s", (">", 0.70),
            f"SQLite, {best['batch']:.0f} a commit", best["sqlite"], best["rps"] / best["sqlite"], batch=best["batch"])
    ctx.row(f"  p50, {name}", best["p50_ms"], "ms")
    ctx.row(f"  p99, {name}", best["p99_ms"], "ms")
    cpu = ", ".join(f"{t} {us:.0f}" for t, us in sorted(best["cpu_us"].items(), key=lambda x: -x[1]) if us >= 0.5)
    ctx.note(f"{best['batch']:.1f} reports a commit; the committer is busy {100 * best['commit_share']:.0f} % of the time; CPU us a "
             f"request by thread: {cpu}; wrk {best['client_us']:.0f}; grouped meanwhile: {best['grouped']:.0f}; peak {best['peak_mib']:.0f} MiB")


def run(ctx):
    rounds, seconds = (1, 2) if ctx.quick else (5, 3)
    ctx.note(f"fdatasync of 4 KiB here: {ctx.fdatasync_ms():.2f} ms")
    kinds = {"no worker": ["--no-worker"], "worker on": []}
    runs = {k: [] for k in kinds}
    for _ in range(rounds):
        for kind, args in kinds.items():
            with ctx.folder() as folder:
                runs[kind].append(under_wrk(ctx, folder, seconds, *args))
    for kind, found in runs.items():
        report(ctx, kind, found)
    try:
        against_fastapi(ctx, {kind: median([r["rps"] for r in found]) for kind, found in runs.items()}, seconds)
    except Skip as why:
        ctx.note(f"skipped: the FastAPI + Redis peer: {why}")


def against_fastapi(ctx, ours, seconds):
    """Without and with the promise that what is acknowledged is on disk: only the latter does the same job."""
    for put_by, fsync, bar in (("pipeline", "everysec", None), ("script", "everysec", None), ("pipeline", "always", (">", 10)),
                               ("script", "always", None)):
        best = None
        for workers in (1, 2):
            with ctx.folder() as folder, Peer(ctx, folder, workers, put_by, fsync) as peer:
                ctx.wrk(peer.url, "post.lua", 1, CONNECTIONS, body_env(ctx))
                r = ctx.wrk(peer.url, "post.lua", seconds, CONNECTIONS, body_env(ctx, first=2**23))
                stored = peer.stored()
            r["rps"] = r["requests"] / r["seconds"]
            ctx.note(f"FastAPI + Redis by {put_by}, fsync {fsync}, workers {workers}: {r['rps']:.0f} req/s, p50 {r['p50_ms']:.0f} ms, "
                     f"p99 {r['p99_ms']:.0f} ms; {r['not_2xx']} not 2xx; {stored} stored in all")
            if not best or r["rps"] > best["rps"]:
                best = r
        for kind, rps in ours.items():
            ctx.row(f"POST, {kind}", rps, "req/s", bar, f"FastAPI + Redis, {put_by}, fsync {fsync}", best["rps"], rps / best["rps"],
                    peer_p50_ms=best["p50_ms"], peer_p99_ms=best["p99_ms"])
