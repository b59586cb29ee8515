#!/usr/bin/env python3
"""Checks src/ for what the house style forbids; prints file:line for each fault.

Banned functions, long files and functions, unfinished marks, paths of one machine. Comments and
strings do not count as code, but marks and paths are looked for in them too.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_FILE, MAX_FUNCTION = 700, 90
BANNED = ("strcpy strcat sprintf vsprintf strtok atoi atol atoll gets alloca system popen localtime "
          "gmtime rand srand").split()
HEAP = "malloc calloc realloc free strdup strndup".split()  # base/ wraps them

# A call, but not a member of that name: s->free(p) and ops.system(x) are fine.
CALL = r"(?<![\w.])(?<!->)(?:%s)\s*\("
BANNED_CALL = re.compile(CALL % "|".join(BANNED))
HEAP_CALL = re.compile(CALL % "|".join(HEAP))
MARK = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
MACHINE = re.compile(r"(?<![\w.\-/])/(?:work|farm)(?:/|\b)")
NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def bare(text):
    """The code alone; line numbers stay."""
    def blank(match):
        kept = "\n" * match[0].count("\n")
        return kept if match[0][0] == "/" else '""' + kept
    return NOISE.sub(blank, text)


def long_functions(code):
    """(line, lines) of each top-level {...} after a `)` that is too long."""
    depth, start, before = 0, None, ""
    for number, line in enumerate(code.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        for c in line:
            if c == "{":
                if depth == 0 and before == ")":
                    start = number
                depth += 1
            elif c == "}":
                depth -= 1
                if depth == 0 and start:
                    if number - start + 1 > MAX_FUNCTION:
                        yield start, number - start + 1
                    start = None
            if not c.isspace():
                before = c


def faults_of(path):
    text = path.read_text(encoding="utf-8")
    code = bare(text)
    lines = text.count("\n")
    if lines > MAX_FILE:
        yield 1, f"{lines} lines; a file holds one subject, {MAX_FILE} lines at most"
    for line, length in long_functions(code):
        yield line, f"a function of {length} lines; {MAX_FUNCTION} at most"
    in_base = path.is_relative_to(ROOT / "src" / "base")
    for number, line in enumerate(code.splitlines(), 1):
        found = BANNED_CALL.search(line) or (not in_base and HEAP_CALL.search(line))
        if found:
            yield number, f"banned: {found[0].rstrip('( ')}()"
    for number, line in enumerate(text.splitlines(), 1):
        if MARK.search(line):
            yield number, "unfinished: " + MARK.search(line)[0]
        if MACHINE.search(line):
            yield number, "a path of one machine"


def main():
    bad = False
    for path in sorted((ROOT / "src").rglob("*.[ch]")):
        for line, fault in sorted(faults_of(path)):
            print(f"{path.relative_to(ROOT)}:{line}: {fault}")
            bad = True
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
