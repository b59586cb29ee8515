"""One batch request with 100,000 lines: against plain SQLite with the same rows at 1,000 a commit."""
import json
import subprocess
import time

from harness import Server
from transfer import send_batch


def run(ctx):
    n = 20000 if ctx.quick else 100000
    lines = ctx.input("batch", n)
    for kind, args in {"no worker": ["--no-worker"], "worker on": []}.items():
        with ctx.folder() as folder:
            data = folder / "data"
            with Server(ctx.binary, data, *args) as server:
                before, cpu = server.memory_mib(), server.threads_cpu_s()
                started = time.perf_counter()
                results, summary = send_batch(server.url, lines)
                seconds = time.perf_counter() - started
                peak, after, metrics = server.memory_mib("VmHWM"), server.threads_cpu_s(), server.metrics()
            if results != n or summary["ok"] != n:
                ctx.note(f"not all is well: {results} results, summary {summary}")
            commits = metrics["soulcaster_ingest_commits_total"]
            out = subprocess.run([ctx.tool("sqlite_put"), str(data / "soulcaster.db"), str(folder / "plain.db"), "1000"],
                                 capture_output=True, text=True, check=True)
            plain = json.loads(out.stdout)["rows_per_s"]
            ctx.row(f"batch of {n:,} lines, {kind}", n / seconds, "lines/s", (">", 0.70), "SQLite, 1,000 a commit", plain,
                    n / seconds / plain)
            ctx.row(f"  peak memory, {kind}", peak, "MiB", ("<", 250), before_mib=before)
            by = ", ".join(f"{t} {1e6 * (s - cpu.get(t, 0)) / n:.0f}" for t, s in sorted(after.items(), key=lambda x: -x[1])
                           if 1e6 * (s - cpu.get(t, 0)) / n >= 0.5)
            ctx.note(f"{n / max(1, commits):.0f} reports a commit; in commits {metrics['soulcaster_ingest_commit_seconds_total']:.2f} s of "
                     f"{seconds:.2f} s; CPU us a line by thread: {by}; grouped meanwhile "
                     f"{metrics['soulcaster_grouping_reports_total']:.0f}; {lines.stat().st_size / n:.0f} bytes a line")
