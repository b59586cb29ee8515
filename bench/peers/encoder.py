"""The encoder's peers on the same checkpoint: encoder.py CHECKPOINT PEER TOKENS TEXTS SECONDS THREADS, one line of JSON.

PEER `torch`: sentence-transformers on PyTorch, CPU. PEER `onnx`: onnxruntime, dynamically quantised to int8 (weights s8, by
channel), pooled with numpy. Both get batches of 32 texts of equal length, so that nothing is lost to padding; onnxruntime
gets token ids, its tokenising is not counted. PEER `ids`: no speed: writes the token ids of the texts of the file TOKENS
(JSON lines with "text") to TEXTS and their fp32 vectors to SECONDS. PEER `cosine`: of the int8 vectors TOKENS to the fp32
vectors TEXTS.
"""
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")
BATCH, DIM = 32, 384


def texts_of(checkpoint, tokens, count):
    """Random words of one token each: as bench/encoder.c has them."""
    words = [w for w in Path(checkpoint, "vocab.txt").read_text(encoding="utf-8").split("\n")
             if len(w) >= 3 and w.isascii() and w.isalpha() and w.islower()][:4096]
    rng = np.random.default_rng(1)
    return [" ".join(words[i] for i in rng.integers(0, len(words), tokens - 2)) for _ in range(count)]


def tokenizer_of(checkpoint, most):
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(str(Path(checkpoint, "tokenizer.json")))
    tokenizer.no_padding()
    tokenizer.enable_truncation(most)
    return tokenizer


def measure(run, count, seconds):
    run()
    passes, best, started, cpu = 0, 0.0, time.perf_counter(), time.process_time()
    while time.perf_counter() - started < seconds:
        before = time.perf_counter()
        run()
        passes, best = passes + 1, max(best, count / (time.perf_counter() - before))
    print(json.dumps({"texts_per_s": passes * count / (time.perf_counter() - started), "best": best,
                      "texts_per_cpu_s": passes * count / (time.process_time() - cpu)}))


def sentence_transformer(checkpoint, threads):
    import torch
    from sentence_transformers import SentenceTransformer
    torch.set_num_threads(threads)
    return SentenceTransformer(checkpoint, device="cpu")


def torch_peer(checkpoint, tokens, count, seconds, threads):
    model = sentence_transformer(checkpoint, threads)
    texts = texts_of(checkpoint, tokens, count)
    assert all(len(model.tokenizer(t)["input_ids"]) == tokens for t in texts[:8])
    measure(lambda: model.encode(texts, batch_size=BATCH, show_progress_bar=False), count, seconds)


def export(checkpoint, path):
    import torch
    from transformers import AutoModel

    class Inner(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = AutoModel.from_pretrained(checkpoint, attn_implementation="eager").eval()

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    ids = torch.ones(2, 16, dtype=torch.long)
    axes = {0: "batch", 1: "tokens"}
    torch.onnx.export(Inner(), (ids, ids), str(path), input_names=["input_ids", "attention_mask"], output_names=["out"],
                      dynamic_axes={"input_ids": axes, "attention_mask": axes, "out": axes}, opset_version=17, dynamo=False)


def onnx_peer(checkpoint, tokens, count, seconds, threads):
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic
    cache = Path(checkpoint).resolve().parent / "onnx"
    plain, quantised = cache / "model.onnx", cache / "model-int8.onnx"
    if not quantised.exists():
        cache.mkdir(exist_ok=True)
        export(checkpoint, plain)
        quantize_dynamic(str(plain), str(quantised), per_channel=True, weight_type=QuantType.QInt8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(str(quantised), options, providers=["CPUExecutionProvider"])
    ids = [e.ids for e in tokenizer_of(checkpoint, 512).encode_batch(texts_of(checkpoint, tokens, count))]
    batches = [np.array(ids[i:i + BATCH], dtype=np.int64) for i in range(0, count, BATCH)]

    def run():
        for batch in batches:
            v = session.run(None, {"input_ids": batch, "attention_mask": np.ones_like(batch)})[0].mean(axis=1)
            v /= np.linalg.norm(v, axis=1, keepdims=True)

    measure(run, count, seconds)


def write_ids(checkpoint, source, ids_path, vectors_path):
    texts = [json.loads(line)["text"] for line in open(source, encoding="utf-8")]
    model = sentence_transformer(checkpoint, 2)
    with open(ids_path, "wb") as f:
        for e in tokenizer_of(checkpoint, model.max_seq_length).encode_batch(texts):
            np.array([len(e.ids), *e.ids], dtype=np.uint32).tofile(f)
    np.save(vectors_path, model.encode(texts, batch_size=BATCH, show_progress_bar=False))


def cosine(ours_path, theirs_path):
    theirs = np.load(theirs_path).astype(np.float64)
    ours = np.fromfile(ours_path, dtype=np.int8).reshape(-1, DIM).astype(np.float64)
    c = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    print(json.dumps({"texts": len(c), "mean": c.mean(), "p1": np.percentile(c, 1), "min": c.min()}))


if __name__ == "__main__":
    checkpoint, peer, *rest = sys.argv[1:]
    if peer == "ids":
        write_ids(checkpoint, *rest)
    elif peer == "cosine":
        cosine(*rest)
    else:
        tokens, count, seconds, threads = rest
        {"torch": torch_peer, "onnx": onnx_peer}[peer](checkpoint, int(tokens), int(count), float(seconds), int(threads))
