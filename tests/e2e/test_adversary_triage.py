"""Corrections that lean on each other: chains of merges, undo in any order, apart around corners, edits of held reports."""

import unittest

import soul

TITLES = {"pdf": "Export to PDF crashes on Safari", "login": "Login code e-mail never arrives",
          "dark": "Dark mode resets after every update", "map": "Map tiles stay blank when offline"}


class Chains(unittest.TestCase):
    def setUp(self):
        self.server = soul.Server("--lease-ms", "1000")
        self.addCleanup(self.server.close)
        self.c = self.server.client()
        self.ids = {k: self.c.post("/api/ingest/manual", soul.report(k, t, t + ". Please fix it.")).json["id"] for k, t in TITLES.items()}
        soul.grouped(self.c)
        self.home = self.now()
        self.assertEqual(len(set(self.home.values())), len(TITLES))

    def now(self):
        return {k: self.c.get(f"/api/feedback/{i}").json["cluster_id"] for k, i in self.ids.items()}

    def act(self, path, body=None, status=200):
        got = self.c.post(path, body)
        self.assertEqual(got.status, status, (path, got))
        return got.json

    def merge(self, into, *names, status=200):
        return self.act(f"/api/clusters/{self.home[into]}/merge", {"cluster_ids": [self.home[n] for n in names]}, status).get("action_id")

    def undo(self, action):
        return self.act(f"/api/actions/{action}/undo")

    def test_a_chain_of_merges_undone_last_one_first(self):
        first, second = self.merge("pdf", "dark"), self.merge("login", "pdf")
        self.undo(second)
        self.assertEqual(self.undo(first)["moved"], 1)
        self.assertEqual(self.now(), self.home)

    def test_a_chain_of_merges_undone_first_one_first(self):
        first, second = self.merge("pdf", "dark"), self.merge("login", "pdf")
        self.undo(first)  # its report has gone on
        self.undo(second)
        self.assertEqual(self.now(), self.home)
        self.assertEqual({k["id"]: k["count"] for k in soul.every(self.c, "/api/clusters")}, {k: 1 for k in self.home.values()})

    def test_a_move_within_a_merge_undone_last_one_first(self):
        merged = self.merge("pdf", "dark")
        moved = self.act(f"/api/feedback/{self.ids['dark']}/move", {"cluster_id": self.home["login"]})["action_id"]
        self.undo(moved)
        self.undo(merged)
        self.assertEqual(self.now(), self.home)

    def test_what_was_moved_back_by_hand_stays(self):
        merged = self.merge("pdf", "dark")
        self.act(f"/api/feedback/{self.ids['dark']}/move", {"cluster_id": self.home["login"]})
        self.act(f"/api/feedback/{self.ids['dark']}/move", {"cluster_id": self.home["pdf"]})
        self.undo(merged)
        self.assertEqual(self.now()["dark"], self.home["pdf"])

    def test_apart_holds_around_corners(self):
        self.act(f"/api/clusters/{self.home['pdf']}/apart", {"cluster_id": self.home["dark"]})
        self.merge("login", "pdf", "dark", status=409)
        self.assertEqual(self.now(), self.home)
        self.merge("login", "dark")
        self.merge("pdf", "login", status=409)
        self.merge("login", "pdf", status=409)


if __name__ == "__main__":
    soul.main()
