"""Single reports: manual, Reddit; duplicates; compression; what is wrong is named."""

import gzip
import json
import threading
import unittest

import soul


class Ingest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = soul.Server()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.c = self.server.client()

    def test_a_report_comes_back_as_it_went_in(self):
        sent = {"external_id": "whole", "title": "Export fails", "body": "Zeile 1\nZeile 2 \u2603 \U0001f600", "url": "https://example.com/1",
                "metadata": {"plan": "team", "n": [1, 2.5, None, True]}, "created_at": "2026-10-01T10:00:00+02:00"}
        got = self.c.post("/api/ingest/manual", sent)
        self.assertEqual((got.status, got.json["status"]), (200, "ok"), got)
        item = self.c.get(f"/api/feedback/{got.json['id']}").json
        for name in "external_id", "title", "body", "url", "metadata":
            self.assertEqual(item[name], sent[name])
        self.assertEqual(item["created_at"][:19], "2026-10-01T08:00:00")
        self.assertEqual(item["source"], "manual")
        self.assertEqual(item["raw_text"], sent["title"] + "\n\n" + sent["body"])

    def test_it_is_in_an_issue_within_a_second(self):
        got = self.c.post("/api/ingest/manual", soul.report("quick", "Unique quick marmalade jam")).json
        item = soul.wait_for("its issue", lambda: self.c.get(f"/api/feedback/{got['id']}").json["cluster_id"], 1.0)
        self.assertTrue(item)

    def test_the_same_id_again_is_a_duplicate_with_the_first_id(self):
        first = self.c.post("/api/ingest/manual", soul.report("twice")).json
        again = self.c.post("/api/ingest/manual", soul.report("twice", "Another text")).json
        self.assertEqual((again["status"], again["id"]), ("duplicate", first["id"]))

    def test_the_same_id_at_the_same_time_is_stored_once(self):
        answers = []

        def send():
            answers.append(self.server.client().post("/api/ingest/manual", soul.report("race")).json)
        threads = [threading.Thread(target=send) for _ in range(16)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(a["status"] for a in answers).count("ok"), 1, answers)
        self.assertEqual(len({a["id"] for a in answers}), 1)

    def test_without_an_id_two_reports_are_two(self):
        ids = {self.c.post("/api/ingest/manual", {"text": "same words"}).json["id"] for _ in range(2)}
        self.assertEqual(len(ids), 2)

    def test_a_missing_title_is_the_first_line(self):
        got = self.c.post("/api/ingest/manual", {"text": "The first line\nand the rest"}).json
        self.assertEqual(self.c.get(f"/api/feedback/{got['id']}").json["title"], "The first line")

    def test_what_names_something_holds_no_control_characters(self):
        for field in "external_id", "repo", "status":
            for hidden in "a\nb", "\x1b[2J", "\x7f", "a\x85b":
                got = self.c.post("/api/ingest/manual", {"text": "x", field: hidden})
                self.assertEqual((got.status, got.json["field"]), (422, field), got)
            got = self.c.call("POST", "/api/ingest/batch", json.dumps({"source": "generic", "text": "x", field: "a\tb"}),
                              {"Content-Type": "application/x-ndjson"}).lines[0]
            self.assertEqual((got["status"], got["error"]["field"]), ("error", field), got)
        stored = self.c.post("/api/ingest/manual", {"text": "x", "repo": "acme/sh\u00f6p", "external_id": "Z\u00c2 1"}).json["id"]
        got = self.c.call("PUT", f"/api/feedback/{stored}", {"status": "open\x07"})
        self.assertEqual((got.status, got.json["field"]), (422, "status"), got)
        got = self.c.post("/api/keys", {"name": "ci\n", "scopes": ["read"]})
        self.assertEqual((got.status, got.json["field"]), (422, "name"), got)

    def test_gzip_body(self):
        body = gzip.compress(json.dumps(soul.report("gz")).encode())
        got = self.c.call("POST", "/api/ingest/manual", body,
                          {"Content-Type": "application/json", "Content-Encoding": "gzip"})
        self.assertEqual((got.status, got.json["status"]), (200, "ok"), got)

    def test_reddit_listing(self):
        child = {"kind": "t3", "data": {"name": "t3_abc123", "title": "App logs me out", "selftext": "Since 4.2.",
                                        "subreddit": "exampleapp", "created_utc": 1793600000, "author": "someone",
                                        "permalink": "/r/exampleapp/comments/abc123/app/"}}
        listing = {"kind": "Listing", "data": {"children": [child, {**child, "data": {**child["data"], "name": "t3_abc124"}}]}}
        got = self.c.post("/api/ingest/reddit", listing)
        self.assertEqual(got.status, 200, got)
        self.assertEqual([i["status"] for i in got.json["items"]], ["ok", "ok"])
        item = self.c.get(f"/api/feedback/{got.json['items'][0]['id']}").json
        self.assertEqual((item["source"], item["external_id"]), ("reddit", "t3_abc123"))
        one = self.c.post("/api/ingest/reddit", child).json
        self.assertEqual((one["status"], one["id"]), ("duplicate", item["id"]))

    def test_what_is_wrong_is_named(self):
        cases = [({}, None), ({"title": 5}, "title"), ({"title": "x", "created_at": "yesterday"}, "created_at"),
                 ({"title": "x" * 1001}, "title"), ({"title": "x", "surprise": 1}, "surprise"),
                 ({"title": "x", "url": "javascript:alert(1)"}, "url"), ({"title": "x", "metadata": []}, "metadata")]
        for body, field in cases:
            got = self.c.post("/api/ingest/manual", body)
            self.assertEqual(got.status, 422, (body, got))
            self.assertEqual(got.type, "application/problem+json")
            problem = got.json
            self.assertEqual(problem["status"], 422)
            self.assertEqual(problem["request_id"], got.headers["X-Request-ID"])
            if field:
                self.assertIn(field, problem.get("field", ""), problem)

    def test_what_cannot_be_read_is_400(self):
        for body in b"", b"{", b"[1,", b'{"title":"a"}x', b"\xff\xfe", b'{"title":"a","title":"b"}':
            got = self.c.call("POST", "/api/ingest/manual", body, {"Content-Type": "application/json"})
            self.assertEqual(got.status, 400, (body, got))

    def test_other_content_types_are_415(self):
        got = self.c.call("POST", "/api/ingest/manual", b"title=x", {"Content-Type": "text/csv"})
        self.assertEqual(got.status, 415, got)

    def test_unknown_paths_and_methods(self):
        self.assertEqual(self.c.get("/api/nothing").status, 404)
        got = self.c.call("DELETE", "/api/ingest/manual")
        self.assertEqual(got.status, 405, got)
        self.assertIn("POST", got.headers["Allow"])

    def test_a_changed_report_is_grouped_again(self):
        got = self.c.post("/api/ingest/manual", soul.report("edit", "Zebra crossing lights flicker")).json
        soul.grouped(self.c)
        before = self.c.get(f"/api/feedback/{got['id']}").json
        put = self.c.call("PUT", f"/api/feedback/{got['id']}", {"title": "Quokka photographs upside down", "body": "Every quokka is upside down."})
        self.assertEqual(put.status, 200, put)
        self.assertEqual(put.json["title"], "Quokka photographs upside down")
        soul.grouped(self.c)
        after = self.c.get(f"/api/feedback/{got['id']}").json
        self.assertEqual(after["state"], "grouped")
        self.assertTrue(before["cluster_id"] and after["cluster_id"])


if __name__ == "__main__":
    soul.main()
