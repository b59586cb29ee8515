"""`serve --no-worker` with `worker` beside it: another process groups what this one stored."""

import subprocess
import unittest

import soul


class Worker:
    def __init__(self, data):
        self.log = soul.tempfile.TemporaryFile()
        self.process = subprocess.Popen([soul.BIN, "worker", "--data", data], stdout=subprocess.DEVNULL, stderr=self.log, env=soul.clean_env())

    def stop(self, sig=soul.signal.SIGTERM):
        self.process.send_signal(sig)
        code = self.process.wait(soul.PATIENCE_S)
        self.log.seek(0)
        log = self.log.read().decode()
        self.log.close()
        return code, log


class TwoProcesses(unittest.TestCase):
    def setUp(self):
        self.server = soul.Server("--no-worker")
        self.addCleanup(self.server.close)
        self.c = self.server.client()

    def send(self, n, prefix="w"):
        body = soul.ndjson({"source": "generic", "external_id": f"{prefix}-{i}", "title": f"{soul.TOPICS['pdf'][i % 3]} ({prefix})"} for i in range(n))
        got = self.c.call("POST", "/api/ingest/batch", body, {"Content-Type": "application/x-ndjson"})
        self.assertEqual(got.lines[-1]["summary"]["ok"], n, got)

    def pending(self):
        return self.c.get("/api/clustering/status").json["pending_unclustered"]

    def test_nothing_is_grouped_until_a_worker_comes(self):
        self.send(20)
        self.assertEqual(self.pending(), 20)
        w = Worker(self.server.data)
        soul.wait_for("the worker", lambda: self.pending() == 0)
        self.send(20, "later")
        soul.wait_for("the worker", lambda: self.pending() == 0)
        code, log = w.stop()
        self.assertEqual(code, 0, log)
        soul.wait_for("search", lambda: self.c.get("/api/search", q="export pdf safari").json["items"])
        self.assertEqual(len([i for i in soul.every(self.c, "/api/feedback") if i["cluster_id"]]), 40)

    def test_events_reach_the_server_from_the_worker(self):
        events = soul.Events(self.server)
        w = Worker(self.server.data)
        try:
            self.send(3)
            soul.wait_for("an event", lambda: [e for e in events.events if "cluster" in e.get("event", "")])
        finally:
            self.assertEqual(w.stop()[0], 0)
            events.close()

    def test_a_killed_worker_is_replaced_after_its_lease(self):
        self.send(400)
        w = Worker(self.server.data)
        w.stop(soul.signal.SIGKILL)
        second = Worker(self.server.data)
        soul.wait_for("the second worker", lambda: self.pending() == 0, 90)
        self.assertEqual(second.stop()[0], 0)
        ids = [i["external_id"] for i in soul.every(self.c, "/api/feedback")]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(self.c.get("/api/dead-letters").json["items"], [])

    def test_two_workers_and_triage_at_once(self):
        workers = [Worker(self.server.data) for _ in range(2)]
        for n in range(5):
            self.send(60, f"p{n}")
            soul.wait_for("a place", lambda: self.c.get("/api/clusters").json["items"])
            one = self.c.get("/api/feedback", state="grouped").json["items"][0]
            got = self.c.post(f"/api/feedback/{one['id']}/move", {"cluster_id": None})
            self.assertIn(got.status, (200, 409), got)
        soul.wait_for("the workers", lambda: self.pending() == 0)
        for w in workers:
            code, log = w.stop()
            self.assertEqual(code, 0, log)
        reports, clusters = soul.every(self.c, "/api/feedback"), soul.every(self.c, "/api/clusters")
        self.assertEqual(sum(k["count"] for k in clusters), len(reports))
        self.assertTrue(all(i["cluster_id"] for i in reports))


if __name__ == "__main__":
    soul.main()
