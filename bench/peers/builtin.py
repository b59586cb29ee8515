"""model2vec on one thread: builtin.py TOKENIZER TITLES SECONDS, one line of JSON.

A static model of the size of potion-base-8M (256 dimensions) with the tokenizer of the checkpoint; its numbers are random, which
changes nothing about the work. TITLES has one text a line; all go into one call of `encode`, as its authors recommend."""
import json
import os
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import model2vec  # noqa: E402
import numpy as np  # noqa: E402
from model2vec import StaticModel  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

tokenizer = Tokenizer.from_file(sys.argv[1])
with open(sys.argv[2], encoding="utf-8") as f:
    titles = [line for line in f.read().split("\n") if line]
table = np.random.default_rng(1).standard_normal((tokenizer.get_vocab_size(), 256)).astype(np.float32)
model = StaticModel(table, tokenizer, normalize=True)
least, started = float("inf"), time.process_time()
while True:
    before = time.process_time()
    model.encode(titles, use_multiprocessing=False)
    least = min(least, time.process_time() - before)
    if time.process_time() - started > float(sys.argv[3]):
        break
print(json.dumps({"per_cpu_s": len(titles) / least, "version": model2vec.__version__}))
