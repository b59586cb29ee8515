"""What each step of the store costs with 1,000, 10,000, 100,000 and 1,000,000 reports stored (bench/growth.c), on SQLite and on Redis.

In memory, where /dev/shm has room: a sync costs the same however much is stored, and would hide the rest.
"""
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from redis_server import Redis

NEEDED = 6 << 30


@contextmanager
def place(ctx):
    if not os.path.isdir("/dev/shm") or shutil.disk_usage("/dev/shm").free < NEEDED and not ctx.quick:
        ctx.note("on disk: /dev/shm has no room")
        with ctx.folder() as folder:
            yield folder
        return
    with tempfile.TemporaryDirectory(prefix="growth-", dir="/dev/shm") as folder:
        yield Path(folder)


def measure(ctx, where, sizes):
    """-> {step: [(stored, p50 us, p99 us), ...]}"""
    out = subprocess.run([ctx.tool("growth"), where, *map(str, sizes)], capture_output=True, text=True, check=True).stdout
    found = {}
    for row in map(json.loads, out.splitlines()):
        found.setdefault(row["step"], []).append((row["stored"], row["p50_us"], row["p99_us"]))
    return found


def report(ctx, name, found):
    for step, rows in found.items():
        (few, at_few, _), (many, at_many, _) = rows[0], rows[-1]
        ctx.row(f"{name}: {step}, {many:,} stored", at_many, "us", None, f"{few:,} stored", at_few, at_many / at_few, at=rows)


def run(ctx):
    sizes = [1000, 10000] if ctx.quick else [1000, 10000, 100000, ctx.items or 1000000]
    with place(ctx) as folder:
        (folder / "sqlite").mkdir(mode=0o700)
        report(ctx, "SQLite", measure(ctx, str(folder / "sqlite"), sizes))
    with place(ctx) as folder, Redis(ctx.program("redis-server", "redis-server"), folder) as redis:
        report(ctx, "Redis", measure(ctx, redis.url, sizes))
