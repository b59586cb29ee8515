"""Makes work that was given up, which a healthy program does not: dead_letters.py DATA_FOLDER (of a server that does not run).

The newest report of each project leaves its issue and waits, parked, beside a job that is a dead letter with a reason.
"""

import os
import sqlite3
import sys
import time
import uuid

GROUPED, PARKED, DEAD = 1, 2, 6
STATE, CLUSTERED = 100, 302  # counters: stores/sqlite/schema.h
REASON = 'the embedder refused the text: <img src=x onerror=alert(1)> is "too long"'


def give_up(db, seq, project, report):
    now = int(time.time() * 1000)
    for what, by in ((STATE + GROUPED, -1), (STATE + PARKED, 1), (CLUSTERED, -1)):
        db.execute("INSERT INTO tally VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET n = n + ?3", (project, what, by))
    db.execute("UPDATE feedback SET state = ? WHERE seq = ?", (PARKED, seq))
    db.execute("UPDATE cluster SET count = count - 1 WHERE cluster_no = (SELECT cluster_no FROM item WHERE seq = ?)", (seq,))
    db.execute("UPDATE item SET cluster_no = 0 WHERE seq = ?", (seq,))
    db.execute(
        "INSERT INTO job (id, project_no, state, attempts, max_attempts, fence, lease_until, run_at, created_at, updated_at,"
        " ended_at, again, kind, unique_key, lease_owner, request_id, error, payload)"
        " VALUES (?, ?, ?, 5, 5, 1, 0, ?, ?, ?, ?, 0, 'regroup', ?, '', '', ?, ?)",
        (os.urandom(16), project, DEAD, now, now - 60_000, now, now, f"regroup:{report}", REASON, '{"feedback_id":"%s"}' % report))


def main(folder):
    with sqlite3.connect(os.path.join(folder, "soulcaster.db")) as db:
        for seq, project, report in db.execute("SELECT max(seq), project_no, id FROM feedback GROUP BY project_no").fetchall():
            give_up(db, seq, project, uuid.UUID(bytes=bytes(report)))


if __name__ == "__main__":
    main(sys.argv[1])
