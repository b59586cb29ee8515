"""W3C trace context: taken over, stored with what a request causes, handed on to other services; and the way of one report to its pull request."""

import json
import unittest

import soul
import test_embedder
from fix_world import World

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


class Context(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = soul.Server()
        cls.addClassCleanup(cls.server.close)

    def send(self, **headers):
        """A report -> (the answer, its trace)."""
        client = self.server.client()
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        got = client.post("/api/ingest/manual", {"text": "the map is upside down"}, headers=headers)
        self.assertEqual(got.status, 200, got)
        trace = client.get(f"/api/trace/{got.json['id']}").json
        client.close()
        return got, trace

    def test_a_trace_is_continued(self):
        got, trace = self.send(traceparent=PARENT, tracestate="congo=t61")
        self.assertEqual(trace["trace_id"], TRACE)
        self.assertEqual(trace["feedback"]["request_id"], TRACE)
        self.assertEqual(got.headers["X-Request-ID"], TRACE)  # one id, where nobody gave another

    def test_a_request_id_of_the_senders_own_stays_its_and_the_log_knows_both(self):
        got, trace = self.send(traceparent=PARENT, X_Request_ID="mine-7")
        self.assertEqual(got.headers["X-Request-ID"], "mine-7")
        self.assertEqual(trace["feedback"]["request_id"], TRACE)

        def both():
            for line in self.server.logged().splitlines():
                row = json.loads(line)
                if row.get("request_id") == "mine-7" and row.get("trace_id") == TRACE:
                    return row
            return None
        self.assertEqual(soul.wait_for("the log", both)["status"], 200)

    def test_without_one_the_request_id_is_the_trace(self):
        got, trace = self.send()
        self.assertEqual(trace["trace_id"], got.headers["X-Request-ID"].replace("-", ""))
        got, trace = self.send(X_Request_ID="mine-8")
        self.assertEqual(trace["feedback"]["request_id"], "mine-8")
        self.assertRegex(trace["trace_id"], "^[0-9a-f]{32}$")

    def test_what_is_malformed_is_ignored_and_harms_nothing(self):
        for wrong in PARENT.upper(), PARENT[:-1], PARENT + "-x", "00-" + "0" * 32 + PARENT[35:], "ff" + PARENT[2:], "", "x" * 4000:
            got, trace = self.send(traceparent=wrong)
            self.assertNotEqual(trace["trace_id"], TRACE, wrong)
            self.assertNotEqual(got.headers["X-Request-ID"], TRACE)

    def test_two_of_them_are_none(self):
        sock = soul.raw_socket(self.server)
        body = b'{"text":"two parents"}'
        sock.sendall(b"POST /api/ingest/manual HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\nContent-Type: application/json\r\n"
                     b"traceparent: %s\r\ntraceparent: %s\r\nContent-Length: %d\r\n\r\n%s"
                     % (soul.KEY.encode(), PARENT.encode(), PARENT.encode(), len(body), body))
        status, data = soul.read_head(sock)
        self.assertEqual(status, 200, data)
        self.assertNotIn(TRACE.encode(), data)


class Service(test_embedder.Service):
    """Remembers what it was asked with."""

    def __init__(self):
        self.contexts = []
        super().__init__()

    def answer(self, h):
        self.contexts.append((h.headers.get("traceparent", ""), h.headers.get("tracestate", "")))
        super().answer(h)


class Onward(unittest.TestCase):
    def test_other_services_are_told_the_trace(self):
        service = Service()
        self.addCleanup(service.close)
        with test_embedder.serve(service) as server:
            client = server.client()
            client.post("/api/ingest/manual", {"text": "map: it is upside down"}, headers={"traceparent": PARENT})
            soul.grouped(client)
            parent, state = service.contexts[-1]  # by the grouping job, later and in another thread
            self.assertRegex(parent, f"^00-{TRACE}-[0-9a-f]{{16}}-01$")
            self.assertEqual(state, "")
            other = "0af7651916cd43dd8448eb211c80319c"
            client.call("GET", "/api/search?q=upside", headers={"traceparent": f"00-{other}-b7ad6b7169203331-00",
                                                                "tracestate": "rojo=1,congo=t61"})
            parent, state = service.contexts[-1]
            self.assertRegex(parent, f"^00-{other}-[0-9a-f]{{16}}-00$")
            self.assertNotIn("b7ad6b7169203331", parent)
            self.assertEqual(state, "rojo=1,congo=t61")


class ToThePullRequest(unittest.TestCase):
    def test_one_report_is_followed_to_its_merge(self):
        w = World()
        self.addCleanup(w.close)
        got = w.c.post("/api/ingest/manual", {"text": "Pantry CSV export drops the last row: the file is one item short"},
                       headers={"traceparent": PARENT})
        soul.grouped(w.c)
        report = got.json["id"]
        issue = w.c.get(f"/api/feedback/{report}").json["cluster_id"]
        asked = w.c.post(f"/api/clusters/{issue}/start_fix", headers={"traceparent": PARENT})
        self.assertEqual(asked.status, 202, asked)
        job = asked.json["id"]
        self.assertEqual(w.ended(job)["status"], "success", w.log(job))
        self.assertEqual(w.c.post(f"/api/jobs/{job}/pull_request", {"action": "merge"}).status, 200)
        trace = w.c.get(f"/api/trace/{report}").json
        self.assertEqual(trace["trace_id"], TRACE)
        steps = {s["step"]: s for s in trace["steps"]}
        self.assertEqual([s["step"] for s in trace["steps"]], ["written", "stored", "grouped", "fix", "pull_request", "merged"])
        self.assertEqual((steps["stored"]["request_id"], steps["fix"]["request_id"]), (TRACE, TRACE))
        self.assertTrue(steps["grouped"]["job_id"])
        self.assertEqual({steps[s]["job_id"] for s in ("fix", "pull_request", "merged")}, {job})
        self.assertEqual(steps["merged"]["url"], w.fix(job)["pr_url"])
        shown = soul.run("trace", report, "--server", w.server.url, "--key", soul.KEY).stdout
        for word in TRACE, "pull_request", "merged", "asked for by":
            self.assertIn(word, shown)


if __name__ == "__main__":
    unittest.main()
