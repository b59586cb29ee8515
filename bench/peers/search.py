"""faiss-cpu's flat index (inner product) on one thread, one query at a time: search.py ROWS ASKED FOUND DIMENSIONS K SECONDS, one
line of JSON. ROWS and ASKED are int8 rows; as float32 their products are exact. `same`: of how many queries FOUND (int32 rows,
K each) has the same products, best first, as faiss's answer; rows of equal product may differ."""
import json
import sys
import time

import faiss
import numpy as np

dim, best, seconds = int(sys.argv[4]), int(sys.argv[5]), float(sys.argv[6])
rows, asked = (np.fromfile(p, dtype=np.int8).reshape(-1, dim).astype(np.float32) for p in sys.argv[1:3])
found = np.fromfile(sys.argv[3], dtype=np.int32).reshape(-1, best)
faiss.omp_set_num_threads(1)
index = faiss.IndexFlatIP(dim)
index.add(rows)
same = sum(bool(i.min() >= 0 and np.array_equal(rows[i] @ q, index.search(q[None], best)[0][0])) for q, i in zip(asked, found, strict=True))
least, started = float("inf"), time.process_time()
while True:
    before = time.process_time()
    for q in asked:
        index.search(q[None], best)
    least = min(least, time.process_time() - before)
    if time.process_time() - started > seconds:
        break
print(json.dumps({"per_cpu_s": len(asked) / least, "same": same, "queries": len(asked),
                  "version": faiss.__version__, "build": faiss.get_compile_options()}))
