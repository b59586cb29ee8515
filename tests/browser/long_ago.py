"""Makes what is closed closed for long, which a test cannot wait for: long_ago.py DATA_FOLDER DAYS (the server does not run)."""

import os
import sqlite3
import sys

CLOSED = "resolved", "ignored"
STATUS = "new triaged fixing pr_opened resolved regressed ignored snoozed".split()  # as core/cluster.h has them


def main(folder, days):
    with sqlite3.connect(os.path.join(folder, "soulcaster.db")) as db:
        for name in CLOSED:
            db.execute("UPDATE cluster SET updated_at = updated_at - ? WHERE status = ?", (int(days) * 86_400_000, STATUS.index(name)))


if __name__ == "__main__":
    main(*sys.argv[1:])
