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
