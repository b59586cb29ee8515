"""The pass over everything on made-up vectors (10,000 x 768, 100,000 x 384) against scikit-learn's average linkage; one more report
into 100,000 that were placed as they came, words and all; placing 10,000 reports one by one with the engine, as `soulcaster eval` does,
against scikit-learn's average linkage over the same texts at once (hashed words, 512 dimensions, cosine)."""
import json
import os
import re
import subprocess
import time

from harness import HERE, Skip


def timed(command):
    """-> (stdout, seconds, peak MiB of the process)."""
    started = time.perf_counter()
    env = {**os.environ, "SOULCASTER_EMBEDDER": "builtin"}  # whatever model is installed here
    p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    peak = 0.0
    while p.poll() is None:
        try:
            with open(f"/proc/{p.pid}/status", encoding="ascii") as f:
                peak = max(peak, int(re.search(r"VmHWM:\s+(\d+)", f.read())[1]) / 1024)
        except (OSError, TypeError):
            pass
        time.sleep(0.02)
    out, errors = p.communicate()
    if p.returncode:
        raise RuntimeError(f"{command[0]}: {errors[-300:]}")
    return out, time.perf_counter() - started, peak


def vectors(ctx, n, dimensions, peer):
    rows = str(ctx.cache / f"vectors-{n}-{dimensions}")
    out, _, peak = timed([ctx.tool("linkage"), str(n), str(dimensions), *(["--write", rows] if peer else [])])
    r = json.loads(out)
    name = f"average linkage, {n:,} x {dimensions}"
    ctx.note(f"{name}: {r['groups']} groups, ARI {r['ari']:.3f} to the truth; {r['edges']:,} edges, pass {r['pass_bytes'] / 2**20:.0f} MiB, "
             f"engine {r['engine_bytes'] / 2**20:.0f} MiB; readers wait {r['act_ms']:.1f} ms at most")
    ctx.row(f"one more report into {n:,} x {dimensions}, p99", r["insert_p99_ms"], "ms", ("<", 5))
    if not peer:
        ctx.row(name, r["seconds"], "s", ("<", 600))
        ctx.row("  memory", peak, "MiB")
        return
    try:
        out, _, sk_peak = timed([ctx.venv("sklearn"), str(HERE / "peers" / "linkage_vectors.py"), rows, str(dimensions)])
    except Skip as why:
        ctx.note(f"skipped: the scikit-learn peer: {why}")
        ctx.row(name, r["seconds"], "s")
        return
    sk = json.loads(out)
    ctx.row(name, r["seconds"], "s", (">", 20), "scikit-learn", sk["seconds"], sk["seconds"] / r["seconds"])
    ctx.row("  memory", peak, "MiB", ("<", 0.1), "scikit-learn", sk_peak, peak / sk_peak)


def worded(ctx):
    """Placed one after the other by the builtin embedder's vectors and all words; without preparing and embedding."""
    n, more = (2000, 1200) if ctx.quick else (100000, 1200)
    out, wall, peak = timed([ctx.tool("grouping"), str(ctx.input("labelled", n + more)), str(n), "16"])
    rows = [json.loads(line) for line in out.splitlines()]
    places = [r for r in rows if "place_ms" in r]
    insert = next(r for r in rows if r.get("what") == "insert")
    ctx.note(f"{n:,} placed as they came: {wall:.0f} s with preparing and embedding, {places[-1]['clusters']} groups, {peak:.0f} MiB")
    ctx.row(f"one more report into {n:,} with words, 512 dimensions, p99", insert["p99_ms"], "ms", ("<", 5))
    ctx.row("  p50", insert["p50_ms"], "ms")


def run(ctx):
    vectors(ctx, 1000 if ctx.quick else 10000, 768, True)
    if not ctx.quick:
        vectors(ctx, 100000, 384, False)
    worded(ctx)
    n = 2000 if ctx.quick else 10000
    labelled = str(ctx.input("labelled", n))
    out, wall, peak = timed([ctx.binary, "eval", "--json", labelled])
    r = json.loads(out)
    ours = 1000 / r["ms_per_report"]
    ctx.note(f"eval, all of it: {wall:.1f} s, {r['found_groups']} groups of {r['true_groups']}, ARI {r['ari']:.3f} (invented text: no "
             f"figure of quality); engine {r['bytes'] / 2**20:.0f} MiB, process {peak:.0f} MiB")
    try:
        out, _, sk_peak = timed([ctx.venv("sklearn"), str(HERE / "peers" / "linkage.py"), labelled])
    except Skip as why:
        ctx.note(f"skipped: the scikit-learn peer: {why}")
        ctx.row(f"prepare, embed, place {n:,} one by one", ours, "items/s")
        return
    sk = json.loads(out)
    ctx.row(f"prepare, embed, place {n:,} one by one", ours, "items/s", None, "scikit-learn, all at once", n / sk["seconds"],
            ours / (n / sk["seconds"]))
    ctx.row("  one search among them", r["search_ms"], "ms")
    ctx.row("  memory", peak, "MiB", None, "scikit-learn", sk_peak, peak / sk_peak)
    ctx.note(f"scikit-learn: vectors {sk['vectors_s']:.2f} s, linkage {sk['seconds']:.2f} s (only this is compared), {sk['groups']} groups, "
             f"ARI {sk['ari']:.3f} at its best of {sk['tried']} thresholds")
