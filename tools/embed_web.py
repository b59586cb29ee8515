#!/usr/bin/env python3
"""Makes the table of the dashboard's files: embed_web.py DIST OUT.c

Every file below DIST becomes a row of sc_web_files (src/web/dashboard.h) with its content type, an ETag,
and its compressed forms: gzip is made here, FILE.br is taken where it lies beside FILE. The
assembler reads the files themselves (.incbin).
"""

import gzip
import hashlib
import sys
from pathlib import Path

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
SMALL = 4096  # bytes; the server compresses nothing below that either


def blob(symbol, path):
    """The definition of a byte array that holds the file."""
    if any(c in str(path) for c in '"\\\n'):
        raise SystemExit(f"embed_web: unusual character in {path}")
    return (f'__asm__(".pushsection .rodata\\n.balign 16\\n{symbol}:\\n"\n'
            f'        ".incbin \\"{path}\\"\\n.byte 0\\n.popsection\\n");\n'
            f"extern const char {symbol}[] __attribute__((visibility(\"hidden\")));\n")


def forms(path, made):
    """The file and its compressed forms: [(path, bytes)] of raw, gzip, brotli; None where there is none."""
    raw = path.read_bytes()
    brotli = path.with_name(path.name + ".br")
    rows = [(path, len(raw)), None, None]
    if len(raw) > SMALL:
        packed = gzip.compress(raw, 9, mtime=0)
        if len(packed) < len(raw):
            target = made / (path.name + ".gz")
            target.write_bytes(packed)
            rows[1] = (target, len(packed))
        if brotli.exists() and brotli.stat().st_size < len(raw):
            rows[2] = (brotli, brotli.stat().st_size)
    return rows, hashlib.sha256(raw).hexdigest()[:20]


def main(dist, out):
    dist, out = Path(dist).resolve(), Path(out).resolve()
    made = out.with_suffix("")
    made.mkdir(parents=True, exist_ok=True)
    files = sorted((p for p in dist.rglob("*") if p.is_file() and p.suffix in TYPES),
                   key=lambda p: p.relative_to(dist).as_posix().encode())
    if not any(p == dist / "index.html" for p in files):
        raise SystemExit(f"embed_web: there is no index.html in {dist}")
    blobs, table = [], []
    for i, path in enumerate(files):
        rows, etag = forms(path, made)
        values = []
        for row, kind in zip(rows, ("raw", "gzip", "brotli")):
            if row:
                symbol = f"web_file_{i}_{kind}"
                blobs.append(blob(symbol, row[0]))
                values.append(f".{kind} = {{{symbol}, {row[1]}}}")
        name = path.relative_to(dist).as_posix()
        table.append(f'    {{.name = "{name}", .type = "{TYPES[path.suffix]}", .etag = "{etag}",\n'
                     f"     {', '.join(values)}}},\n")
    out.write_text('/* Made by tools/embed_web.py. */\n#include "web/dashboard.h"\n\n' + "\n".join(blobs)
                   + "\nconst sc_web_file sc_web_files[] = {\n" + "".join(table) + "};\n"
                   + "const size_t sc_web_files_n = sizeof sc_web_files / sizeof *sc_web_files;\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
