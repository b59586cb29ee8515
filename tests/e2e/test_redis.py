"""The real program on a real Redis: serving, losing Redis under load, a Redis that is full, moving from one store to another."""

import collections
import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

import soul


class Redis:
    """A redis-server in a folder of its own, on a socket of its own."""

    def __init__(self, *options):
        self.folder = tempfile.TemporaryDirectory(prefix="soul-redis-")
        self.socket = os.path.join(self.folder.name, "s")
        self.url = "unix://" + self.socket
        self.options = options
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.folder.name, "--save", "",
             "--appendonly", "yes", "--appendfsync", "always", *self.options], stdout=subprocess.DEVNULL)
        soul.wait_for("Redis", lambda: self.say("PING") == "PONG")

    def say(self, *words):
        done = subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.folder.cleanup()


def rows(text):
    """The lines of an export but its head, sorted. A project that is there already keeps its id and birth: it is named."""
    lines = [json.loads(line) for line in text.splitlines()]
    names = {line["id"]: line["name"] for line in lines if line["kind"] == "project"}
    kept = [line for line in lines if line["kind"] not in ("soulcaster-export", "project")]
    named = [dict(line, project_id=names.get(line.get("project_id"))) for line in kept]
    for line in named:
        line.pop("version", None)  # of the project's grouping, which a store counts by itself
    return sorted(names.values()), sorted(json.dumps(line, sort_keys=True) for line in named)


@unittest.skipUnless(shutil.which("redis-server"), "no redis-server here")
class OnRedis(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.redis = Redis()
        self.addCleanup(self.redis.close)

    def serve(self, **more):
        return soul.Server(env={"SOULCASTER_REDIS": self.redis.url}, **more)

    def test_reports_are_grouped_and_are_there_for_the_next_process(self):
        with self.serve() as server:
            client = server.client()
            soul.feed_topics(client)
            soul.grouped(client)
            issues = soul.every(client, "/api/clusters")
            self.assertEqual(len(issues), 3)
            self.assertFalse(os.path.exists(os.path.join(server.data, "soulcaster.db")))
        with self.serve() as server:
            again = soul.every(server.client(), "/api/clusters")
            self.assertEqual(sorted(i["id"] for i in again), sorted(i["id"] for i in issues))
            self.assertEqual(server.client().get("/health").status, 200)

    def test_two_servers_share_what_is_stored(self):
        with self.serve() as one, self.serve() as other:
            soul.feed_topics(one.client())
            soul.grouped(other.client())
            self.assertEqual(len(soul.every(other.client(), "/api/feedback")), 9)
            self.assertEqual(len(soul.every(one.client(), "/api/clusters")), 3)

    def test_what_was_acknowledged_outlives_a_killed_redis(self):
        acked, stop = {}, threading.Event()

        def write(server, name):
            client, n = server.client(), 0
            while not stop.is_set():
                n += 1
                key = f"{name}-{n}"
                try:
                    got = client.post("/api/ingest/manual", soul.report(key, f"Report {key}"))
                except (OSError, http.client.HTTPException):
                    continue
                if got.status == 200:
                    acked["r-" + key] = got.json["id"]
                else:
                    self.assertEqual(got.status, 503, got)

        with self.serve() as server:
            writers = [threading.Thread(target=write, args=(server, f"w{i}")) for i in range(4)]
            for w in writers:
                w.start()
            for _ in range(3):
                had = len(acked)
                soul.wait_for("writes", lambda: len(acked) > had + 50)
                self.redis.kill()
                self.redis.start()
            had = len(acked)
            soul.wait_for("writes after it came back", lambda: len(acked) > had + 50)
            stop.set()
            for w in writers:
                w.join()
            soul.grouped(server.client())
            stored = soul.every(server.client(), "/api/feedback")
            ids = {i["external_id"]: i["id"] for i in stored}
            doubled = [k for k, n in collections.Counter(i["external_id"] for i in stored).items() if n > 1]
            self.assertEqual(doubled, [])
            self.assertEqual([k for k in acked if ids.get(k) != acked[k]], [])

    def test_a_full_redis_is_told_and_heals(self):
        with self.serve() as server:
            client = server.client()
            self.assertEqual(client.post("/api/ingest/manual", soul.report(1)).status, 200)
            self.redis.say("CONFIG", "SET", "maxmemory", "1")
            full = client.post("/api/ingest/manual", soul.report(2))
            self.assertEqual(full.status, 503, full)
            self.assertIn("maxmemory", full.json["detail"])
            self.assertEqual(client.get("/api/feedback").status, 200)
            self.redis.say("CONFIG", "SET", "maxmemory", "0")
            soul.wait_for("room", lambda: client.post("/api/ingest/manual", soul.report(2)).status == 200)

    def test_doctor_says_what_might_be_lost(self):
        def said():
            return soul.run("doctor", "--data", self.redis.folder.name + "/d", "--redis", self.redis.url).stdout
        self.assertIn("what it acknowledges is on its disk", said())
        self.redis.say("CONFIG", "SET", "appendfsync", "everysec")
        self.redis.say("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        self.assertIn("appendfsync always", said())
        self.assertIn("noeviction", said())

    def test_doctor_sees_jobs_that_differ_from_their_lists(self):
        with self.serve() as server:
            client = server.client()
            soul.feed_topics(client)
            key = f"sc:{{{client.get('/api/stats').json['project_id']}}}:"
        def said():
            return soul.run("doctor", "--data", self.redis.folder.name + "/d", "--redis", self.redis.url).stdout
        self.assertIn("checked in", said())
        self.redis.say("HINCRBY", key + "jt", "2:group", "1")
        self.assertIn("the counters of jobs differ from the jobs", said())
        self.redis.say("HINCRBY", key + "jt", "2:group", "-1")
        self.redis.say("ZREMRANGEBYRANK", key + "ja", "0", "0")
        self.assertIn("the order of the jobs differs from the jobs", said())

    def test_everything_moves_from_sqlite_to_redis_and_back(self):
        with tempfile.TemporaryDirectory(prefix="soul-") as folder:
            first, back = os.path.join(folder, "first"), os.path.join(folder, "back")
            with soul.Server(data=first) as server:
                client = server.client()
                soul.feed_topics(client)
                soul.grouped(client)
                issues = soul.every(client, "/api/clusters")
                merged = soul.run("merge", "--server", server.url, "--key", soul.KEY, issues[0]["id"], issues[1]["id"])
                self.assertEqual(merged.returncode, 0, merged.stderr)

            def export(**env):
                done = soul.run("export", "--data", env.pop("data", first), env=env)
                self.assertEqual(done.returncode, 0, done.stderr)
                return done.stdout

            def take(text, data, **env):
                file = os.path.join(folder, "moved.ndjson")
                with open(file, "w", encoding="utf-8") as f:
                    f.write(text)
                done = soul.run("import", "--data", data, file, env=env)
                self.assertEqual(done.returncode, 0, done.stderr)

            there = export()
            take(there, os.path.join(folder, "r"), SOULCASTER_REDIS=self.redis.url)
            in_redis = export(data=os.path.join(folder, "r"), SOULCASTER_REDIS=self.redis.url)
            self.assertEqual(rows(in_redis), rows(there))
            take(in_redis, back)
            self.assertEqual(rows(export(data=back)), rows(there))
            take(there, os.path.join(folder, "r"), SOULCASTER_REDIS=self.redis.url)  # twice changes nothing
            self.assertEqual(rows(export(data=os.path.join(folder, "r"), SOULCASTER_REDIS=self.redis.url)), rows(there))

    def test_what_the_first_start_after_an_import_embeds_the_next_one_finds(self):
        def embedded(data, env):
            """How many reports a server loads at its start, and how many of them it has to embed."""
            with soul.Server(data=data, env=env) as server:
                soul.grouped(server.client())  # and the index is loaded
                server.stop()
                lines = [json.loads(line) for line in server.logged().splitlines() if '"index loaded"' in line]
            return lines[0]["items"], lines[0]["embedded"]

        with tempfile.TemporaryDirectory(prefix="soul-") as folder:
            first, file = os.path.join(folder, "first"), os.path.join(folder, "moved.ndjson")
            with soul.Server(data=first) as server:
                soul.feed_topics(server.client())
            there = soul.run("export", "--data", first)
            with open(file, "w", encoding="utf-8") as f:
                f.write(there.stdout)
            for name, env in {"sqlite": {}, "redis": {"SOULCASTER_REDIS": self.redis.url}}.items():
                data = os.path.join(folder, name)
                done = soul.run("import", "--data", data, file, env=env)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual([embedded(data, env) for _ in range(3)], [(9, 9), (9, 0), (9, 0)], name)
                again = soul.run("export", "--data", data, env=env)
                self.assertEqual(rows(again.stdout), rows(there.stdout))


if __name__ == "__main__":
    unittest.main()
