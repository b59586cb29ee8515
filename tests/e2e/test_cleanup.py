"""What may be merged or split: suggested with reasons, applied on request, undone, and never suggested again once refused."""

import random
import unittest

import soul


class Cleanup(unittest.TestCase):
    def setUp(self):
        self.server = soul.Server("--tidy-ms", "0")
        self.addCleanup(self.server.close)
        self.c = self.server.client()
        self.ids = soul.feed_topics(self.c)

    def cluster_of(self, feedback_id):
        return self.c.get(f"/api/feedback/{feedback_id}").json["cluster_id"]

    def post(self, path, body=None, status=200):
        got = self.c.post(path, body)
        self.assertEqual(got.status, status, (path, got))
        return got.json

    def suggestions(self):
        found, cursor = [], None
        for _ in range(1000):
            page = self.c.get("/api/clusters/analyze", limit=2, **({"cursor": cursor} if cursor else {})).json
            self.assertLessEqual(page["looked_at"], 2)
            found += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return found
        self.fail("the list has no end")

    def test_every_suggestion_says_why_and_nothing_is_changed_by_asking(self):
        before = [(k["id"], k["count"]) for k in soul.every(self.c, "/api/clusters")]
        found = self.suggestions()
        for s in found:
            self.assertIn(s["action"], ("merge", "split"))
            self.assertIn("% sure", s["reason"])
            self.assertTrue(s["here"]["title"] and s["there"]["title"])
            self.assertTrue(0 <= s["evidence"]["probability"] <= 1)
            if s["action"] == "split":
                self.assertEqual(len(s["leaving"]), s["other_count"])
                self.assertLess(s["other_count"], s["count"])
        self.assertEqual(len({s["id"] for s in found}), len(found))
        self.assertEqual(self.post("/api/clusters/cleanup", {})["applied"], [])
        self.assertEqual([(k["id"], k["count"]) for k in soul.every(self.c, "/api/clusters")], before)

    def make_one(self):
        """A merge to suggest: of pairs that share more and more words, some are neither alike nor unlike."""
        chance = random.Random(7)
        def words(n):
            return ["".join(chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(4)) for _ in range(n)]
        for k in range(5, 19):
            one = words(20)
            for side, text in enumerate((one, one[:k] + words(20 - k))):
                self.post("/api/ingest/manual", soul.report(f"grey-{k}-{side}", text[-1], " ".join(text)))
        soul.grouped(self.c)
        found = [s for s in self.suggestions() if s["action"] == "merge"]
        if found:
            return found[0]
        self.fail("these reports suggest no merge")

    def test_a_merge_is_applied_undone_and_refused(self):
        s = self.make_one()
        done = self.post("/api/clusters/cleanup", {"apply": True, "ids": [s["id"]]})
        self.assertEqual(done["skipped"], [])
        self.assertEqual(done["applied"][0]["cluster_id"], s["cluster_id"])
        self.assertEqual(self.c.get(f"/api/clusters/{s['other_id']}").json["id"], s["cluster_id"])
        moved = self.c.get(f"/api/trace/{s['there']['id']}").json
        self.assertIn("person", str(moved["steps"][-1]))
        again = self.post("/api/clusters/cleanup", {"apply": True, "ids": [s["id"]]})
        self.assertEqual(again["applied"], [])
        self.assertIn("any more", again["skipped"][0]["reason"])
        self.post(f"/api/actions/{done['applied'][0]['action_id']}/undo")
        self.assertIn(s["id"], [x["id"] for x in self.suggestions()])
        for one in (s["cluster_id"], s["other_id"]):
            page = self.c.get("/api/clusters/analyze", cluster_id=one).json
            self.assertIn(s["id"], [x["id"] for x in page["items"]])
            self.assertEqual((page["looked_at"], page["next_cursor"]), (1, None))
        self.post(f"/api/clusters/{s['cluster_id']}/apart", {"cluster_id": s["other_id"]})
        self.assertNotIn(s["id"], [x["id"] for x in self.suggestions()])
        refused = self.post("/api/clusters/cleanup", {"apply": True, "ids": [s["id"]]})
        self.assertEqual((refused["applied"], len(refused["skipped"])), ([], 1))
        self.server.stop(soul.signal.SIGKILL)
        self.server.start()
        self.c = self.server.client()
        self.assertNotIn(s["id"], [x["id"] for x in self.suggestions()])

    def test_without_ids_only_sure_ones_are_applied(self):
        sure = {s["id"] for s in self.c.get("/api/clusters/analyze", limit=500).json["items"] if s["sure"]}
        done = self.post("/api/clusters/cleanup", {"apply": True, "limit": 500})
        self.assertEqual({d["id"] for d in done["applied"]} | {d["id"] for d in done["skipped"]}, sure)
        for d in done["applied"]:
            self.post(f"/api/actions/{d['action_id']}/undo")

    def test_what_is_wrong_is_refused(self):
        home = self.cluster_of(self.ids["pdf"][0])
        for body in ({"apply": "yes"}, {"ids": []}, {"ids": [1]}, {"limit": 0}, {"limit": 501}, {"no": 1}, [], {"ids": ["x"] * 101}):
            self.assertIn(self.c.post("/api/clusters/cleanup", body).status, (400, 422), body)
        for bad in ("nonsense", "merge:", f"merge:{home}", f"merge:{home}:{home}", f"split:{home}:0123456789abcdef",
                    f"split:{home}:x", f"drop:{home}:{home}", "merge:" + "0" * 36 + ":" + home, ":::", "split:" + "é" * 20):
            got = self.post("/api/clusters/cleanup", {"apply": True, "ids": [bad]})
            self.assertEqual((got["applied"], got["skipped"][0]["id"]), ([], bad))
        for query in ({"limit": 0}, {"limit": 501}, {"limit": "x"}, {"cursor": "nonsense"}):
            self.assertEqual(self.c.get("/api/clusters/analyze", **query).status, 400, query)
        for one, status in (("x", 400), ("0" * 8 + "-0000-7000-8000-" + "0" * 12, 404)):
            self.assertEqual(self.c.get("/api/clusters/analyze", cluster_id=one).status, status, one)
        self.assertEqual(self.c.get("/api/clusters/analyze").json["pending"], 0)

    def test_an_empty_project_has_nothing_to_suggest(self):
        p = self.post("/api/projects", {"name": "empty"}, 201)
        got = self.c.get("/api/clusters/analyze", project_id=p["id"]).json
        self.assertEqual((got["items"], got["clusters"], got["next_cursor"]), ([], 0, None))

    def test_a_cursor_is_data_and_not_a_part_of_the_address(self):
        r = soul.run("analyze", "--cursor", "x&limit=0 y", "--data", self.server.data)
        self.assertEqual(r.returncode, 1, r.stderr)
        self.assertIn("cursor", r.stderr)

    def test_the_command_line_shows_and_applies(self):
        r = soul.run("analyze", "--all", "--data", self.server.data)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertIn("reports in", r.stdout)
        r = soul.run("cleanup", "--data", self.server.data)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertIn("Nothing was changed", r.stdout)


if __name__ == "__main__":
    soul.main()
