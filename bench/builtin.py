"""The builtin embedder on one thread, titles of some 50 bytes: alone (the texts are prepared) and from raw text to vector; and
model2vec in Python on the same texts. Turn by turn; the best of each."""
import json
import subprocess

from encoder import CHECKPOINT
from harness import HERE, Skip

TURNS = 3


def call(*command):
    return json.loads(subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True).stdout)


def run(ctx):
    n, seconds = 2000 if ctx.quick else 20000, 0.2 if ctx.quick else 2
    titles, program = ctx.input("titles", n), ctx.tool("builtin")
    python, theirs = None, 0.0
    try:
        if not (CHECKPOINT / "tokenizer.json").exists():
            raise Skip("no tokenizer; tools/fetch_encoder gets it")
        python = ctx.venv("model2vec", "tokenizers")
    except Skip as why:
        ctx.note(f"skipped: the peer: {why}")
    ours = {"per_cpu_s": 0.0, "whole_per_cpu_s": 0.0}
    for _ in range(TURNS):
        us = call(program, titles, seconds)
        ours = {k: max(v, us[k]) for k, v in ours.items()}
        if python:
            peer = call(python, HERE / "peers" / "builtin.py", CHECKPOINT / "tokenizer.json", titles, seconds)
            theirs = max(theirs, peer["per_cpu_s"])
    ctx.row(f"embed {n:,} titles", ours["per_cpu_s"], "/cpu s", (">", 400000))
    if python:
        for key, what in (("per_cpu_s", "embed"), ("whole_per_cpu_s", "prepare and embed")):
            bar = (">", 10) if key == "per_cpu_s" else None
            ctx.row(f"  {what}", ours[key], "/cpu s", bar, f"model2vec {peer['version']}", theirs, ours[key] / theirs)
    else:
        ctx.row("  prepare and embed", ours["whole_per_cpu_s"], "/cpu s")
