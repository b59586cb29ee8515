"""How much of libmicrohttpd's own speed our HTTP server keeps (bench/http_floor.sh)."""
import re
import subprocess

from harness import HERE


def run(ctx):
    ctx.program("wrk", "wrk")
    seconds, rounds = ("1", "1") if ctx.quick else ("2", "3")
    r = subprocess.run(["sh", str(HERE / "http_floor.sh"), ctx.tool("http_floor"), seconds, rounds], capture_output=True, text=True,
                       check=True)
    bare, now, later = (int(x) for x in re.search(r"bare (\d+)/s, now (\d+)/s .*later (\d+)/s", r.stdout).groups())
    ctx.row("tiny reply, answered at once", now, "req/s", None, "bare libmicrohttpd", bare, now / bare)
    ctx.row("tiny reply, from another thread", later, "req/s", None, "bare libmicrohttpd", bare, later / bare)
