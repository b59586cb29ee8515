"""A remote embedder that fails in every way: nothing is lost, nothing is guessed, and it is mended when it works again."""

import hashlib
import http.server
import json
import re
import threading
import time
import unittest

import soul

DIMS = 16
SECRET = "sk-this-is-the-secret"


def vector(text):
    """Texts about one thing get one direction: what stands before the first colon."""
    digest = hashlib.sha256(text.split(":")[0].encode()).digest()
    return [(b - 128) / 128 for b in digest[:DIMS]]


class Service:
    """/v1/embeddings and Gemini's batchEmbedContents on a loopback port; `mode` says how it behaves."""

    def __init__(self, mode="well"):
        self.mode, self.texts, self.requests, self.bodies = mode, [], 0, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                outer.answer(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def close(self):
        self.mode = "gone"
        self.server.shutdown()
        self.server.server_close()

    def answer(self, h):
        body = json.loads(h.rfile.read(int(h.headers["Content-Length"])))
        gemini = "batchEmbedContents" in h.path
        texts = [r["content"]["parts"][0]["text"] for r in body["requests"]] if gemini else body["input"]
        self.requests += 1
        mode = self.mode
        if mode == "well":
            self.texts += texts
        vectors = [vector(t) for t in texts]
        if mode == "few":
            vectors = vectors[:-1]
        if mode == "many":
            vectors.append(vectors[0])
        if mode == "null":
            vectors[-1] = [None] * DIMS
        if mode == "words":
            vectors[-1] = ["NaN"] * DIMS
        if mode == "short":
            vectors[-1] = vectors[-1][:-1]
        if gemini:
            reply = {"embeddings": [{"values": v} for v in vectors]}
        else:
            reply = {"data": [{"index": i, "embedding": v} for i, v in enumerate(vectors)], "usage": {"prompt_tokens": 10 * len(texts)}}
        data = json.dumps(reply).encode()
        if mode == "nan":
            data = re.sub(rb"-?\d\.\d+", b"NaN", data, count=1)
        if mode == "nonsense":
            data = b"<html>Bad gateway</html>"
        status = {"limited": 429, "error": 500, "key": 401}.get(mode, 200)
        try:
            h.send_response(status)
            h.send_header("Content-Length", str(len(data)))
            if mode == "limited":
                h.send_header("Retry-After", "2")
            if mode == "late":
                time.sleep(1.0)
            h.end_headers()
            if mode == "drip":
                for i in range(200):
                    h.wfile.write(data[i:i + 1])
                    time.sleep(0.01)
            elif mode == "cut":
                h.wfile.write(data[:len(data) // 2])
                h.close_connection = True
            else:
                h.wfile.write(data)
        except OSError:
            pass  # the other side lost its patience, as it should


def serve(service, *options, **env):
    return soul.Server("--embedder", "openai", "--openai-base", service.url + "/v1", "--openai-model", "toy", "--openai-dims", str(DIMS),
                       *options, env={"OPENAI_API_KEY": SECRET, "no_proxy": "*", **env})


def status(client):
    return client.get("/api/clustering/status").json


def mended(client):
    return soul.wait_for("the vectors", lambda: status(client)["embedder"]["without_vector"] == 0 and status(client)["pending_unclustered"] == 0)


def without_vector(client, n):
    """The list of reports without a vector follows the write that places them by a moment."""
    soul.wait_for(f"{n} reports without a vector", lambda: status(client)["embedder"]["without_vector"] == n)


class Remote(unittest.TestCase):
    def start(self, mode="well", *options, **env):
        self.service = Service(mode)
        self.addCleanup(self.service.close)
        self.server = serve(self.service, *options, **env)
        self.addCleanup(self.server.close)
        self.c = self.server.client()

    def put(self, key, title):
        got = self.c.post("/api/ingest/manual", {"external_id": key, "title": title})
        self.assertLess(got.status, 300, got)
        return got.json["id"]

    def cluster_of(self, report):
        return self.c.get(f"/api/feedback/{report}").json["cluster_id"]

    def metric(self, name):
        text = self.c.get("/metrics").body.decode()
        return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.M).group(1))

    def fault(self, *modes, options=()):
        """In each mode reports are grouped all the same; when the service is well again, they are mended."""
        self.start("well", *options)
        for n, mode in enumerate(modes):
            with self.subTest(mode=mode):
                self.service.mode = mode
                a = self.put(f"{mode}-a", f"{mode}{n}: walrus quill ember {n}")
                b = self.put(f"{mode}-b", f"{mode}{n}: tandem plover granite {n}")
                soul.grouped(self.c)
                down = soul.wait_for("a report without a vector", lambda: (e := status(self.c)["embedder"])["without_vector"] and e)
                self.assertTrue(down["degraded"], down)
                self.assertNotIn(SECRET, json.dumps(down))
                self.service.mode = "well"
                mended(self.c)
                self.assertEqual(self.cluster_of(a), self.cluster_of(b))
                trace = self.c.get(f"/api/trace/{b}").json
                self.assertIn("openai/toy", json.dumps(trace))
        well = status(self.c)["embedder"]
        self.assertEqual((well["breaker"], well["degraded"]), ("closed", False), well)
        self.assertEqual(self.c.get("/health").json["embedder"], "ok")
        self.assertGreater(self.metric("soulcaster_embedder_failures_total") + self.metric("soulcaster_embedder_limited_total"), 0)
        self.assertEqual(self.metric('soulcaster_embedder_breaker{state="closed"}'), 1)
        self.assertNotIn(SECRET, self.server.logged())

    def test_late_cut_and_dripping_answers(self):
        self.fault("late", "cut", "drip", options=("--embed-timeout-ms", "300"))

    def test_answers_that_are_not_the_vectors_asked_for(self):
        self.fault("few", "many", "short", "nonsense")

    def test_numbers_that_are_none(self):
        self.fault("null", "words", "nan")

    def test_errors_and_limits(self):
        self.fault("error", "limited")

    def test_a_service_that_is_gone_and_comes_back(self):
        service, back = Service(), Service()
        self.addCleanup(back.close)
        service.close()
        server = serve(service)
        self.addCleanup(server.close)
        self.c = server.client()
        for i in range(30):
            self.put(f"g-{i}", f"thing{i % 3}: {'abcdefghij'[i % 10] * 6} {i}")
        soul.grouped(self.c)
        without_vector(self.c, 30)
        self.assertEqual(self.c.get("/health").json["embedder"], "degraded")
        server.stop(soul.signal.SIGKILL)
        server.start()
        self.c = server.client()
        without_vector(self.c, 30)
        server.stop()
        server.options = tuple(o if o != service.url + "/v1" else back.url + "/v1" for o in server.options)
        server.start()
        self.c = server.client()
        mended(self.c)
        items = soul.every(self.c, "/api/feedback")
        self.assertEqual(len(items), 30)
        self.assertTrue(all(i["cluster_id"] for i in items))

    def test_a_wrong_key_is_told_and_not_hammered(self):
        self.start("key")
        self.put("k", "walrus: quill")
        soul.grouped(self.c)
        down = status(self.c)["embedder"]
        self.assertEqual(down["breaker"], "open")
        self.assertIn("key", down["reason"])
        asked = self.service.requests
        for i in range(10):
            self.put(f"k-{i}", f"walrus{i}: quill{i}")
        soul.grouped(self.c)
        self.assertEqual(self.service.requests, asked)
        self.assertNotIn(SECRET, self.server.logged() + json.dumps(down))

    def test_caps_of_the_day_outlive_a_restart(self):
        self.start("well", "--embed-max-requests", "1")
        self.put("one", "walrus: quill")
        soul.grouped(self.c)
        self.put("two", "tandem: plover")
        soul.grouped(self.c)
        soul.wait_for("the cap", lambda: status(self.c)["embedder"]["capped"])
        self.server.stop()
        self.server.start()
        self.c = self.server.client()
        self.put("three", "granite: ember")
        soul.grouped(self.c)
        soul.wait_for("the cap", lambda: status(self.c)["embedder"]["capped"])
        without_vector(self.c, 2)
        now = status(self.c)["embedder"]
        self.assertEqual(now["today"]["requests"], 1)
        self.assertIn("cap on requests", now["reason"])
        self.assertEqual(self.service.requests, 1)
        self.assertEqual(self.metric("soulcaster_embedder_capped"), 1)

    def test_where_reports_wait_they_are_pending_with_a_reason(self):
        self.start("error", "--embed-when-down", "wait")
        report = self.put("w", "walrus: quill")
        soul.wait_for("the breaker", lambda: status(self.c)["embedder"]["breaker"] == "open")
        now = status(self.c)
        self.assertEqual(now["pending_unclustered"], 1)
        self.assertIn("500", now["embedder"]["reason"])
        self.service.mode = "well"
        soul.grouped(self.c)
        self.assertTrue(self.cluster_of(report))
        self.assertEqual(self.c.get("/api/dead-letters").json["items"], [])

    def test_reports_go_in_batches_and_once(self):
        self.start()
        body = soul.ndjson({"source": "generic", "external_id": f"b-{i}", "title": f"batch: number {'abcdefghijklmnop'[i // 16]}{'abcdefghijklmnop'[i % 16]}"} for i in range(200))
        self.c.call("POST", "/api/ingest/batch", body, {"Content-Type": "application/x-ndjson"})
        soul.grouped(self.c)
        self.assertEqual(len(self.service.texts), 200)
        self.assertEqual(len(set(self.service.texts)), 200)
        self.assertLess(self.service.requests, 60)
        self.assertTrue(self.c.get("/api/search", q="batch: number").json["items"])

    def test_gemini(self):
        service = Service()
        self.addCleanup(service.close)
        options = ("--embedder", "gemini", "--gemini-base", service.url, "--gemini-dims", str(DIMS))
        with soul.Server(*options, env={"GEMINI_API_KEY": SECRET, "no_proxy": "*"}) as server:
            self.c = server.client()
            a, b = self.put("1", "walrus: quill"), self.put("2", "walrus: ember")
            soul.grouped(self.c)
            self.assertEqual(self.cluster_of(a), self.cluster_of(b))
            self.assertIn("gemini/gemini-embedding-001", status(self.c)["model"])
            self.assertNotIn(SECRET, server.logged())

    def test_doctor_asks_for_real(self):
        service = Service()
        self.addCleanup(service.close)
        options = ("--embedder", "openai", "--openai-base", service.url + "/v1", "--openai-model", "toy", "--openai-dims", str(DIMS))
        with soul.tempfile.TemporaryDirectory() as data:
            env = {"OPENAI_API_KEY": SECRET, "no_proxy": "*"}
            got = soul.run("doctor", "--data", data, "--listen", "127.0.0.1:0", *options, env=env)
            self.assertIn("openai/toy", got.stdout)
            self.assertEqual(got.returncode, 0, got)
            service.mode = "key"
            got = soul.run("doctor", "--data", data, "--listen", "127.0.0.1:0", *options, env=env)
            self.assertEqual(got.returncode, 1, got)
            self.assertIn("401", got.stdout)
            self.assertNotIn(SECRET, got.stdout + got.stderr)
        got = soul.run("serve", "--embedder", "telepathy", "--listen", "127.0.0.1:0")
        self.assertIn("builtin", got.stderr)
        self.assertNotEqual(got.returncode, 0)


if __name__ == "__main__":
    unittest.main()
