"""POST /api/ingest/batch: 100,000 lines in one request, a result for each, in bounded memory."""

import gzip
import json
import os
import unittest

import soul

LINES = int(os.environ.get("SC_BATCH_LINES", "100000"))
SANITIZED = b"__asan_init" in open(soul.BIN, "rb").read()
WORDS = "export login crash upload photo sync battery widget invoice search filter badge share print theme".split()


def line(n, **more):
    a, b = WORDS[n % len(WORDS)], WORDS[n // len(WORDS) % len(WORDS)]
    return {"source": "generic", "external_id": f"line-{n}", "title": f"The {a} of the {b} fails",
            "body": f"When I use {a} and then {b}, number {n} appears and nothing happens.", **more}


class Batch(unittest.TestCase):
    def send(self, c, body, **headers):
        return c.call("POST", "/api/ingest/batch", body, {"Content-Type": "application/x-ndjson", **headers})

    def test_100000_lines_in_one_request(self):
        # A sanitizer keeps what was freed, 256 MiB of it unless told otherwise: that is not ours.
        options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
        with soul.Server("--no-worker", env={"ASAN_OPTIONS": options}) as s:
            c = s.client(timeout=240)
            lines = 20000 if SANITIZED else LINES
            idle = s.rss_kib("VmRSS")
            body = "".join(json.dumps(line(n)) + "\n" for n in range(lines))
            got = self.send(c, body)
            self.assertEqual(got.status, 200, got)
            results = got.lines
            self.assertEqual(results[-1]["summary"]["ok"], lines)
            self.assertEqual([r["line"] for r in results[:-1]], list(range(1, lines + 1)))
            self.assertTrue(all(r["status"] == "ok" for r in results[:-1]))
            self.assertLess(s.rss_kib() - idle, 96 * 1024, "KiB more at the peak")
            self.assertEqual(c.get("/api/stats").json["total_feedback"], lines)
            again = self.send(c, gzip.compress(body.encode()), **{"Content-Encoding": "gzip"})
            self.assertEqual(again.lines[-1]["summary"]["duplicate"], lines)
            self.assertEqual(c.get("/api/stats").json["total_feedback"], lines)
            over = self.send(c, body + "".join(json.dumps(line(n)) + "\n" for n in range(lines, 100003))) if lines == 100000 else None
            if over:
                self.assertEqual(over.lines[-1]["summary"]["skipped"], 3)

    def test_a_wrong_line_costs_itself_alone(self):
        with soul.Server() as s:
            c = s.client()
            reddit = {"source": "reddit", "payload": {"kind": "t3", "data": {"name": "t3_zz1", "title": "Dark mode is gone", "selftext": ""}}}
            bad = ['{"source":"manual","title":', '{"title":"no source"}', '{"source":"carrier pigeon","title":"x"}', "[]", "5",
                   '{"source":"manual","title":5}', '{"source":"manual","title":"a","title":"b"}', "\x00", '"\ud800"']
            body = "\n".join([json.dumps(line(1)), "", *bad[:7], json.dumps(line(1)), json.dumps(reddit)]).encode()
            body += b"\n\x00\n\xff\xfe{\n" + json.dumps(line(2)).encode()
            got = self.send(c, body)
            self.assertEqual(got.status, 200, got)
            results = got.lines
            summary = results.pop()["summary"]
            self.assertEqual([r["status"] for r in results], ["ok"] + ["error"] * 7 + ["duplicate", "ok", "error", "error", "ok"])
            self.assertEqual(results[0]["id"], results[8]["id"])
            self.assertEqual(summary["error"], 9)
            for r in results:
                if r["status"] == "error":
                    self.assertFalse(r["error"]["retryable"], r)
                    self.assertTrue(r["error"]["detail"], r)
            self.assertEqual(c.get("/api/stats").json["total_feedback"], 3)

    def test_line_numbers_count_blank_lines_or_say_which(self):
        with soul.Server() as s:
            got = self.send(s.client(), "\n\n" + json.dumps(line(1)) + "\nx\n").lines
            self.assertEqual([r.get("line") for r in got[:2]], [3, 4])

    def test_a_line_over_1_mib_is_an_error_of_its_own(self):
        with soul.Server() as s:
            body = json.dumps(line(1, junk="x" * (3 << 20))) + "\n" + json.dumps(line(2)) + "\n"
            got = self.send(s.client(), body).lines
            self.assertEqual([r["status"] for r in got[:2]], ["error", "ok"], got)

    def test_an_unknown_member_is_refused_where_nobody_would_keep_it(self):
        vendor = {"kind": "t3", "data": {"name": "t3_own1", "title": "Dark mode is gone", "selftext": "", "gilded": 3}}
        lines = [  # what is sent, the field at fault
            ({"source": "manual", "title": "Plan lost", "plan": "team"}, "plan"),
            ({"source": "manual", "payload": {"title": "Plan lost", "plan": "team"}}, "payload.plan"),
            ({"source": "reddit", "payload": vendor, "external_id": "mine"}, "external_id"),
            ({"source": "manual", "github_issue_number": 0, "title": "x"}, "github_issue_number"),
            ({"source": "manual", "external_id": "m-1", "title": "Plan kept", "metadata": {"plan": "team"}}, None),
            ({"source": "generic", "external_id": "g-1", "title": "Plan kept", "plan": "team"}, None),
            ({"source": "reddit", "payload": vendor}, None),
            ({"source": "reddit", **vendor}, "duplicate"),
        ]
        with soul.Server("--no-worker") as s:
            c = s.client()
            results = self.send(c, soul.ndjson(sent for sent, _ in lines)).lines
            for (sent, field), got in zip(lines, results):
                if field in (None, "duplicate"):
                    self.assertEqual(got["status"], field or "ok", (sent, got))
                else:
                    self.assertEqual((got["status"], got.get("error", {}).get("field")), ("error", field), (sent, got))
                    self.assertFalse(got["error"]["retryable"])
            for got in results[4:6]:
                self.assertEqual(c.get(f"/api/feedback/{got['id']}").json["metadata"], {"plan": "team"})
            one = c.post("/api/ingest/manual", {"title": "Plan lost", "plan": "team"})
            self.assertEqual((one.status, one.json["field"]), (422, "plan"))

    def test_an_empty_batch(self):
        with soul.Server() as s:
            got = self.send(s.client(), "\n")
            self.assertEqual(got.status, 200, got)
            self.assertEqual(got.lines, [{"summary": {"ok": 0, "duplicate": 0, "filtered": 0, "error": 0, "skipped": 0}}])


if __name__ == "__main__":
    soul.main()
