"""The audit log: who changed what, how it was and is; no secret in it; kept by export and import; on both stores."""

import json
import shutil
import unittest

import soul
import test_redis

SECRET = "0123456789-very-secret"


class Audit(unittest.TestCase):
    env = {}

    def setUp(self):
        self.server = soul.Server(env=self.env)
        self.addCleanup(self.server.close)
        self.c = self.server.client()

    def rows(self, **query):
        got = self.c.get("/api/audit", **query)
        self.assertEqual(got.status, 200, got)
        return got.json["items"]

    def issue(self):
        report = self.c.post("/api/ingest/manual", {"text": "the map is upside down"}).json["id"]
        soul.grouped(self.c)
        return report, self.c.get(f"/api/feedback/{report}").json["cluster_id"]

    def test_a_change_is_told_with_before_and_after(self):
        report, issue = self.issue()
        key = self.c.post("/api/keys", {"name": "ann", "scopes": ["read", "triage"]}).json
        ann = self.server.client(key=key["key"])
        done = ann.call("PATCH", f"/api/clusters/{issue}", {"status": "resolved"}, {"X-Request-ID": "from-ann"})
        self.assertEqual(done.status, 200, done)
        row = self.rows(target=issue)[0]
        self.assertEqual((row["actor"], row["key_id"], row["action"], row["request_id"]), ("ann", key["id"], "patchCluster", "from-ann"))
        self.assertEqual((row["before"]["status"], row["after"]["status"], row["asked"]), ("new", "resolved", {"status": "resolved"}))
        self.assertEqual(row["project_id"], self.c.get(f"/api/feedback/{report}").json["project_id"])
        moved = ann.post(f"/api/feedback/{report}/move", {"cluster_id": None}).json
        row = self.rows(actor="ann", action="moveFeedback")[0]
        self.assertEqual((row["target"], row["before"]["cluster_id"], row["after"]["cluster_id"]), (report, issue, moved["cluster_id"]))
        self.assertEqual(row["after"]["action_id"], moved["action_id"])
        self.assertEqual(self.c.call("DELETE", f"/api/feedback/{report}").status, 204)
        row = self.rows(action="removeFeedback")[0]
        self.assertNotIn("map", json.dumps(row))  # what is gone for good is gone here, too
        self.assertEqual(ann.get("/api/audit").status, 403)

    def test_neither_reads_nor_reports_nor_what_was_refused_are_told(self):
        self.issue()
        self.c.get("/api/stats")
        self.assertEqual(self.c.call("PUT", "/api/config/limits", {"max_reports": -1}).status, 422)
        self.assertEqual(self.c.post(f"/api/clusters/{soul.KEY}/merge", {"cluster_ids": []}).status // 100, 4)
        self.assertEqual(self.rows(), [])

    def test_no_secret_is_told(self):
        self.c.call("PUT", "/api/config/sentry", {"secret": SECRET})
        self.c.call("PUT", "/api/config/sentry", {"secrets": [SECRET + "2"]})
        made = self.c.post("/api/keys", {"name": "k", "scopes": ["ingest"]}).json
        self.c.call("DELETE", f"/api/keys/{made['id']}")
        text = json.dumps(self.rows())
        self.assertNotIn(SECRET, text)
        self.assertNotIn(made["key"], text)
        rows = self.rows(action="revokeKey")
        self.assertEqual((rows[0]["target"], rows[0]["before"]["name"], rows[0]["before"]["revoked"], rows[0]["after"]["revoked"]),
                         (made["id"], "k", False, True))
        self.assertEqual(self.rows(action="createKey")[0]["target"], made["id"])
        self.assertEqual(self.rows(target="sentry")[0]["action"], "putConfig")

    def test_pages_projects_and_the_command_line(self):
        self.c.post("/api/projects", {"name": "other"})
        for n in range(5):
            self.c.call("PUT", "/api/config/limits?project_id=other", {"max_reports": n})
        rows = soul.every(self.c, "/api/audit")
        self.assertEqual([r["asked"].get("max_reports") for r in rows[:5]], [4, 3, 2, 1, 0])
        page = self.c.get("/api/audit", limit=2, project_id="other").json
        self.assertEqual([r["after"]["max_reports"] for r in page["items"]], [4, 3])
        self.assertEqual(page["items"][0]["before"]["max_reports"], 3)
        page = self.c.get("/api/audit", limit=2, project_id="other", cursor=page["next_cursor"]).json
        self.assertEqual([r["after"]["max_reports"] for r in page["items"]], [2, 1])
        bound = self.c.post("/api/keys?project_id=other", {"name": "b", "scopes": ["admin"]}).json["key"]
        self.assertEqual({r["project_id"] for r in self.server.client(key=bound).get("/api/audit").json["items"]}, {rows[0]["project_id"]})
        done = soul.run("audit", "--action", "putLimits", "--limit", "3", "--server", self.server.url, "--key", soul.KEY)
        self.assertEqual(done.stdout.count("putLimits"), 3, done)
        self.assertIn("--cursor", done.stdout)

    def test_an_export_and_an_import_keep_it(self):
        _, issue = self.issue()
        for status in "triaged", "ignored":
            self.c.call("PATCH", f"/api/clusters/{issue}", {"status": status})
        before = self.rows()
        data = ["--data", self.server.data]
        text = soul.run("export", "-", *data, env=self.env).stdout
        with soul.Server() as other:
            for taken in len(before), 0:  # twice does no harm
                done = soul.run("import", "-", "--data", other.data, stdin=text)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(f" {taken} rows of the audit log", done.stdout)
            after = other.client().get("/api/audit").json["items"]
        for row in before + after:  # projects of the same name are one
            row.pop("project_id")
        self.assertEqual(before, after)
        bad = text.replace('"before":"{', '"before":"[{')
        with soul.Server() as other:
            done = soul.run("import", "-", "--data", other.data, stdin=bad)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("JSON object", done.stderr)


@unittest.skipUnless(shutil.which("redis-server"), "no redis-server here")
class OnRedis(Audit):
    def setUp(self):
        redis = test_redis.Redis()
        self.addCleanup(redis.close)
        self.env = {"SOULCASTER_REDIS": redis.url}
        super().setUp()


if __name__ == "__main__":
    unittest.main()
