"""Candidate search, one query at a time among 100,000 vectors of 384 dimensions on one thread: the engine's, and faiss-cpu's flat
index with the same answers. Turn by turn; the best of each."""
import json
import subprocess

from harness import HERE, Skip

TURNS, QUERIES, BEST = 3, 100, 20


def call(*command):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True).stdout


def run(ctx):
    n, dim, seconds = 5000 if ctx.quick else 100000, 384, 0.2 if ctx.quick else 2
    program = ctx.tool("search")
    ask = (program, n, dim, QUERIES, BEST, seconds)
    name = f"best {BEST} of {n:,} x {dim}, one at a time"
    with ctx.folder() as folder:
        files = [folder / f for f in ("rows", "asked", "found")]
        call(*ask, *files)
        try:
            python = ctx.venv("faiss")
        except Skip as why:
            ctx.note(f"skipped: the peer: {why}")
            return ctx.row(name, json.loads(call(*ask))["per_cpu_s"], "/cpu s")
        ours, theirs = 0.0, 0.0
        for _ in range(TURNS):
            ours = max(ours, json.loads(call(*ask))["per_cpu_s"])
            peer = json.loads(call(python, HERE / "peers" / "search.py", *files, dim, BEST, seconds))
            theirs = max(theirs, peer["per_cpu_s"])
    ctx.note(f"faiss {peer['version']} ({peer['build'].strip()}); the same answers to {peer['same']} of {peer['queries']} queries")
    ctx.row(name, ours, "/cpu s", (">", 3), "faiss-cpu, flat", theirs, ours / theirs, same=peer["same"], queries=peer["queries"])
