"""Reports that wait are grouped: prepare, embed, place, store, from the worker's start until none is pending. With the builtin
embedder, and with the neural encoder where tools/fetch_encoder left its weights; short texts (a title) and long ones."""
import time

from encoder import install
from harness import Server, Skip
from transfer import send_batch


def group(ctx, kind, n, *args):
    with ctx.folder() as folder:
        with Server(ctx.binary, folder / "data", "--no-worker", *args) as server:
            send_batch(server.url, ctx.input(kind, n))
        with Server(ctx.binary, folder / "data", *args) as server:
            started, cpu = time.perf_counter(), server.threads_cpu_s()
            server.wait_grouped(600, 0.02)
            seconds = time.perf_counter() - started
            used = {t: s - cpu.get(t, 0) for t, s in server.threads_cpu_s().items()}
            left = server.pending()
        by = ", ".join(f"{t} {1e3 * s / n:.2f}" for t, s in sorted(used.items(), key=lambda x: -x[1]) if 1e3 * s / n >= 0.01)
        ctx.note(f"CPU ms a report by thread: {by}" + (f"; {left} still wait" if left else ""))
        return (n - left) / seconds, sum(used.values()) / n


def run(ctx):
    n = 300 if ctx.quick else 2000
    with ctx.folder() as folder:
        embedders = {"builtin": ["--embedder", "builtin"]}
        try:
            embedders["encoder"] = ["--embedder", "encoder", "--encoder-model", install(ctx, folder)]
        except Skip as why:
            ctx.note(f"skipped: the encoder: {why}")
        for name, args in embedders.items():
            for kind in ("short", "long"):
                rate, cpu_s = group(ctx, kind, n, *args)
                ctx.row(f"{n:,} {kind} texts, {name}", rate, "reports/s", cpu_ms=1e3 * cpu_s)
