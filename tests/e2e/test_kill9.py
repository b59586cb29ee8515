"""kill -9 under load: every acknowledged report is there once, none is doubled, start-up needs under a second.

SC_KILL_ROUNDS says how often (default 10).
"""

import collections
import http.client
import json
import os
import random
import threading
import time
import unittest

import soul

ROUNDS = int(os.environ.get("SC_KILL_ROUNDS", "10"))
WRITERS = 8


class Writer(threading.Thread):
    """Sends single reports and batches; remembers what was acknowledged, with its id."""

    def __init__(self, server, name, acked):
        super().__init__(daemon=True)
        self.client, self.prefix, self.acked, self.n = server.client(timeout=20), name, acked, 0
        self.stop = False

    def run(self):
        while not self.stop:
            self.n += 1
            try:
                self.batch() if self.n % 5 == 0 else self.single()
            except (OSError, http.client.HTTPException, ValueError):
                return  # the server is dead: nothing was acknowledged

    def single(self):
        name = f"{self.prefix}-{self.n}"
        got = self.client.post("/api/ingest/manual", soul.report(name, f"Report {name}"))
        if got.status == 200:
            self.acked[f"r-{name}"] = got.json["id"]

    def batch(self):
        names = [f"{self.prefix}-{self.n}-{i}" for i in range(50)]
        body = soul.ndjson({"source": "manual", **soul.report(n, f"Report {n}")} for n in names)
        got = self.client.call("POST", "/api/ingest/batch", body, {"Content-Type": "application/x-ndjson"})
        for result in got.lines if got.status == 200 else []:
            if result.get("status") in ("ok", "duplicate"):
                self.acked[f"r-{names[result['line'] - 1]}"] = result["id"]


class Kill9(unittest.TestCase):
    def check(self, server, acked):
        stored = soul.every(server.client(), "/api/feedback")
        by_external = collections.Counter(i["external_id"] for i in stored)
        self.assertEqual([k for k, n in by_external.items() if n > 1], [], "doubled")
        ids = {i["external_id"]: i["id"] for i in stored}
        lost = [k for k in acked if k not in ids]
        self.assertEqual(lost, [], f"{len(lost)} of {len(acked)} acknowledged reports are lost")
        self.assertEqual([k for k in acked if acked[k] != ids[k]], [], "under another id")
        return len(stored)

    def test_kill_9_under_load(self):
        rng = random.Random(int(os.environ.get("SC_KILL_SEED", "1")))
        acked, slowest = {}, 0.0
        with soul.Server("--lease-ms", "1000") as server:
            for round_ in range(ROUNDS):
                writers = [Writer(server, f"{round_}-{w}", acked) for w in range(WRITERS)]
                for w in writers:
                    w.start()
                enough = len(acked) + rng.randint(20, 400)
                soul.wait_for("writes", lambda: len(acked) >= enough)
                time.sleep(rng.random() / 50)
                server.stop(soul.signal.SIGKILL)
                for w in writers:
                    w.stop = True
                    w.join()
                    w.client.close()
                server.start()
                slowest = max(slowest, server.up_s)
                self.check(server, acked)
            c = server.client()
            soul.grouped(c)
            stored = self.check(server, acked)
            print(f"{ROUNDS} kills, {len(acked)} acknowledged, {stored} stored, slowest start {slowest * 1000:.0f} ms")

    def test_kill_9_while_grouping_and_triaging(self):
        """Corrections that were acknowledged hold, and each report is in exactly one issue."""
        with soul.Server("--lease-ms", "1000") as server:
            c = server.client()
            ids = soul.feed_topics(c)
            where = {}
            for round_ in range(max(2, ROUNDS // 3)):
                for topic in ids:
                    one = ids[topic][round_ % 3]
                    where[one] = c.post(f"/api/feedback/{one}/move", {"cluster_id": None}).json["cluster_id"]
                body = soul.ndjson({"source": "manual", **soul.report(f"k{round_}-{i}", f"Widget {i} of page {round_} is late")} for i in range(300))
                c.call("POST", "/api/ingest/batch", body, {"Content-Type": "application/x-ndjson"})
                server.stop(soul.signal.SIGKILL)
                server.start()
                c = server.client()
                for one, cluster in where.items():
                    self.assertEqual(c.get(f"/api/feedback/{one}").json["cluster_id"], cluster)
            soul.grouped(c)
            reports = soul.every(c, "/api/feedback")
            clusters = {k["id"]: k["count"] for k in soul.every(c, "/api/clusters")}
            self.assertEqual(collections.Counter(i["cluster_id"] for i in reports), collections.Counter(clusters))
            self.assertEqual([i["id"] for i in reports if i["state"] != "grouped"], [])
            self.assertEqual(c.get("/api/dead-letters").json["items"], [])


if __name__ == "__main__":
    soul.main()
