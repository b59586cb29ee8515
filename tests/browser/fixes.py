"""Puts fixes into a store, for pages to show them: fixes.py DATA_FOLDER < JSON (the server runs with --queues group).

A list of {"id": of the fix, "cluster": of its issue when it is to be made, "job": {column: value}, "fix": {column: value},
"log": [[stream, text], ...], "patch": text, "status": of the issue}; all but id may be left out.
"""

import json
import os
import sqlite3
import sys
import time
import uuid

TEXTS = "asked_by agent runner repository base_branch base_commit head_commit branch pull_url instructions".split()
STATUS = 200  # counters of clusters by status: stores/sqlite/schema.h


def make(db, what, now):
    no, project = db.execute("SELECT cluster_no, project_no FROM cluster WHERE id = ?", (uuid.UUID(what["cluster"]).bytes,)).fetchone()
    seq = db.execute(
        "INSERT INTO job (id, project_no, state, attempts, max_attempts, fence, lease_until, run_at, created_at, updated_at,"
        " ended_at, again, kind, unique_key, lease_owner, request_id, error, payload)"
        " VALUES (?, ?, 0, 1, 3, 1, ?, ?, ?, ?, 0, 0, 'fix', '', '', '', '', '{}')",
        (uuid.UUID(what["id"]).bytes, project, now + 3_600_000, now, now, now)).lastrowid
    row = {column: 0 for (_, column, kind, *_) in db.execute("PRAGMA table_info(fix)") if kind == "INTEGER"}
    row |= {column: "" for column in TEXTS} | {"tests": "{}", "findings": "[]", "blocked": "[]"}
    row |= {"fix_no": seq, "project_no": project, "cluster_no": no, "version": 1, "agent": "scripted", "asked_by": "somebody"}
    db.execute(f"INSERT INTO fix ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def change(db, table, key, no, values):
    for column, value in values.items():
        db.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (value, no))


def set_status(db, fix_no, status):
    cluster, project, before = db.execute("SELECT cluster_no, project_no, status FROM cluster WHERE cluster_no ="
                                          " (SELECT cluster_no FROM fix WHERE fix_no = ?)", (fix_no,)).fetchone()
    for which, by in ((before, -1), (status, 1)):
        db.execute("INSERT INTO tally VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET n = n + ?3", (project, STATUS + which, by))
    db.execute("UPDATE cluster SET status = ? WHERE cluster_no = ?", (status, cluster))


def tell(db, fix_no, job, now):
    db.execute("INSERT INTO event (project_no, at, kind, data) SELECT project_no, ?, 'fix.updated', json_object('job_id', ?)"
               " FROM fix WHERE fix_no = ?", (now, job, fix_no))


def put(db, what):
    now = int(time.time() * 1000)
    if "cluster" in what:
        make(db, what, now)
    (no,) = db.execute("SELECT seq FROM job WHERE id = ?", (uuid.UUID(what["id"]).bytes,)).fetchone()
    change(db, "job", "seq", no, {"updated_at": now, **what.get("job", {})})
    change(db, "fix", "fix_no", no, what.get("fix", {}))
    (seq,) = db.execute("SELECT log_seq FROM fix WHERE fix_no = ?", (no,)).fetchone()
    rows = [(no, seq + i + 1, now, stream, text) for i, (stream, text) in enumerate(what.get("log", []))]
    db.executemany("INSERT INTO fix_log VALUES (?, ?, ?, ?, ?)", rows)
    change(db, "fix", "fix_no", no, {"log_seq": seq + len(rows)})
    if "patch" in what:
        db.execute("INSERT OR REPLACE INTO fix_patch VALUES (?, ?)", (no, what["patch"].encode()))
        change(db, "fix", "fix_no", no, {"patch_bytes": len(what["patch"].encode())})
    if "status" in what:
        set_status(db, no, what["status"])
    db.execute("UPDATE fix SET version = version + 1 WHERE fix_no = ?", (no,))
    tell(db, no, what["id"], now)


def main(folder):
    db = sqlite3.connect(os.path.join(folder, "soulcaster.db"), timeout=30)
    with db:
        for what in json.load(sys.stdin):
            put(db, what)
    db.close()


if __name__ == "__main__":
    main(sys.argv[1])
