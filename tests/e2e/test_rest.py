"""The real program on a Redis behind Upstash's REST protocol: all that it does on Redis itself, and what only concerns the other way there."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import soul
import test_legacy
import test_redis

FRONT = os.path.join(os.path.dirname(__file__), "..", "support", "upstash.py")
TOKEN = "AXsecret-t0ken=="
HAVE_REDIS = shutil.which("redis-server")


class Front:
    """The REST protocol in front of a Redis."""

    def __init__(self, socket, *options):
        self.process = subprocess.Popen([sys.executable, FRONT, "--redis", socket, "--token", TOKEN, *options],
                                        stdout=subprocess.PIPE, text=True)
        self.address = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        self.url = self.address.replace("//", f"//:{TOKEN}@")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@unittest.skipUnless(HAVE_REDIS, "no redis-server here")
class OnRest(test_redis.OnRedis):
    def setUp(self):
        super().setUp()
        front = Front(self.redis.socket)
        self.addCleanup(front.close)
        self.redis.url = front.url


@unittest.skipUnless(HAVE_REDIS, "no redis-server here")
class LegacyOverRest(test_legacy.Legacy):
    def setUp(self):
        super().setUp()
        front = Front(self.redis.socket)
        self.addCleanup(front.close)
        self.redis.url = front.url

    test_a_user_who_may_only_read_is_enough = None  # a token has no name to log in with


@unittest.skipUnless(HAVE_REDIS, "no redis-server here")
class WhoIsAsked(unittest.TestCase):
    def setUp(self):
        self.redis = test_redis.Redis()
        self.addCleanup(self.redis.close)
        self.front = Front(self.redis.socket, "--forbid", "CONFIG")
        self.addCleanup(self.front.close)
        folder = tempfile.TemporaryDirectory(prefix="soul-")
        self.addCleanup(folder.cleanup)
        self.data = os.path.join(folder.name, "d")

    def doctor(self, **env):
        return soul.run("doctor", "--data", self.data, env=env)

    def test_address_and_token_are_taken_from_where_upstash_has_them(self):
        env = {"UPSTASH_REDIS_REST_URL": self.front.address, "UPSTASH_REDIS_REST_TOKEN": TOKEN}
        with soul.Server(env=env, data=self.data) as server:
            self.assertEqual(server.client().post("/api/ingest/manual", soul.report(1)).status, 200)
            self.assertFalse(os.path.exists(os.path.join(server.data, "soulcaster.db")))
        self.assertIn("p", self.redis.say("KEYS", "sc:{i}:p"))
        said = self.doctor(**env)
        self.assertIn("UPSTASH_REDIS_REST_URL", said.stdout)
        self.assertIn("over REST nothing is told of how Redis saves", said.stdout)
        self.assertNotIn(TOKEN, said.stdout + said.stderr)
        taken = soul.run("import", "--from-legacy", self.front.address, "--dry-run", "--data", self.data,
                         env={"UPSTASH_REDIS_REST_TOKEN": TOKEN})
        self.assertEqual(taken.returncode, 0, taken.stderr)

    def test_the_environments_token_goes_to_its_own_address_alone(self):
        new = Front(self.redis.socket)
        self.addCleanup(new.close)
        taken = soul.run("import", "--from-legacy", self.front.address, "--dry-run", "--data", self.data,
                         env={"UPSTASH_REDIS_REST_TOKEN": TOKEN, "UPSTASH_REDIS_REST_URL": new.address})
        self.assertNotEqual(taken.returncode, 0)
        self.assertIn("needs its token", taken.stderr)

    def test_reports_that_are_too_much_together_are_written_in_parts(self):
        front = Front(self.redis.socket, "--max-request", "120000")
        self.addCleanup(front.close)
        with soul.Server(env={"SOULCASTER_REDIS": front.url}, data=self.data) as server:
            client = server.client()
            lines = soul.ndjson(soul.report(n, body="x" * 9000, source="manual") for n in range(40))
            got = client.call("POST", "/api/ingest/batch", lines, {"Content-Type": "application/x-ndjson"})
            self.assertEqual(got.lines[-1]["summary"]["ok"], 40, got.body[:300])
            self.assertEqual(len(soul.every(client, "/api/feedback")), 40)
            one = client.post("/api/ingest/manual", soul.report("big", body="y" * 60000, metadata={"z": "z" * 61000}))
            self.assertEqual(one.status, 413, one.body)
            self.assertIn("larger than Redis takes", one.json["detail"])

    def test_a_service_that_has_enough_is_told_to_the_sender_with_its_time(self):
        busy = os.path.join(os.path.dirname(self.data), "busy")
        front = Front(self.redis.socket, "--busy", busy)
        self.addCleanup(front.close)
        with soul.Server(env={"SOULCASTER_REDIS": front.url}, data=self.data) as server:
            client = server.client()
            with open(busy, "w", encoding="utf-8") as file:
                file.write("429 40")
            refused = client.post("/api/ingest/manual", soul.report(1))
            self.assertEqual(refused.status, 503, refused.body)
            self.assertEqual(refused.headers["Retry-After"], "40")
            self.assertEqual(refused.json["retry_after"], 40)
            self.assertIn("429", refused.json["detail"])
            os.unlink(busy)
            self.assertEqual(client.post("/api/ingest/manual", soul.report(1)).status, 200)
            self.assertEqual(len(soul.every(client, "/api/feedback")), 1)

    def test_what_is_wrong_is_said_and_the_token_is_not(self):
        cases = [({"SOULCASTER_REDIS": self.front.address}, "UPSTASH_REDIS_REST_TOKEN"),
                 ({"SOULCASTER_REDIS": self.front.address, "UPSTASH_REDIS_REST_TOKEN": "wr0ng"}, "or token"),
                 ({"SOULCASTER_REDIS": f"http://:{TOKEN}@example.org"}, "https://"),
                 ({"SOULCASTER_REDIS": f"http://:{TOKEN}@127.0.0.1:9"}, "no answer")]
        for env, words in cases:
            said = self.doctor(**env)
            text = said.stdout + said.stderr
            self.assertEqual(said.returncode, 1, text)
            self.assertIn(words, text)
            self.assertNotIn(TOKEN, text)
            self.assertNotIn("wr0ng", text)


if __name__ == "__main__":
    unittest.main()
