"""From starting the process to its first 200 on /health, 20 times; and what an idle server on an empty store holds."""
import time

from harness import Server, median, percentile


def run(ctx):
    with ctx.folder() as folder:
        took = []
        for _ in range(20):
            with Server(ctx.binary, folder / "data") as server:
                took.append(server.start_s * 1e3)
        ctx.row("start to first 200 on /health, median of 20", median(took), "ms", ("<", 50))
        ctx.row("  the slowest", percentile(took, 100), "ms")
    with ctx.folder() as folder:
        with Server(ctx.binary, folder / "data") as server:
            ctx.row("  the first on an empty folder", server.start_s * 1e3, "ms")
            time.sleep(2)
            ctx.row("resident, idle on an empty store", server.memory_mib(), "MiB", ("<", 32))
