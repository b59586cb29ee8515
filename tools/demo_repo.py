"""Makes a git fast-import stream of a folder: tools/demo_repo.py FOLDER OUT

One commit on main, always the same bytes for the same files.
"""

import os
import sys

WHEN = "1761955200 +0000"


def main(folder, target):
    paths = sorted(
        os.path.relpath(os.path.join(at, name), folder)
        for at, folders, names in os.walk(folder) for name in names
        if "__pycache__" not in at)
    message = b"The pantry's export and search, recipes from links\n"
    out = [b"commit refs/heads/main\ncommitter Larderlark <team@larderlark.example> %s\ndata %d\n%s\n"
           % (WHEN.encode(), len(message), message)]
    for path in paths:
        with open(os.path.join(folder, path), "rb") as f:
            data = f.read()
        out.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data))
    out.append(b"done\n")
    with open(target, "wb") as f:
        f.write(b"".join(out))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
