"""Files that are not what they seem: broken feeds, empty backups, a damaged index."""

import os
import sqlite3
import tempfile
import unittest

import soul


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="soul-")
        self.addCleanup(folder.cleanup)
        self.dir = folder.name

    def path(self, name, data=None):
        path = os.path.join(self.dir, name)
        if data is not None:
            with open(path, "wb") as f:
                f.write(data)
        return path

    def test_an_empty_file_is_no_backup(self):
        got = soul.run("restore", self.path("empty.db", b""), "--data", self.path("data"))
        self.assertEqual(got.returncode, 1, got)
        self.assertIn("is empty", got.stderr)
        self.assertFalse(os.path.exists(self.path("data/soulcaster.db")))

    def test_a_folder_that_anything_works_on_is_not_restored_into(self):
        data, backup = self.path("data"), self.path("b.db")
        with soul.Server("--no-worker", data=data) as first:
            first.client().post("/api/ingest/manual", soul.report(1))
            soul.run("backup", backup, "--data", data)
            with soul.Server(data=data) as second:  # two servers on one folder are fine
                for n, server in enumerate((first, second) * 4):
                    self.assertEqual(server.client().post("/api/ingest/manual", soul.report(10 + n)).status, 200)
                soul.grouped(second.client())
                self.assertEqual(first.client().get("/api/stats").json["total_feedback"], 9)
                self.assertEqual(first.client().get("/api/clusters").json["items"], second.client().get("/api/clusters").json["items"])
                first.stop()  # takes serve.json with it: nothing but the lock tells of the second
                got = soul.run("restore", backup, "--data", data, "--force")
                self.assertEqual(got.returncode, 1, got)
                self.assertIn("works here", got.stderr)
                self.assertEqual(second.client().get("/api/stats").json["total_feedback"], 9)
        self.assertEqual(soul.run("restore", backup, "--data", data, "--force").returncode, 0)
        self.assertEqual(os.listdir(data).count("soulcaster.db"), 1)
        self.assertFalse([n for n in os.listdir(data) if n.startswith(("serve.json.new", "restore-"))])

    def test_a_garbled_backup_is_told_in_words(self):
        with soul.Server(data=self.path("live")) as server:
            soul.feed_topics(server.client())
        soul.run("backup", self.path("good.db"), "--data", self.path("live"))
        with open(self.path("good.db"), "rb") as f:
            good = f.read()
        noise = bytes(range(128, 256)) + bytes(range(1, 32)) * 4
        schema = good.index(b"CREATE TABLE")  # the names that SQLite would quote stand around it
        foreign = sqlite3.connect(self.path("foreign.db"))
        foreign.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        foreign.close()
        with open(self.path("foreign.db"), "rb") as f:
            other = f.read()
        cases = {
            "noise": (noise * 40, "is no backup of ours"),
            "text": (b"id,title\n1,Export fails\n" * 50, "is no backup of ours"),
            "foreign": (other, "is no backup of ours"),
            "newer": (good[:60] + b"\0\0\0\x63" + good[64:], "newer version"),
            "schema": (good[:schema - 40] + noise[:200] + good[schema + 160:], "is damaged"),
            "header": (good[:100] + noise + good[100 + len(noise):], "is damaged"),
            "cut": (good[:len(good) // 2], "is damaged"),
            "middle": (good[:len(good) // 2] + noise * 64 + good[len(good) // 2 + len(noise) * 64:], "is damaged"),
        }
        for name, (data, words) in cases.items():
            file = self.path(name + ".bak", data)
            with self.subTest(name):
                got = soul.run("restore", file, "--data", self.path("live"), "--force")
                self.assertEqual((got.returncode, got.stdout), (1, ""), got)
                self.assertIn(words, got.stderr)
                self.assertIn(file, got.stderr)
                self.assertIn("nothing was changed", got.stderr)
                self.assertEqual(got.stderr.count("\n"), 1, got.stderr)
                self.assertNotIn("SQLite", got.stderr)
                self.assertTrue(got.stderr.rstrip("\n").isprintable() and got.stderr.isascii(), got.stderr)
        os.makedirs(self.path("hurt"))
        self.path("hurt/soulcaster.db", cases["schema"][0])
        got = soul.run("clusters", "--data", self.path("hurt"))
        self.assertEqual(got.returncode, 1)
        self.assertTrue(got.stderr.isascii() and got.stderr.replace("\n", "").isprintable(), got.stderr)
        self.assertIn("restore a backup", got.stderr)

    def test_broken_first_lines_cost_themselves_alone(self):
        good = b'{"title": "Export loses the last row"}\n'
        for n, start in enumerate((b'{"title": "cut\nnonsense\n', b"nonsense\n[1]\n", b'{"title": "bell \x07"}\n\xff\xfe\n')):
            feed = self.path(f"feed{n}.jsonl", start + good)
            got = soul.run("ingest", feed, "--data", self.path(f"data{n}"), "--json")
            self.assertEqual(got.returncode, 3, (start, got))
            with open(feed + ".rejects.jsonl", encoding="utf-8") as f:
                self.assertEqual(len(f.readlines()), 2, start)

    def test_a_damaged_index_is_made_again_from_the_texts(self):
        with soul.Server() as server:
            ids = soul.feed_topics(server.client())
            server.stop()
            with sqlite3.connect(os.path.join(server.data, "soulcaster.db")) as db:
                db.execute("UPDATE item SET repr = x'01' WHERE seq % 2 = 1")
            db.close()
            server.start()
            c = server.client()
            for topic, reports in ids.items():
                for n, report in enumerate(reports):
                    found = c.get("/api/search", q=soul.TOPICS[topic][n])
                    self.assertEqual(found.status, 200, found)
                    self.assertIn(report, [i["feedback"]["id"] for i in found.json["items"][:3]])
            self.assertEqual(c.post("/api/ingest/manual", soul.report(1)).status, 200)
            soul.grouped(c)


if __name__ == "__main__":
    soul.main()
