#!/usr/bin/env python3
"""Fits the constants of the decision (src/group/profile.c) for one embedder on labelled sets.

  fit_decision.py FEATURES.bin...      files that `features` (tools/train/features.c) wrote, one a set

Prints the profile's constants fitted on all sets, and, set by set, what the decision reaches with constants that were
fitted on the OTHER sets, beside a plain threshold on the same vectors tuned on the other sets in the same way. Nothing on a
set's own row has seen its labels. A set is scored by pair F1 where most reports are alone (duplicates), else by ARI (topics).

The clustering here is exact average linkage of the whole set (scipy), which the engine approaches; sets over 3,000 texts are
sampled. numpy and scipy are enough (requirements.txt).
"""
import itertools
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_matrix, diags
from scipy.spatial.distance import squareform

SAMPLE, PAIRS = 3000, 8192
WEIGHTS_REPORT = [(.25, .55, .20, .20), (.35, .50, .15, .20), (.40, .45, .15, .20), (.60, .25, .10, .20)]
WEIGHTS_TOPIC = [(.40, .45, .15, .20), (.60, .25, .10, .20), (.80, .10, .10, .20), (1, 0, 0, 0)]
CUTS = np.arange(0.03, 0.86, 0.01)


def read(path):
    """One record a text: label, dim, counts of terms, title terms and frames, then these (see features.c)."""
    raw, at, rows = Path(path).read_bytes(), 0, []
    while at < len(raw):
        label, dim, n_terms, n_title, n_frames = (int(x) for x in np.frombuffer(raw, np.uint32, 5, at))
        at += 20
        row = {"label": label}
        for name, kind, n in (("terms", np.uint32, n_terms), ("tf", np.uint8, n_terms), ("title", np.uint32, n_title),
                              ("frames", np.uint32, n_frames), ("vec", np.int8, dim)):
            row[name] = np.frombuffer(raw, kind, n, at)
            at += row[name].nbytes
        rows.append(row)
    return rows


def cosines(lists, counts=None):
    """Cosine of every two texts over (1 + ln tf) idf, as src/group/score.c has it."""
    ids, i, j, v = {}, [], [], []
    for at, terms in enumerate(lists):
        i += [at] * len(terms)
        j += [ids.setdefault(int(t), len(ids)) for t in terms]
        v += list(1 + np.log(np.minimum(63, counts[at]))) if counts else [1.0] * len(terms)
    m = csr_matrix((v, (i, j)), shape=(len(lists), max(1, len(ids))), dtype=np.float32)
    df = np.asarray((m > 0).sum(0)).ravel()
    m = m @ diags(np.maximum(0, np.log((len(lists) + 8) / (df + 0.5))).astype(np.float32))
    norm = np.sqrt(np.asarray(m.multiply(m).sum(1)).ravel())
    norm[norm == 0] = 1
    m = diags(1 / norm) @ m
    return (m @ m.T).toarray()


class Set:
    def __init__(self, path):
        rows = read(path)
        self.name, self.all = Path(path).stem, len(rows)
        if len(rows) > SAMPLE:
            keep = np.sort(np.random.RandomState(1).choice(len(rows), SAMPLE, replace=False))
            rows = [rows[k] for k in keep]
        self.n = len(rows)
        self.label = np.array([r["label"] for r in rows])
        self.words = float(np.median([len(r["terms"]) for r in rows]))
        sizes = Counter(self.label.tolist())
        self.duplicates = sum(1 for x in self.label if sizes[x] == 1) > self.n / 2
        self.upper = np.triu_indices(self.n, 1)
        vec = np.stack([r["vec"] for r in rows]).astype(np.float32) / 127
        cos = vec @ vec.T
        common = float(np.median(cos[self.upper][::97]))
        self.parts = [(cos - common) / (1 - common), cosines([r["terms"] for r in rows], [r["tf"] for r in rows]),
                      cosines([r["title"] for r in rows]), cosines([r["frames"] for r in rows])]
        self.trees, self.nulls = {}, {}

    def raw(self, weights):
        return sum(w * p for w, p in zip(weights, self.parts))

    def null(self, weights):
        """Sorted similarities of random pairs."""
        if weights not in self.nulls:
            v = self.raw(weights)[self.upper]
            self.nulls[weights] = np.sort(v[np.random.RandomState(2).choice(len(v), min(PAIRS, len(v)), replace=False)])
        return self.nulls[weights]

    def score(self, weights, cut):
        if weights not in self.trees:
            d = np.maximum(0, 1 - self.raw(weights))
            np.fill_diagonal(d, 0)
            tree = linkage(squareform(d, checks=False), "average")
            self.trees[weights] = np.array([self.agreement(fcluster(tree, 1 - c, "distance")) for c in CUTS])
        return float(np.interp(cut, CUTS, self.trees[weights]))

    def agreement(self, found):
        pairs = lambda keys: sum(k * (k - 1) // 2 for k in Counter(keys).values())  # noqa: E731
        true, made = pairs(self.label.tolist()), pairs(found.tolist())
        both = pairs(zip(self.label.tolist(), found.tolist()))
        if self.duplicates:
            return 2 * both / (true + made) if true + made else 0
        expected, most = true * made / (self.n * (self.n - 1) / 2), (true + made) / 2
        return (both - expected) / (most - expected) if most != expected else 0

    def tail(self, weights):
        v = self.null(weights)
        median, upper, top = (v[int(len(v) * q)] for q in (.5, .75, .99))
        return (top - median) / max(0.01, (upper - median) / 0.6745)


def topics(s, p):
    """src/group/score.c, kind_of."""
    tail = (s.tail(p["report"]) - p["kind_tail"]) / p["kind_tail_step"]
    x = np.log2(p["kind_words"] / max(1, s.words)) + np.clip(tail, -p["kind_tail_most"], p["kind_tail_most"])
    return 1 / (1 + np.exp(-p["kind_slope"] * x))


def decided(s, p):
    """The score of a set under constants p: the kind's own weights and cut (cut_among)."""
    t = topics(s, p)
    weights = p["topic"] if t > 0.5 else p["report"]
    v = s.null(weights)
    by_quantile = max(p["cut_min"], v[int((len(v) - 1) * (1 - min(0.5, p["cut_topic"] / np.sqrt(s.n))))])
    return s.score(weights, p["cut_report"] + t * (by_quantile - p["cut_report"]))


def best(choices, value):
    return max(choices, key=lambda c: (round(value(c), 6),))


def fit(sets):
    """Coordinate ascent over grids from one start; each set counts as a share of the best it can reach at all."""
    top = {s.name: max(s.score(w, c) for w in WEIGHTS_REPORT + WEIGHTS_TOPIC for c in CUTS[::4]) for s in sets}
    p = {"report": WEIGHTS_REPORT[1], "topic": WEIGHTS_TOPIC[2], "cut_report": 0.45, "cut_topic": 2.2, "cut_min": 0.16,
         "kind_words": 20.0, "kind_tail": 3.3, "kind_tail_step": 1.6, "kind_tail_most": 1.0, "kind_slope": 3.0}
    total = lambda q: sum(decided(s, q) / top[s.name] for s in sets)  # noqa: E731
    # The kind: as sure as the kinds are told apart, words and tail on the same scale.
    sure = lambda q: sum(np.log(1e-9 + (1 - topics(s, q) if s.duplicates else topics(s, q))) for s in sets)  # noqa: E731
    for _ in range(3):
        for name, grid in (("report", WEIGHTS_REPORT), ("topic", WEIGHTS_TOPIC), ("cut_report", np.arange(.30, .66, .01)),
                           ("cut_topic", np.arange(1.4, 3.3, .1)), ("cut_min", (.04, .10, .16))):
            p[name] = best(grid, lambda v, name=name: total({**p, name: v}))
        pair = best(itertools.product((14., 16., 18., 20., 22., 24.), (2.9, 3.3, 3.7, 4.1, 4.6)),
                    lambda v: sure({**p, "kind_words": v[0], "kind_tail": v[1]}))
        p["kind_words"], p["kind_tail"] = pair
    return p


def plain(sets, s):
    """A threshold on the vectors' cosine alone, tuned on `sets`, on s."""
    only = (1, 0, 0, 0)
    top = {x.name: max(x.score(only, c) for c in CUTS) for x in sets}
    return s.score(only, best(CUTS, lambda c: sum(x.score(only, c) / max(1e-9, top[x.name]) for x in sets)))


def main():
    if len(sys.argv) < 4 or "-h" in sys.argv or "--help" in sys.argv:
        sys.exit(__doc__)
    sets = [Set(p) for p in sys.argv[1:]]
    print("| set | score | plain threshold, tuned on the others | the decision, fitted on the others | fitted on all | its own best cut |\n"
          "|---|---|---|---|---|---|", flush=True)
    p = fit(sets)
    for s in sets:
        others = [x for x in sets if x is not s]
        own = max(s.score(w, c) for w in (p["report"], p["topic"]) for c in CUTS)
        print(f"| {s.name} | {'pair F1' if s.duplicates else 'ARI'} | {plain(others, s):.3f} | {decided(s, fit(others)):.3f} | "
              f"{decided(s, p):.3f} | {own:.3f} |", flush=True)
    print("\nFitted on all sets:")
    for name, value in p.items():
        print(f"  {name} = {value if isinstance(value, tuple) else round(float(value), 3)}")


if __name__ == "__main__":
    main()
