"""scikit-learn's average linkage over the titles and bodies of a labelled JSONL file. Prints one line of JSON."""
import json
import sys
import time

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import normalize

DIMENSIONS, THRESHOLDS = 512, np.arange(0.2, 0.95, 0.05)

rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
started = time.perf_counter()
counts = HashingVectorizer(n_features=DIMENSIONS, alternate_sign=False, norm=None).transform(
    f"{r['title']}\n\n{r['body']}" for r in rows)
vectors = normalize(TfidfTransformer().fit_transform(counts)).toarray().astype(np.float32)
vectors_s = time.perf_counter() - started

started = time.perf_counter()
tree = AgglomerativeClustering(n_clusters=None, distance_threshold=0.5, metric="cosine", linkage="average",
                               compute_distances=True).fit(vectors)
seconds = time.perf_counter() - started


def cut(threshold):
    """Labels of the one tree, cut elsewhere."""
    parent = list(range(2 * len(rows) - 1))
    for i, (children, distance) in enumerate(zip(tree.children_, tree.distances_)):
        if distance < threshold:
            parent[children[0]] = parent[children[1]] = len(rows) + i
    for i in reversed(range(len(parent))):
        parent[i] = parent[parent[i]]
    return parent[: len(rows)]


labels = [r["label"] for r in rows]
best = max((cut(t) for t in THRESHOLDS), key=lambda found: adjusted_rand_score(labels, found))
print(json.dumps({"vectors_s": vectors_s, "seconds": seconds, "groups": len(set(best)), "tried": len(THRESHOLDS),
                  "ari": adjusted_rand_score(labels, best)}))
