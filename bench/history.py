"""bench/history.jsonl: every figure of every run, one JSON object a line, committed.

Keys: bench, what, of (the figure that this one belongs to), value, unit, peer, peer_value, ratio, bar, pass; commit ("+changes": of a
tree with changes), cpu, cores, date (UTC), others (share of the cores that something else used when the bench began); a few
benches add their own. What is empty is left out; numbers have five digits. Lines are only ever added, so merges keep both sides'.
"""
import json
from pathlib import Path

PATH = Path(__file__).resolve().parent / "history.jsonl"


def short(value):
    return float(f"{value:.5g}") if isinstance(value, float) else value


def append(rows, path=PATH):
    """Rows as Context.row makes them: a figure that begins with two spaces belongs to the one before it."""
    of = ""
    with open(path, "a", encoding="utf-8") as f:
        for row in rows:
            what = row["what"].strip()
            kept = {"bench": row["bench"], "what": what}
            if row["what"].startswith("  "):
                kept["of"] = of
            else:
                of = what
            kept |= {k: short(v) for k, v in row.items() if k not in kept and v not in (None, "")}
            f.write(json.dumps(kept, ensure_ascii=False, separators=(",", ":")) + "\n")


def read(path=PATH):
    if not path.exists():
        return []
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def figure(row):
    """What tells a row's figure from others: the same in every run."""
    return row["bench"], row.get("of", ""), row["what"], "".join(c for c in row.get("peer", "") if not c.isdigit() and c not in ",.")
