"""scikit-learn's average linkage over rows of int8 vectors (FILE DIMENSIONS), cut at a cosine of one half. Prints one line of JSON."""
import json
import sys
import time

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

rows = np.fromfile(sys.argv[1], dtype=np.int8).reshape(-1, int(sys.argv[2])).astype(np.float32)
rows /= np.linalg.norm(rows, axis=1, keepdims=True)
started = time.perf_counter()
found = AgglomerativeClustering(n_clusters=None, distance_threshold=0.5, metric="cosine", linkage="average").fit(rows).labels_
seconds = time.perf_counter() - started
truth = np.arange(len(rows)) // 8
print(json.dumps({"seconds": seconds, "groups": int(found.max()) + 1, "ari": adjusted_rand_score(truth, found)}))
