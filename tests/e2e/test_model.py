"""Which embedder is at work: the encoder as soon as a model of it is installed, else the builtin one."""

import os
import tempfile
import unittest

import soul
import tiny_model


def install(data, name="tiny", seed=1):
    """Makes a tiny model and installs it; returns the file."""
    with tempfile.TemporaryDirectory(prefix="soul-model-") as folder:
        tiny_model.write(folder, seed)
        got = soul.run("model", "install", "--from", folder, "--name", name, "--data", data)
    assert got.returncode == 0, got
    return os.path.join(data, "models", f"{name}.encoder")


class Selection(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="soul-")
        self.addCleanup(folder.cleanup)
        self.data = folder.name

    def status(self, *options, env=None):
        with soul.Server(*options, data=self.data, env=env) as s:
            got = s.client().get("/api/clustering/status").json
            log = s.logged()
        return got, log

    def test_builtin_where_no_model_is_installed_and_how_to_get_one(self):
        got, log = self.status()
        self.assertTrue(got["model"].startswith("builtin-"), got)
        self.assertIn("model install", got["hint"])
        self.assertEqual(log.count("no encoder model is installed"), 1, log)

    def test_the_encoder_once_a_model_is_installed(self):
        install(self.data)
        got, log = self.status()
        self.assertTrue(got["model"].startswith("encoder-1/tiny-"), got)
        self.assertNotIn("hint", got)
        self.assertIn("encoder-1/tiny-", log)

    def test_the_model_that_was_installed_last(self):
        install(self.data, "b", 1)
        os.utime(os.path.join(self.data, "models", "b.encoder"), (1, 1))
        install(self.data, "a", 2)
        self.assertTrue(self.status()[0]["model"].startswith("encoder-1/a-"))

    def test_builtin_when_it_is_asked_for(self):
        install(self.data)
        got, _ = self.status("--embedder", "builtin")
        self.assertTrue(got["model"].startswith("builtin-"), got)
        self.assertNotIn("hint", got)

    def test_a_damaged_model_does_not_stop_grouping(self):
        path = install(self.data)
        with open(path, "r+b") as f:
            f.seek(5000)
            f.write(b"garbage")
        got, log = self.status()
        self.assertTrue(got["model"].startswith("builtin-"), got)
        self.assertIn("model verify", got["hint"])
        self.assertIn("warn", log)

    def test_the_encoder_asked_for_without_a_model_says_what_to_do(self):
        got = soul.run("serve", "--embedder", "encoder", "--data", self.data, "--listen", "127.0.0.1:0")
        self.assertEqual(got.returncode, 2, got)
        self.assertIn("model install", got.stderr)

    def test_verbs_that_run_the_stack_and_eval_follow_the_same_rule(self):
        file = os.path.join(self.data, "r.jsonl")
        with open(file, "w", encoding="ascii") as f:
            f.write(soul.ndjson({"title": t, "label": k} for k, titles in soul.TOPICS.items() for t in titles))
        path = install(self.data)
        self.assertIn("encoder-1/tiny-", soul.run("doctor", "--data", self.data).stdout)
        self.assertEqual(soul.run("eval", file, "--data", self.data).returncode, 0)
        self.assertEqual(soul.run("ingest", file, "--data", self.data).returncode, 0)
        elsewhere = os.path.join(self.data, "elsewhere")
        os.mkdir(elsewhere)
        os.rename(path, os.path.join(elsewhere, "tiny.encoder"))
        self.assertIn("builtin-", soul.run("doctor", "--data", self.data).stdout)
        there = {"SOULCASTER_MODELS": elsewhere}
        self.assertIn("encoder-1/tiny-", soul.run("doctor", "--data", self.data, env=there).stdout)


class Change(unittest.TestCase):
    """builtin -> a (tiny) encoder -> back, with everything that can happen on the way."""

    N = 300

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="soul-")
        self.addCleanup(folder.cleanup)
        self.data = folder.name
        self.server = None

    def start(self, *options):
        self.server = soul.Server(*options, data=self.data)
        self.addCleanup(self.server.close)
        return self.server.client()

    def send(self, c, first, n):
        heads = ["On Monday", "Since 4.2", "In the office", "Again", "At home"]
        topics = list(soul.TOPICS.values())
        body = soul.ndjson({"source": "generic", "external_id": f"m-{i}", "title": f"{topics[i % 3][i % 7 % 3]} ({heads[i % 5]})",
                            "body": f"{heads[i % 4]} it happened {i} times. " * 20} for i in range(first, first + n))
        got = c.call("POST", "/api/ingest/batch", body, {"Content-Type": "application/x-ndjson"})
        self.assertEqual(got.lines[-1]["summary"]["ok"], n, got)

    def places(self, c):
        return {i["external_id"]: i["cluster_id"] for i in soul.every(c, "/api/feedback")}

    def model(self, c):
        return c.get("/api/model").json

    def changed_to(self, c, name):
        def check():
            m = self.model(c)
            return m["model"].startswith(name) and m["state"] == "settled" and m
        return soul.wait_for(f"a change to {name}", check, 120)

    def test_there_and_back(self):
        c = self.start("--embedder", "builtin")
        self.send(c, 0, self.N)
        soul.grouped(c)
        before = self.places(c)
        self.assertTrue(all(before.values()))
        self.assertEqual(self.model(c)["state"], "settled")
        self.server.close()
        install(self.data)
        c = self.start()
        m = self.changed_to(c, "encoder-1/tiny-")
        self.assertTrue(m["previous"].startswith("builtin-"), m)
        self.assertTrue(c.get("/api/clustering/status").json["model"].startswith("encoder-1/tiny-"))
        after = self.places(c)
        self.assertTrue(all(after.values()))
        self.assertNotEqual(before, after)
        moved = next(k for k in before if before[k] != after[k])
        report = next(i for i in soul.every(c, "/api/feedback") if i["external_id"] == moved)
        trace = c.get(f"/api/trace/{report['id']}").json
        self.assertIn("The model was changed", str(trace))
        for cluster in set(before.values()):  # none vanished: each is there, or says where its reports are
            self.assertEqual(c.get(f"/api/clusters/{cluster}").status, 200)
        told = soul.run("model", "use", "previous", "--data", self.data)
        self.assertEqual(told.returncode, 0, told)
        self.changed_to(c, "builtin-")
        self.assertEqual(self.places(c), before)
        self.assertIn("previous  encoder-1/tiny-", soul.run("model", "status", "--data", self.data).stdout)
        # What a person chose holds over a restart; auto is what the server was started with.
        self.server.close()
        c = self.start()
        self.assertTrue(self.model(c)["model"].startswith("builtin-"))
        self.assertEqual(c.call("PUT", "/api/model", {"use": "auto"}).status, 200)
        self.changed_to(c, "encoder-1/tiny-")
        self.server.close()
        self.assertEqual(soul.run("doctor", "--data", self.data).returncode, 0)

    def test_kill_9_and_new_reports_and_a_person_in_the_middle(self):
        c = self.start("--embedder", "builtin")
        self.send(c, 0, self.N)
        soul.grouped(c)
        install(self.data)
        sent = self.N
        self.server.close()
        for _ in range(4):
            c = self.start("--encoder-threads", "1")
            self.send(c, sent, 20)
            sent += 20
            soul.wait_for("some work", lambda: self.model(c)["done"] or self.model(c)["state"] == "settled")
            self.server.stop(soul.signal.SIGKILL)
        c = self.start()
        soul.grouped(c)
        a, b = [i["id"] for i in c.get("/api/clusters", sort="size").json["items"]][:2]
        got = c.post(f"/api/clusters/{a}/merge", {"from": [b]})
        self.changed_to(c, "encoder-1/tiny-")
        soul.grouped(c)
        places = self.places(c)
        self.assertEqual(len(places), sent)
        self.assertTrue(all(places.values()))
        if got.status == 200:
            self.assertEqual(c.get(f"/api/clusters/{b}").json["id"], c.get(f"/api/clusters/{a}").json["id"])
        self.assertEqual(c.get("/api/dead-letters").json["items"], [])
        self.server.close()
        self.assertEqual(soul.run("doctor", "--data", self.data).returncode, 0)

    def test_a_worker_changes_it_and_the_server_follows(self):
        c = self.start("--embedder", "builtin")
        self.send(c, 0, 60)
        soul.grouped(c)
        self.server.close()
        install(self.data)
        c = self.start("--no-worker")
        self.assertTrue(self.model(c)["model"].startswith("builtin-"))
        log = tempfile.TemporaryFile()
        self.addCleanup(log.close)
        worker = soul.subprocess.Popen([soul.BIN, "worker", "--data", self.data], stderr=log, env=soul.clean_env())
        try:
            self.changed_to(c, "encoder-1/tiny-")
            soul.wait_for("search", lambda: c.get("/api/search", q="export").json["model"].startswith("encoder-1/"))
        finally:
            worker.terminate()
            self.assertEqual(worker.wait(60), 0)

    def test_what_cannot_be_used_is_refused(self):
        c = self.start("--embedder", "builtin")
        for use in ("nonsense", "encoder", "previous", "gemini"):
            got = c.call("PUT", "/api/model", {"use": use})
            self.assertEqual(got.status, 422, got)
        key = c.post("/api/keys", {"name": "reader", "scopes": ["read"]}).json["key"]
        self.assertEqual(c.call("PUT", "/api/model", {"use": "builtin"}, key=key).status, 403)
        self.assertEqual(c.call("GET", "/api/model", key=key).status, 200)


if __name__ == "__main__":
    soul.main()
