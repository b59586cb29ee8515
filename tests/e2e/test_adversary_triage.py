"""Corrections that lean on each other: chains of merges, undo in any order, apart around corners, edits of held reports."""

import unittest

import soul

TITLES = {"pdf": "Export to PDF crashes on Safari", "login": "Login code e-mail never arrives",
          "dark": "Dark mode resets after every update", "map": "Map tiles stay blank when offline"}


class Fixture(unittest.TestCase):
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


class Chains(Fixture):
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


class Edits(Fixture):
    """Reports whose text changes while people and passes decide about them."""

    def edit(self, name, **change):
        got = self.c.call("PUT", f"/api/feedback/{self.ids[name]}", change)
        self.assertEqual(got.status, 200, got)
        return got.json

    def test_a_held_report_stays_when_its_text_changes(self):
        self.act(f"/api/feedback/{self.ids['pdf']}/move", {"cluster_id": self.home["dark"]})
        self.edit("pdf", title=TITLES["login"], body=TITLES["login"] + ". Please fix it.")
        soul.grouped(self.c)
        self.assertEqual(self.now()["pdf"], self.home["dark"])
        self.assertEqual(self.c.get(f"/api/trace/{self.ids['pdf']}").json["steps"][-1]["decision"]["reason"], "held")

    def test_an_issue_survives_the_edit_of_its_only_report(self):
        path = f"/api/clusters/{self.home['map']}"
        self.assertEqual(self.c.call("PATCH", path, {"title": "Maps", "status": "triaged"}).status, 200)
        self.edit("map", title="Zebra stripes flicker in wide tables", body="")
        soul.grouped(self.c)
        self.assertEqual(self.now(), self.home)
        got = self.c.get(path).json
        self.assertEqual((got["title"], got["status"], got["count"]), ("Maps", "triaged", 1), got)
        self.assertEqual(self.c.call("PATCH", path, {"title": ""}).json["title"], "Zebra stripes flicker in wide tables")

    def test_an_issue_takes_its_title_from_the_new_text(self):
        self.edit("map", title="Zebra stripes flicker in wide tables", body="")
        soul.grouped(self.c)
        self.assertIn("Zebra", self.c.get(f"/api/clusters/{self.now()['map']}").json["title"])

    def test_a_merge_in_between_does_not_lose_the_new_text(self):
        self.server.stop()
        self.server.options = ("--no-worker",)
        self.server.start()
        self.c = self.server.client()
        self.edit("login", title="Zebra stripes flicker", body="")
        self.merge("dark", "login")
        self.assertEqual(self.c.get("/api/clustering/status").json["pending_unclustered"], 1)
        worker = soul.subprocess.Popen([soul.BIN, "worker", "--data", self.server.data], env=soul.clean_env(),
                                       stdout=soul.subprocess.DEVNULL, stderr=soul.subprocess.DEVNULL)
        try:
            soul.grouped(self.c)
        finally:
            worker.send_signal(soul.signal.SIGTERM)
            self.assertEqual(worker.wait(soul.PATIENCE_S), 0)
        self.assertEqual(self.now()["login"], self.home["dark"])
        # Another process grouped it: this one's index has the new text all the same.
        found = soul.wait_for("the index", lambda: self.c.get("/api/search", q="zebra stripes").json["items"])
        self.assertEqual(found[0]["feedback"]["id"], self.ids["login"])
        self.assertGreater(found[0]["lexical"], 0)

    def test_edits_at_once_do_not_overwrite_each_other(self):
        path = f"/api/feedback/{self.ids['map']}"

        def put(name, values):
            client = self.server.client()
            for v in values:
                client.call("PUT", path, {name: v})
        threads = [soul.threading.Thread(target=put, args=(n, [f"{n} {i}" for i in range(40)])) for n in ("title", "status", "body", "stack")]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        got = self.c.get(path).json
        self.assertEqual([got[n] for n in ("title", "status", "body", "stack")], [f"{n} 39" for n in ("title", "status", "body", "stack")])


if __name__ == "__main__":
    soul.main()
