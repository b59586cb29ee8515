#!/usr/bin/env python3
"""Learns the token vectors of the builtin embedder from a teacher (recipe: models/README.md).

  distill.py TEXTS OUT.f32       TEXTS: the prefix of what `teach` wrote: TEXTS.ids, TEXTS.i8, TEXTS.tokens.i8

Writes one row of 256 floats a token. Deterministic for one version of torch on one kind of machine.
"""
import sys
import time

import numpy as np
import torch

DIM, TEACHER_DIM, BATCH, EPOCHS, RATE, SIF = 256, 384, 512, 5, 2e-3, 1e-3


def read_ids(path):
    """u32 count, then the ids, text by text."""
    raw, at, out = np.fromfile(path, np.uint32), 0, []
    while at < len(raw):
        n = int(raw[at])
        out.append(raw[at + 1:at + 1 + n].astype(np.int64))
        at += 1 + n
    return out


def read_vectors(path):
    return np.fromfile(path, np.int8).reshape(-1, TEACHER_DIM).astype(np.float32) / 127


def unit(m):
    return m / (np.linalg.norm(m, axis=1, keepdims=True) + 1e-9)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    prefix, out = sys.argv[1:]
    torch.manual_seed(0)
    texts, target, tokens = read_ids(prefix + ".ids"), read_vectors(prefix + ".i8"), read_vectors(prefix + ".tokens.i8")
    mean = target.mean(0)
    values, axes = np.linalg.eigh((target - mean).T @ (target - mean) / len(target))
    axes = axes[:, ::-1][:, :DIM]
    print(f"{len(texts)} texts; {DIM} components keep {values[::-1][:DIM].sum() / values.sum():.3f} of the variance")
    counts = np.bincount(np.concatenate(texts), minlength=len(tokens))
    share = (counts + 1) / (counts.sum() + len(tokens))
    table = torch.nn.EmbeddingBag(len(tokens), DIM, mode="sum")
    table.weight.data = torch.tensor(unit((tokens - mean) @ axes) * (SIF / (SIF + share))[:, None], dtype=torch.float32)
    goal = torch.tensor(unit((target - mean) @ axes))
    kept = [i for i, ids in enumerate(texts) if len(ids)]
    steps, step, started = EPOCHS * (len(kept) // BATCH), 0, time.time()
    adam = torch.optim.Adam(table.parameters(), lr=RATE)
    for epoch in range(EPOCHS):
        order, total = np.random.RandomState(epoch).permutation(kept), 0.0
        for at in range(0, len(order) - BATCH, BATCH):
            rows = order[at:at + BATCH]
            offsets = np.cumsum([0] + [len(texts[i]) for i in rows[:-1]])
            mine = torch.nn.functional.normalize(
                table(torch.from_numpy(np.concatenate([texts[i] for i in rows])), torch.from_numpy(offsets)), dim=1)
            theirs = goal[rows]
            off = (1 - (mine * theirs).sum(1)).mean()
            contrast = torch.nn.functional.cross_entropy(mine @ theirs.T / 0.07, torch.arange(BATCH))
            adam.zero_grad()
            (off + 0.2 * contrast).backward()
            adam.step()
            step += 1
            total += float(off.detach())
            for group in adam.param_groups:
                group["lr"] = RATE * (1 - step / steps)
        print(f"pass {epoch + 1}: 1 - cosine {total / max(1, len(order) // BATCH):.4f}, {time.time() - started:.0f} s", flush=True)
    table.weight.data.numpy().astype("<f4").tofile(out)


if __name__ == "__main__":
    main()
