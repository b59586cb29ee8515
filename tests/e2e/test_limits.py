"""Limits: requests of a key and of an address, stored reports, fixes a day; each refusal names its limit and the time to wait."""

import json
import shutil
import time
import unittest

import soul
import test_redis


def report(n):
    return {"title": f"the export of invoice {n} stops half way", "body": "since the update", "external_id": f"r{n}"}


class Limits(unittest.TestCase):
    def serve(self, *options, **more):
        server = soul.Server(*options, **more)
        self.addCleanup(server.close)
        return server

    def refused(self, got, limit):
        self.assertEqual((got.status, got.type), (429, "application/problem+json"), got)
        problem = got.json
        self.assertEqual((problem["code"], problem["limit"]), ("limited", limit))
        self.assertNotIn("field", problem)
        self.assertGreaterEqual(int(got.headers["Retry-After"]), 1)
        self.assertEqual(problem["retry_after"], int(got.headers["Retry-After"]))
        return problem

    def key(self, admin, **more):
        got = admin.post("/api/keys", {"name": "k", "scopes": ["ingest", "read"], **more})
        self.assertEqual(got.status, 201, got)
        return got.json["key"]

    def test_nothing_is_limited_unless_that_is_asked_for(self):
        with self.serve() as server:
            client = server.client()
            self.assertEqual(client.get("/api/config/limits").json,
                             {"requests_a_minute": 0, "max_reports": 0, "max_fixes_a_day": 0, "keep_days": 0})
            for _ in range(300):
                self.assertEqual(client.get("/api/stats").status, 200)

    def again(self, server, *options):
        """The same data, served with other options."""
        server.stop()
        server.options = options
        server.start()
        return server.client()

    def test_an_address_that_sends_too_much_waits_whoever_it_is(self):
        for key in None, "sc_" + "0" * 48, soul.KEY:  # wrong keys count, too
            with self.serve("--address-rate", "1") as server:
                self.assertEqual(server.client(key=key).get("/api/stats").status, 200 if key == soul.KEY else 401)
                problem = self.refused(server.client().get("/api/stats"), "requests_of_address")
                self.assertIn("1 requests a minute", problem["detail"])
                self.assertEqual(server.client().get("/health").status, 200)  # this may always be asked

    def test_a_key_has_a_bucket_of_its_own(self):
        with self.serve() as server:
            admin = server.client()
            keys = [soul.KEY, self.key(admin), self.key(admin)]  # the bootstrap key is a key like others
            self.again(server, "--key-rate", "1")
            for key in keys:
                client = server.client(key=key)
                self.assertEqual(client.get("/api/stats").status, 200)
                self.refused(client.get("/api/stats"), "requests_of_key")
                self.refused(client.post("/api/ingest/manual", report(1)), "requests_of_key")

    def test_a_sixth_of_a_minutes_requests_may_come_at_once(self):
        with self.serve() as server:
            admin = server.client()
            for a_minute, key in [(m, self.key(admin)) for m in (12, 18)]:
                client = server.client(key=key)
                self.assertEqual(admin.call("PUT", "/api/config/limits", {"requests_a_minute": a_minute}).status, 200)
                began, taken = time.monotonic(), 0
                while client.get("/api/stats").status == 200:
                    taken += 1
                    # What is over the sixth came back while this took.
                    self.assertLessEqual(taken, a_minute // 6 + (time.monotonic() - began) * a_minute / 60)
                self.assertGreaterEqual(taken, a_minute // 6)

    def test_a_project_limits_its_own_keys_and_the_command_line_says_so(self):
        with self.serve() as server:
            admin = server.client()
            client = server.client(key=self.key(admin))
            # One request a minute: each of those that follow comes with a key of its own.
            shows, errs, reads = (self.key(admin, scopes=["admin"]) for _ in range(3))
            done = soul.run("limits", "requests_a_minute=1", "--json", "--server", server.url, "--key", soul.KEY)
            self.assertEqual(json.loads(done.stdout)["requests_a_minute"], 1, done.stderr)
            self.assertEqual(client.get("/api/stats").status, 200)
            self.refused(client.get("/api/stats"), "requests_of_key")
            self.assertEqual(admin.get("/api/stats").status, 200)
            shown = soul.run("limits", "--server", server.url, "--key", shows).stdout
            self.assertRegex(shown, r"requests_a_minute +1\b")
            wrong = soul.run("limits", "max_report=1", "--server", server.url, "--key", errs)
            self.assertNotEqual(wrong.returncode, 0)
            self.assertIn("max_reports", wrong.stderr)
            metrics = server.client(key=reads).get("/metrics").body.decode()
            self.assertIn('soulcaster_limited_total{limit="requests_of_key"} 1\n', metrics)

    def test_limits_that_make_no_sense_are_refused(self):
        with self.serve() as server:
            for body in {"max_reports": -1}, {"max_reports": 1.5}, {"max_reports": "1"}, {"reports": 1}, []:
                self.assertEqual(server.client().call("PUT", "/api/config/limits", body).status, 422, body)

    def test_who_may_read_sees_the_limits_and_may_not_set_them(self):
        with self.serve() as server:
            admin = server.client()
            admin.call("PUT", "/api/config/limits", {"max_reports": 7})
            for scope, seen in ("ingest", 403), ("read", 200), ("triage", 403), ("admin", 200):
                client = server.client(key=self.key(admin, scopes=[scope]))
                self.assertEqual(client.get("/api/config/limits").status, seen, scope)
                if scope != "admin":
                    self.assertEqual(client.call("PUT", "/api/config/limits", {"max_reports": 8}).status, 403, scope)
            self.assertEqual(server.client().get("/api/config/limits").json["max_reports"], 7)

    def test_a_full_project_takes_no_more_until_there_is_room(self):
        with self.serve() as server:
            client = server.client()
            client.call("PUT", "/api/config/limits", {"max_reports": 3})
            ids = [client.post("/api/ingest/manual", report(n)).json["id"] for n in range(3)]
            problem = self.refused(client.post("/api/ingest/manual", report(3)), "max_reports")
            self.assertIn("3 stored reports", problem["detail"])
            lines = "\n".join(json.dumps(dict(report(n), source="manual")) for n in (4, 5))
            batch = client.call("POST", "/api/ingest/batch", lines, {"Content-Type": "application/x-ndjson"})
            self.assertEqual([line.get("error", {}).get("code") for line in batch.lines[:2]], ["limited"] * 2, batch)
            client.post("/api/projects", {"name": "other"})  # another project has room
            self.assertEqual(client.post("/api/ingest/manual?project_id=other", report(3)).status, 200)
            soul.grouped(client)
            self.assertEqual(client.call("DELETE", f"/api/feedback/{ids[0]}").status, 204)
            soul.wait_for("room", lambda: client.post("/api/ingest/manual", report(9)).status == 200)
            self.assertEqual(client.get("/api/feedback").json["total"], 3)


class Retention(unittest.TestCase):
    env = {}

    def test_what_is_old_and_closed_goes_after_a_dry_run(self):
        with soul.Server(env=self.env) as server:
            client = server.client()
            where = ["--server", server.url, "--key", soul.KEY]
            client.post("/api/ingest/manual", dict(report(1), created_at="2020-01-01T00:00:00Z"))
            soul.grouped(client)
            issue = soul.every(client, "/api/clusters")[0]
            told = soul.run("retention", *where)
            self.assertNotEqual(told.returncode, 0)
            self.assertIn("for ever", told.stderr)
            client.call("PUT", "/api/config/limits", {"keep_days": 1})
            plan = json.loads(soul.run("retention", "--dry-run", "--json", *where).stdout)
            self.assertEqual((plan["reports"], plan["kept"]), (0, {"changed": 0, "fixed": 0, "tied": 0}))  # it is open
            client.call("PATCH", f"/api/clusters/{issue['id']}", {"status": "resolved"})
            self.assertEqual(client.get("/api/retention").json["kept"]["changed"], 1)  # only just closed
            self.assertIn("0 reports of 0 closed issues", soul.run("retention", "--dry-run", "--days", "7", *where).stdout)
            self.assertEqual(json.loads(soul.run("retention", "--json", *where).stdout), {"reports": 0, "issues": 0})
            self.assertEqual(soul.run("retention", "--days", "7", *where).returncode, 2)


@unittest.skipUnless(shutil.which("redis-server"), "no redis-server here")
class OnRedis(unittest.TestCase):
    def setUp(self):
        self.redis = test_redis.Redis()
        self.addCleanup(self.redis.close)
        self.env = {"SOULCASTER_REDIS": self.redis.url}

    def test_retention(self):
        Retention.test_what_is_old_and_closed_goes_after_a_dry_run(self)

    def test_two_servers_share_a_keys_bucket(self):
        with soul.Server("--key-rate", "1", env=self.env) as one, soul.Server("--key-rate", "1", env=self.env) as two:
            key = one.client().post("/api/keys", {"name": "k", "scopes": ["read"]}).json["key"]
            clients = [one.client(key=key), two.client(key=key)]
            self.assertEqual([c.get("/api/stats").status for c in clients], [200, 429])
            self.redis.kill()  # then each counts for itself, and says 503 for what needs the store
            for client in clients:
                self.assertIn(client.get("/api/stats").status, (429, 503))


if __name__ == "__main__":
    unittest.main()
