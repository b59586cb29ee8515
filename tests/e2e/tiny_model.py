"""A tiny encoder model with random weights, as a checkpoint: 2 layers, 64 wide. Nothing is downloaded."""

import array
import json
import math
import os
import random
import struct

HIDDEN, FFN, POSITIONS = 64, 128, 64
VOCAB = (["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [chr(c) for c in range(97, 123)]
         + ["##" + chr(c) for c in range(97, 123)] + ["crash", "##ing", "."])


def tensors(seed):
    pick = random.Random(seed)

    def of(name, shape, middle, spread):
        n = math.prod(shape)
        yield name, shape, array.array("f", (middle + spread * pick.uniform(-1, 1) for _ in range(n)))

    def linear(name, n, k):
        yield from of(f"{name}.weight", [n, k], 0, 2 / math.sqrt(k))
        yield from of(f"{name}.bias", [n], 0, 0.3)

    def norm(name):
        yield from of(f"{name}.weight", [HIDDEN], 1, 0.4)
        yield from of(f"{name}.bias", [HIDDEN], 0, 0.3)

    yield from of("embeddings.word_embeddings.weight", [len(VOCAB), HIDDEN], 0, 1)
    yield from of("embeddings.position_embeddings.weight", [POSITIONS, HIDDEN], 0, 0.3)
    yield from of("embeddings.token_type_embeddings.weight", [2, HIDDEN], 0, 0.1)
    yield from norm("embeddings.LayerNorm")
    for i in range(2):
        layer = f"encoder.layer.{i}."
        for part in ("query", "key", "value"):
            yield from linear(f"{layer}attention.self.{part}", HIDDEN, HIDDEN)
        yield from linear(f"{layer}attention.output.dense", HIDDEN, HIDDEN)
        yield from norm(f"{layer}attention.output.LayerNorm")
        yield from linear(f"{layer}intermediate.dense", FFN, HIDDEN)
        yield from linear(f"{layer}output.dense", HIDDEN, FFN)
        yield from norm(f"{layer}output.LayerNorm")


def write(folder, seed=1):
    """Writes model.safetensors, config.json and vocab.txt; returns the folder."""
    os.makedirs(folder, exist_ok=True)
    head, data = {}, b""
    for name, shape, values in tensors(seed):
        raw = values.tobytes()
        head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(head).encode()
    with open(os.path.join(folder, "model.safetensors"), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)
    with open(os.path.join(folder, "config.json"), "w", encoding="ascii") as f:
        json.dump({"model_type": "bert", "hidden_act": "gelu", "num_hidden_layers": 2, "hidden_size": HIDDEN,
                   "num_attention_heads": 2, "intermediate_size": FFN, "vocab_size": len(VOCAB),
                   "max_position_embeddings": POSITIONS, "layer_norm_eps": 1e-12}, f)
    with open(os.path.join(folder, "vocab.txt"), "w", encoding="ascii") as f:
        f.write("\n".join(VOCAB))
    return folder
