"""The map of labelled reports (--data FILE.jsonl in shared form, else invented ones) against scikit-learn's t-SNE on the same vectors: seconds,
and how many of a report's ten nearest points are of its own label."""
import json
import subprocess

from harness import HERE, ROOT, Skip

DIMENSIONS = 512  # of the builtin embedder


def run(ctx):
    n = 1000 if ctx.quick else 10000
    labelled, prefix = str(ctx.input("labelled", n)), str(ctx.cache / f"map-{n}")
    tool = ctx.build / "layout_eval"
    if not tool.exists():
        raise Skip(f"{tool} is not built")
    out = subprocess.run([str(tool), "--dump", prefix, labelled], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    row = out.splitlines()[-1].split()
    seconds, purity, pca = float(row[8]), float(row[2]), float(row[4])
    ctx.note(f"of the ten nearest in the vectors themselves {row[6]} are of the same label (invented text: no figure of quality)")
    try:
        peer = json.loads(subprocess.run([ctx.venv("sklearn"), str(HERE / "peers" / "tsne.py"), prefix, str(DIMENSIONS)], check=True,
                                         capture_output=True, text=True).stdout)
    except Skip as why:
        ctx.note(f"skipped: the scikit-learn peer: {why}")
        ctx.row(f"map of {n:,} reports", seconds, "s", ("<", 10))
        return
    ctx.row(f"map of {n:,} reports", seconds, "s", ("<", 10), "scikit-learn's t-SNE", peer["seconds"], peer["seconds"] / seconds)
    ctx.row("  of the ten nearest, same label", peer["ours"]["purity"], "", None, "scikit-learn's t-SNE", peer["tsne"]["purity"],
            peer["ours"]["purity"] / max(peer["tsne"]["purity"], 1e-9))
    ctx.note(f"principal components alone: {pca}; trustworthiness at 10: {peer['ours'].get('trustworthiness')} and "
             f"{peer['tsne'].get('trustworthiness')} (t-SNE)")
