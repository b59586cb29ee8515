"""scikit-learn's t-SNE of rows of int8 vectors (PREFIX.vecs, PREFIX.labels, PREFIX.points as tools/layout_eval --dump writes them;
DIMENSIONS), judged beside our points: purity and recall of the 10 nearest, and trustworthiness at 10. Prints one line of JSON."""
import json
import sys
import time

import numpy as np
from sklearn.manifold import TSNE, trustworthiness
from sklearn.neighbors import NearestNeighbors


def judge(points, labels):
    near = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(return_distance=False)
    same = labels[near] == labels[:, None]
    _, which, counts = np.unique(labels, return_inverse=True, return_counts=True)
    company = counts[which] - 1
    has = company > 0
    return {"purity": round(float(same[has].mean()), 3),
            "recall": round(float((same[has].sum(1) / np.minimum(company[has], 10)).mean()), 3)}


def main():
    prefix, dim = sys.argv[1], int(sys.argv[2])
    vecs = np.fromfile(prefix + ".vecs", np.int8).reshape(-1, dim).astype(np.float32)
    labels = np.fromfile(prefix + ".labels", np.int32)
    ours = np.fromfile(prefix + ".points", np.float32).reshape(-1, 2)
    start = time.monotonic()
    theirs = TSNE(init="pca", metric="euclidean", random_state=1).fit_transform(vecs)
    seconds = time.monotonic() - start
    tell = {"items": len(labels), "seconds": round(seconds, 2)}
    for name, points in (("ours", ours), ("tsne", theirs)):
        tell[name] = judge(points, labels)
        if len(labels) <= 20000:
            tell[name]["trustworthiness"] = round(float(trustworthiness(vecs, points, n_neighbors=10)), 3)
    print(json.dumps(tell))


if __name__ == "__main__":
    main()
