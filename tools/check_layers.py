#!/usr/bin/env python3
"""Checks every #include "..." of src/ against tools/layers.txt; prints file:line for each fault."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
BACKENDS = {"stores", "sources", "embedders", "llms", "runners", "forges"}
GENERATED = {"version.h", "assets.h"}
FOREIGN = re.compile(
    r"curl/|microhttpd|sqlite3|zstd|zlib|openssl/|utf8proc|hiredis|seccomp")
INCLUDE = re.compile(r'\s*#\s*include\s*(["<])([^">]+)[">]')


def read_rules(path):
    rules = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line:
            room, _, allowed = line.partition(":")
            rules[room] = set(allowed.split()) | {room}
    return rules


def fault_of(here, quote, name, rules):
    """Why the file `here` (parts below src/) may not include `name`; None if it may."""
    room = here[0]
    if quote == "<":
        if room == "base" and FOREIGN.match(name):
            return f"base uses the C library only, not <{name}>"
        return None
    if name in GENERATED:
        return None
    target = name.split("/")
    if len(target) < 2 or target[0] not in rules:
        return f'write "room/file.h", not "{name}"'
    if not rules[room] & {target[0], "*"}:
        return f"{room} may not include {target[0]}"
    if room == "cmd" and target[0] == "cmd":
        own = Path(here[-1]).stem
        if Path(target[-1]).stem not in (own, "cmd"):
            return f"one verb may not include another: {name}"
    if room in BACKENDS and target[0] == room and len(target) > 2:
        if here[1] != target[1] and Path(here[-1]).stem != "registry":
            return f"one backend may not include another: {name}"
    return None


def main():
    rules = read_rules(ROOT / "tools" / "layers.txt")
    faults = []
    for path in sorted(SRC.rglob("*.[ch]")):
        here = path.relative_to(SRC).parts
        where = path.relative_to(ROOT)
        if here[0] not in rules:
            faults.append(f"{where}:1: tools/layers.txt has no room '{here[0]}'")
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = INCLUDE.match(line)
            fault = found and fault_of(here, found[1], found[2], rules)
            if fault:
                faults.append(f"{where}:{number}: {fault}")
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
