"""The store's feedback_put against the same rows by plain SQLite, at several batch sizes (bench/store_put.c)."""
import subprocess


def run(ctx):
    with ctx.folder() as folder:
        r = subprocess.run([ctx.tool("store_put"), str(folder), "0.3" if ctx.quick else "3"], capture_output=True, text=True, check=True)
    for line in r.stdout.splitlines()[1:]:
        batch, plain, ours, ratio, plain_p50, p50, *_ = line.split()
        ctx.row(f"store, {batch} a commit", float(ours), "rows/s", (">", 0.70), "SQLite", float(plain), float(ratio),
                call_p50_us=float(p50), plain_call_p50_us=float(plain_p50))
