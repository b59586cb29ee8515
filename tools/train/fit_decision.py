#!/usr/bin/env python3
"""Fits the constants of the decision (src/group/profile.c) for one embedder on labelled sets.

  fit_decision.py EMBEDDER FEATURES.bin...     builtin or encoder, and files that `features`
                                               (tools/train/features.c) wrote, one a set

Prints the profile's constants fitted on all sets, and, set by set, what the decision reaches with constants that were
fitted on the OTHER sets, beside a plain threshold on the same vectors tuned on the other sets in the same way. Nothing on a
set's own row has seen its labels. A set is scored by pair F1 where most reports are alone (duplicates), else by ARI (topics).

A set stands for many projects: besides the whole, the decision is fitted to parts of it (fewer reports, fewer topics, only
those with siblings), and each set counts the same. Fitted is where the cut lies; the weights of the evidence are given (WEIGHTS).

The clustering here is exact average linkage (scipy), which the engine approaches; sets over 3,000 texts are sampled. numpy
and scipy are enough (requirements.txt).
"""
import itertools
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_matrix, diags
from scipy.spatial.distance import squareform

MOST, LOOKED_AT, VIEWS = 3000, 256, 8
CUTS = np.round(np.arange(0.02, 0.81, 0.02), 2)  # the levels of src/group/shape.c
EVEN = 0.003
# Vector, words, title, frames: in projects of reports, on topics, of traces (src/group/profile.c).
WEIGHTS = {"builtin": ((.40, .45, .15, .20), (.70, .20, .10, .20), (.25, .45, .10, .35)),
           "encoder": ((.35, .50, .15, .20), (.80, .10, .10, .20), (.20, .45, .10, .35))}
KINDS = (0.0, 0.5, 1.0)  # between reports and topics: what lies between these is interpolated


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


def tree(similarity):
    d = np.maximum(0, 1 - similarity)
    np.fill_diagonal(d, 0)
    return linkage(squareform((d + d.T) / 2, checks=False), "average")


def shape(similarity):
    """Silhouette and groups a report at each cut (src/group/shape.c)."""
    links, n, out = tree(similarity), len(similarity), []
    others = similarity - np.diag(np.diag(similarity))
    for cut in CUTS:
        own = np.unique(fcluster(links, 1 - cut, "distance"), return_inverse=True)[1]
        size, all_of = np.bincount(own), np.arange(n)
        mean = others @ np.eye(len(size), dtype=np.float32)[own]
        inside = mean[all_of, own] / np.maximum(1, size[own] - 1)
        mean /= size
        mean[all_of, own] = -1
        after = mean.max(1)
        gap = np.where(size[own] > 1, (inside - after) / np.maximum(.05, np.maximum(1 - inside, 1 - after)), 0)
        out.append((gap.mean() if len(size) > 1 else 0, len(size) / n))
    return np.array(out).T


class Project:
    def __init__(self, rows, weights, duplicates):
        self.n, self.duplicates = len(rows), duplicates
        self.label = np.array([r["label"] for r in rows])
        self.words = max(1.0, float(np.median([len(r["terms"]) for r in rows])))
        upper = np.triu_indices(self.n, 1)
        vec = np.stack([r["vec"] for r in rows]).astype(np.float32) / 127
        cos = vec @ vec.T
        common = float(np.median(cos[upper][::97]))
        parts = [(cos - common) / (1 - common), cosines([r["terms"] for r in rows], [r["tf"] for r in rows]),
                 cosines([r["title"] for r in rows]), cosines([r["frames"] for r in rows])]
        traces = np.mean([len(r["frames"]) > 0 for r in rows])
        report, topic, trace = (np.array(w) for w in weights)
        self.scores, self.shapes = {}, {}
        for t in KINDS:
            k = report + t * (topic - report)
            self.look(t, sum(w * p for w, p in zip(k + traces * (trace - k), parts)))
        self.plain = self.curve(parts[0])

    def curve(self, similarity):
        links = tree(similarity)
        return np.array([self.agreement(fcluster(links, 1 - c, "distance")) for c in CUTS])

    def look(self, t, similarity):
        self.scores[t] = self.curve(similarity)
        views = [np.arange(self.n)]
        if self.n > LOOKED_AT:
            views = [np.random.RandomState(v).choice(self.n, LOOKED_AT, replace=False) for v in range(VIEWS)]
        self.shapes[t] = [shape(similarity[np.ix_(v, v)]) for v in views]

    def agreement(self, found):
        pairs = lambda keys: sum(k * (k - 1) // 2 for k in Counter(keys).values())  # noqa: E731
        true, made = pairs(self.label.tolist()), pairs(found.tolist())
        both = pairs(zip(self.label.tolist(), found.tolist()))
        if self.duplicates:
            return 2 * both / (true + made) if true + made else 0
        expected, most = true * made / (self.n * (self.n - 1) / 2), (true + made) / 2
        return (both - expected) / (most - expected) if most != expected else 0

    def best(self):
        return max(1e-9, max(v.max() for v in self.scores.values()))

    def by_shape(self, t, prior, hold):
        """src/group/shape.c, sc_shape_cut: the cut, and groups a report there; means over the views."""
        out = []
        for silhouette, groups in self.shapes[t]:
            y = silhouette - hold * (CUTS - prior) ** 2
            w = np.exp((y - y.max()) / EVEN)
            out.append((w @ CUTS / w.sum(), w @ groups / w.sum()))
        return np.mean(out, axis=0)

    def topics(self, p):
        """src/group/calibrate.c, kind_of."""
        x = (p["kind_groups"] - self.by_shape(0.0, p["kind_cut"], p["hold_topic"])[1]) / p["kind_groups_step"]
        x = np.log2(p["kind_words"] / self.words) + np.clip(x, -p["kind_groups_most"], p["kind_groups_most"])
        return 1 / (1 + np.exp(-p["kind_slope"] * x))

    def decided(self, p):
        """The score under constants p (src/group/calibrate.c, cut_by)."""
        t = self.topics(p)
        mix = lambda name: p[name + "_report"] + t * (p[name + "_topic"] - p[name + "_report"])  # noqa: E731
        at = lambda k: np.interp(self.by_shape(k, mix("cut"), mix("hold") * abs(2 * t - 1))[0], CUTS, self.scores[k])  # noqa: E731
        low, share = (0.0, 2 * t) if t < 0.5 else (0.5, 2 * t - 1)
        return (1 - share) * at(low) + share * at(low + 0.5)


class Set:
    """The whole first, then parts of it."""

    def __init__(self, path, weights):
        rows, draw = read(path), np.random.RandomState(7)
        self.name = Path(path).stem
        label = np.array([r["label"] for r in rows])
        sizes = Counter(label.tolist())
        self.duplicates = sum(1 for x in label if sizes[x] == 1) > len(rows) / 2
        some = lambda of, most: np.sort(draw.choice(of, most, replace=False)) if len(of) > most else of  # noqa: E731
        every = np.arange(len(rows))
        parts = [some(every, MOST)] + [some(every, m) for m in (120, 400, 1000) if m < 0.8 * len(rows)]
        if self.duplicates:
            parts.append(some(np.array([i for i in every if sizes[label[i]] > 1]), 1000))
        else:
            for topics, most in ((6, 150), (12, 400), (30, 1000)):
                if topics < 0.8 * len(sizes):
                    parts.append(some(every[np.isin(label, draw.choice(sorted(sizes), topics, replace=False))], most))
        self.projects = [Project([rows[i] for i in part], weights, self.duplicates) for part in parts if len(part) >= 60]

    def share(self, p):
        """Of the best that any cut reaches, the mean over the projects; the whole counts as much as its parts."""
        of = [x.decided(p) / x.best() for x in self.projects]
        return (of[0] + np.mean(of)) / 2


def best(choices, value):
    return max(choices, key=lambda c: (round(value(c), 6),))


def fit(sets):
    """Coordinate ascent over grids from one start."""
    p = {"cut_report": 0.48, "cut_topic": 0.30, "hold_report": 1.5, "hold_topic": 0.2, "kind_words": 22.0, "kind_groups": 0.48,
         "kind_groups_step": 0.2, "kind_groups_most": 2.0, "kind_slope": 4.0, "kind_cut": 0.2}
    total = lambda q: sum(s.share(q) for s in sets)  # noqa: E731
    grids = (("cut_report", np.arange(.42, .55, .01)), ("hold_report", (1, 1.5, 2.5)), ("cut_topic", np.arange(.18, .39, .02)),
             ("hold_topic", (.1, .2, .3, .5)))
    for _ in range(2):
        for name, grid in grids:
            p[name] = best(grid, lambda v, name=name: total({**p, name: v}))
        pair = best(itertools.product((18., 20., 22., 24.), (.44, .46, .48, .50, .52)),
                    lambda v: total({**p, "kind_words": v[0], "kind_groups": v[1]}))
        p["kind_words"], p["kind_groups"] = pair
    return p


def plain(sets, s):
    """A threshold on the vectors' cosine alone, tuned on `sets`, on s."""
    at = best(range(len(CUTS)), lambda c: sum(x.projects[0].plain[c] / max(1e-9, x.projects[0].plain.max()) for x in sets))
    return s.projects[0].plain[at]


def main():
    if len(sys.argv) < 5 or sys.argv[1] not in WEIGHTS:
        sys.exit(__doc__)
    sets = [Set(p, WEIGHTS[sys.argv[1]]) for p in sys.argv[2:]]
    print("| set | score | plain threshold, tuned on the others | the decision, fitted on the others | fitted on all | best cut |\n"
          "|---|---|---|---|---|---|", flush=True)
    p = fit(sets)
    for s in sets:
        others, whole = [x for x in sets if x is not s], s.projects[0]
        print(f"| {s.name} | {'pair F1' if s.duplicates else 'ARI'} | {plain(others, s):.3f} | {whole.decided(fit(others)):.3f} | "
              f"{whole.decided(p):.3f} | {whole.best():.3f} |", flush=True)
    print("\nFitted on all sets:")
    for name, value in p.items():
        print(f"  {name} = {round(float(value), 3)}")


if __name__ == "__main__":
    main()
