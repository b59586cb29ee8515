"""Merge, split, move, never together, undo: obeyed by every later pass and after a restart."""

import unittest

import soul


class Triage(unittest.TestCase):
    def setUp(self):
        self.server = soul.Server("--lease-ms", "1000")
        self.addCleanup(self.server.close)
        self.c = self.server.client()
        self.ids = soul.feed_topics(self.c)

    def restart(self, sig=soul.signal.SIGTERM):
        self.server.stop(sig)
        self.server.start()
        self.c = self.server.client()

    def cluster_of(self, feedback_id):
        return self.c.get(f"/api/feedback/{feedback_id}").json["cluster_id"]

    def clusters_of(self, topic):
        return {self.cluster_of(i) for i in self.ids[topic]}

    def act(self, path, body=None, status=200):
        got = self.c.post(path, body)
        self.assertEqual(got.status, status, (path, got))
        return got.json

    def push(self, topic, n):
        """More reports of a topic; they may tempt later passes."""
        for i in range(n):
            title = soul.TOPICS[topic][i % 3]
            self.assertEqual(self.c.post("/api/ingest/manual", soul.report(f"more-{topic}-{i}", title, f"{title}. Please fix it, {i} times.")).status, 200)
        self.act("/api/cluster-jobs", status=202)
        soul.grouped(self.c)

    def test_topics_are_told_apart(self):
        seen = [self.clusters_of(t) for t in soul.TOPICS]
        self.assertEqual(len(set.union(*seen)), sum(map(len, seen)), "an issue holds two topics")

    def test_merge_holds_and_the_old_id_leads_to_the_new_issue(self):
        into, gone = self.cluster_of(self.ids["pdf"][0]), self.cluster_of(self.ids["dark"][0])
        done = self.act(f"/api/clusters/{into}/merge", {"cluster_ids": [gone]})
        self.assertEqual(done["cluster_id"], into)
        self.assertEqual(self.cluster_of(self.ids["dark"][0]), into)
        self.push("dark", 6)
        self.restart(soul.signal.SIGKILL)
        self.push("pdf", 6)
        self.assertEqual(self.cluster_of(self.ids["dark"][0]), into)
        old = self.c.get(f"/api/clusters/{gone}").json
        self.assertEqual((old["id"], old["moved_from"]), (into, gone))
        self.assertNotIn(gone, [k["id"] for k in soul.every(self.c, "/api/clusters")])

    def merge_all(self, topic):
        first, *rest = self.clusters_of(topic)
        if rest:
            self.act(f"/api/clusters/{first}/merge", {"cluster_ids": rest})
        return first

    def test_split_holds(self):
        whole = self.merge_all("pdf")
        off = self.ids["pdf"][0]
        done = self.act(f"/api/clusters/{whole}/split", {"feedback_ids": [off]})
        self.assertNotEqual(done["cluster_id"], whole)
        self.assertEqual(self.cluster_of(off), done["cluster_id"])
        self.push("pdf", 6)
        self.restart(soul.signal.SIGKILL)
        self.push("pdf", 9)
        self.assertEqual(self.cluster_of(off), done["cluster_id"])
        self.assertNotEqual(self.cluster_of(self.ids["pdf"][1]), done["cluster_id"])
        refused = self.c.post(f"/api/clusters/{whole}/merge", {"cluster_ids": [done["cluster_id"]]})
        self.assertEqual(refused.status, 409, refused)

    def test_move_holds_and_never_goes_back(self):
        one, home, away = self.ids["login"][0], self.cluster_of(self.ids["login"][0]), self.cluster_of(self.ids["dark"][0])
        self.act(f"/api/feedback/{one}/move", {"cluster_id": away})
        self.assertEqual(self.cluster_of(one), away)
        self.push("login", 6)
        self.restart()
        self.push("login", 9)
        self.assertEqual(self.cluster_of(one), away)
        self.assertNotEqual(self.cluster_of(one), home)
        alone = self.act(f"/api/feedback/{one}/move", {"cluster_id": None})
        self.assertEqual(self.cluster_of(one), alone["cluster_id"])
        self.push("dark", 6)
        self.assertEqual(self.cluster_of(one), alone["cluster_id"])

    def test_a_report_that_still_waits_is_put_where_a_person_wants_it(self):
        quiet = soul.Server("--no-worker", "--tidy-ms", "0")
        self.addCleanup(quiet.close)
        c = quiet.client()
        title = soul.TOPICS["pdf"][0]
        ids = [c.post("/api/ingest/manual", soul.report(f"w{i}", title, f"{title} {i}")).json["id"] for i in range(4)]
        where = lambda i: c.get(f"/api/feedback/{ids[i]}").json
        self.assertEqual({where(i)["state"] for i in range(4)}, {"pending"})
        moves = [c.post(f"/api/feedback/{i}/move", {"cluster_id": None}) for i in ids[:2]]
        self.assertEqual([m.status for m in moves], [200, 200], moves)
        first, second = (m.json["cluster_id"] for m in moves)
        self.assertEqual([(where(i)["state"], where(i)["cluster_id"]) for i in range(2)], [("grouped", first), ("grouped", second)])
        self.assertNotEqual(first, second)
        for i, to in (2, first), (3, second):
            moved = c.post(f"/api/feedback/{ids[i]}/move", {"cluster_id": to})
            self.assertEqual((moved.status, moved.json["cluster_id"], where(i)["cluster_id"]), (200, to, to), moved)
            self.assertEqual(c.post(f"/api/actions/{moved.json['action_id']}/undo").status, 200)

    def test_never_together(self):
        a = self.merge_all("pdf")
        b = self.act(f"/api/feedback/{self.ids['pdf'][2]}/move", {"cluster_id": None})["cluster_id"]
        self.act(f"/api/clusters/{a}/apart", {"cluster_id": b})
        self.restart(soul.signal.SIGKILL)
        self.push("pdf", 9)
        self.assertEqual(self.cluster_of(self.ids["pdf"][2]), b)
        self.assertEqual(self.cluster_of(self.ids["pdf"][0]), a)
        candidates = self.c.get(f"/api/clusters/{a}/candidates").json["items"]
        self.assertTrue([k for k in candidates if k["cluster"]["id"] == b and k["apart"]] or
                        not [k for k in candidates if k["cluster"]["id"] == b])

    def test_undo_brings_back_what_was(self):
        before = {i: self.cluster_of(i) for t in self.ids.values() for i in t}
        into, gone = before[self.ids["pdf"][0]], before[self.ids["dark"][0]]
        merged = self.act(f"/api/clusters/{into}/merge", {"cluster_ids": [gone]})
        self.restart()
        self.act(f"/api/actions/{merged['action_id']}/undo")
        self.assertEqual({i: self.cluster_of(i) for i in before}, before)
        again = self.c.post(f"/api/actions/{merged['action_id']}/undo")
        self.assertIn(again.status, (404, 409), again)

    def test_status_title_and_versions(self):
        cluster = self.cluster_of(self.ids["pdf"][0])
        version = self.c.get(f"/api/clusters/{cluster}").json["version"]
        got = self.c.call("PATCH", f"/api/clusters/{cluster}", {"title": "PDF export is broken", "status": "triaged", "version": version})
        self.assertEqual((got.status, got.json["title"], got.json["status"], got.json["title_locked"]), (200, "PDF export is broken", "triaged", True), got)
        stale = self.c.call("PATCH", f"/api/clusters/{cluster}", {"status": "ignored", "version": version})
        self.assertEqual(stale.status, 409, stale)
        self.push("pdf", 6)
        self.assertEqual(self.c.get(f"/api/clusters/{cluster}").json["title"], "PDF export is broken")

    def test_a_report_for_a_resolved_issue_is_a_regression(self):
        cluster = self.merge_all("pdf")
        got = self.c.call("PATCH", f"/api/clusters/{cluster}", {"status": "resolved"})
        self.assertEqual((got.status, got.json["status"]), (200, "resolved"), got)
        title = soul.TOPICS["pdf"][0]
        again = self.c.post("/api/ingest/manual", soul.report("again", title, title + ". Please fix it.")).json["id"]
        soul.grouped(self.c)
        self.assertEqual(self.cluster_of(again), cluster)
        self.assertEqual(self.c.get(f"/api/clusters/{cluster}").json["status"], "regressed")

    def test_trace_says_who_did_what(self):
        one = self.ids["pdf"][0]
        self.act(f"/api/feedback/{one}/move", {"cluster_id": None})
        trace = self.c.get(f"/api/trace/{one}").json
        decisions = [s["decision"] for s in trace["steps"] if s["decision"]]
        self.assertGreaterEqual(len(decisions), 2)
        self.assertEqual(decisions[-1]["reason"], "person_moved")
        self.assertEqual(decisions[-1]["actor"], "bootstrap")
        self.assertTrue(all(s["words"] for s in trace["steps"]))

    def test_wrong_requests(self):
        cluster, other = self.cluster_of(self.ids["pdf"][0]), self.ids["dark"][0]
        for path, body in ((f"/api/clusters/{cluster}/merge", {"cluster_ids": [cluster]}), (f"/api/clusters/{cluster}/merge", {"cluster_ids": []}),
                           (f"/api/clusters/{cluster}/split", {"feedback_ids": [other]}), (f"/api/clusters/{cluster}/apart", {"cluster_id": cluster})):
            self.assertEqual(self.c.post(path, body).status, 422, path)
        self.assertIn(self.c.post("/api/clusters/not-an-id/merge", {"cluster_ids": [cluster]}).status, (404, 422))


if __name__ == "__main__":
    soul.main()
