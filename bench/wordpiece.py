"""The encoder's tokenizer: the same ids as the library `tokenizers` on some hundred thousand texts, and titles a second of each."""
import json
import subprocess

from encoder import CHECKPOINT, DATA
from harness import HERE, Skip


def run(ctx):
    if not (CHECKPOINT / "tokenizer.json").exists():
        raise Skip("no tokenizer; tools/fetch_encoder gets it")
    python = ctx.venv("tokenizers")
    data = [str(DATA)] if DATA.exists() else []
    command = [python, str(HERE / "peers" / "wordpiece.py"), ctx.tool("wordpiece"), str(CHECKPOINT / "tokenizer.json"), *data, "--quick"]
    r = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = r.stdout.splitlines()
    if not lines or not lines[-1].startswith("{"):
        raise RuntimeError(f"wordpiece: {r.stderr[-300:]}")
    ctx.note(" ".join(lines[-2].split()))
    speed = json.loads(lines[-1])
    for key, label in (("encode", "one call a text"), ("encode_batch_fast", "one call for all")):
        ctx.row("titles to ids, one thread", speed["ours_per_s"], "texts/s", None, f"tokenizers, {label}", speed[f"{key}_per_s"],
                speed[f"ratio_{key}"])
