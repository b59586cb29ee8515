"""Bad input and bad manners: a clear answer, nothing lost, and the server goes on."""

import gzip
import json
import os
import resource
import socket
import unittest

import soul

KEY = soul.KEY.encode()


def head(path=b"/api/ingest/manual", method=b"POST", extra=b""):
    return method + b" " + path + b" HTTP/1.1\r\nHost: x\r\nX-API-Key: " + KEY + b"\r\nContent-Type: application/json\r\n" + extra


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = soul.Server("--head-timeout-ms", "2000", "--max-connections-per-address", "4000", "--max-connections", "4000")
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.c = self.server.client()

    def tearDown(self):
        """Whatever happened: it answers."""
        self.assertEqual(self.server.client().get("/health").status, 200)
        self.assertIsNone(self.server.process.poll())

    def post(self, body, path="/api/ingest/manual", **headers):
        return self.c.call("POST", path, body, {"Content-Type": "application/json", **headers})

    def test_bodies_that_are_not_json_as_we_take_it(self):
        deep = b"[" * 10000 + b"]" * 10000
        cases = [b'{"title":"\xff\xfe"}', b'{"title":"\xed\xa0\x80"}', b'{"title":"\\ud800"}', b'{"title":"a\x00b"}', b'{"title":"\\u0000"}',
                 deep, b'{"title":"x","metadata":' + b'{"a":' * 10000 + b"1" + b"}" * 10000 + b"}", b'{"title":"a","title":"b"}',
                 b"null", b"true", b'"title"', b"[]", b"\xef\xbb\xbf{}", b"{'title': 'x'}", b'{"title": "x",}', b"NaN", b"\x00" * 100,
                 b'{"title":"x","metadata":{"n":1e999}}', b'{"title":"x","metadata":{"n":' + b"9" * 5000 + b"}}"]
        for body in cases:
            got = self.post(body)
            self.assertIn(got.status, (400, 422), (body[:60], got))
            self.assertEqual(got.type, "application/problem+json")
            self.assertTrue(got.json["detail"])

    def test_strange_but_fine(self):
        server = soul.Server()
        self.addCleanup(server.close)
        c = server.client()
        for n, title in enumerate(["\u202egnirts", "\U0001f9ff" * 20, "a\u0301" * 100, "\ufeffx", "<script>alert(1)</script>", "'; DROP TABLE feedback; --",
                                   "\x1b[31mred\x1b[0m", "%n%s%x", "../../etc/passwd", "\u0000".replace("\u0000", "nul"), "x" * 1000]):
            got = c.post("/api/ingest/manual", {"external_id": f"strange-{n}", "title": title, "body": title * 5})
            self.assertEqual(got.status, 200, (title[:40], got))
        soul.grouped(c)
        self.assertEqual(c.get("/api/dead-letters").json["items"], [])

    def test_queries_that_are_strange(self):
        for path in ("/api/feedback?limit=0", "/api/feedback?limit=99999999999999999999", "/api/feedback?limit=-1", "/api/feedback?limit=1e3",
                     "/api/feedback?cursor=%00", "/api/feedback?cursor=AAAA", "/api/feedback?since=never", "/api/feedback?source=pigeon",
                     "/api/clusters?status=happy", "/api/clusters?sort=colour", "/api/feedback/not-an-id", "/api/feedback?surprise=1&limit=1&limit=2"):
            got = self.c.get(path)
            self.assertIn(got.status, (200, 400, 422), (path, got)) if "surprise" in path else self.assertIn(got.status, (400, 404, 422), (path, got))
        for query in "'\"()*:^-", "a" * 1999, "\U0001f600", "AND OR NOT", "\x01\x02":
            self.assertIn(self.c.get("/api/search", q=query).status, (200, 400), query)
        self.assertEqual(self.c.get("/api/search", q="a" * 2001).status, 400)
        self.assertEqual(self.c.call("GET", "/%00").status // 100, 4)
        self.assertEqual(self.c.call("GET", "/../../etc/passwd").status // 100, 4)

    def test_a_50_mb_body_is_413_and_not_kept(self):
        before = self.server.rss_kib("VmRSS")
        s = soul.raw_socket(self.server)
        s.sendall(head(extra=b"Content-Length: 52428800\r\n\r\n"))
        status, data = soul.read_head(s)
        self.assertEqual(status, 413, data)
        s.close()
        s = soul.raw_socket(self.server)  # the same without saying so first
        s.sendall(head(extra=b"Transfer-Encoding: chunked\r\n\r\n"))
        try:
            for _ in range(50):
                s.sendall(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        status, data = soul.read_head(s)
        self.assertIn(status, (413, 0), data)
        s.close()
        self.assertLess(self.server.rss_kib("VmRSS") - before, 32 * 1024)

    def test_bombs(self):
        small = gzip.compress(b'{"title":"' + b"x" * (40 << 20) + b'"}')
        got = self.post(small, **{"Content-Encoding": "gzip"})
        self.assertEqual(got.status, 413, got)
        got = self.post(gzip.compress(gzip.compress(b"x" * (10 << 20))), **{"Content-Encoding": "gzip, gzip"})
        self.assertEqual(got.status, 415, got)
        for broken in small[:100], b"\x1f\x8b" + os.urandom(200), b"plain":
            got = self.post(broken, **{"Content-Encoding": "gzip"})
            self.assertIn(got.status, (400, 413), got)
        self.assertEqual(self.post(b"{}", **{"Content-Encoding": "br"}).status, 415)

    def test_half_sent_requests_and_slow_heads_end(self):
        sockets = []
        for part in b"", b"G", head()[:30], head(extra=b"Content-Length: 100\r\n\r\n{"):
            s = soul.raw_socket(self.server, timeout=30)
            s.sendall(part)
            sockets.append((part, s))
        for part, s in sockets:
            status, data = soul.read_head(s)
            self.assertIn(status, (0, 400, 408), (part[:40], data))
            s.close()

    def test_slowloris(self):
        """A byte now and then does not keep a head open."""
        s = soul.raw_socket(self.server, timeout=30)
        s.sendall(head()[:-2])

        def ended():
            try:
                s.sendall(b"X-A: b\r\n")
                s.recv(4096, socket.MSG_DONTWAIT)  # an answer, or the end
                return True
            except BlockingIOError:
                return False
            except (BrokenPipeError, ConnectionResetError):
                return True
        soul.wait_for("the end of the head", ended)
        s.close()

    def test_nonsense_instead_of_http(self):
        for junk in b"\x16\x03\x01\x02\x00" + os.urandom(100), b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 1000, b"A" * 100000, os.urandom(5000):
            s = soul.raw_socket(self.server, timeout=30)
            try:
                s.sendall(junk)
                soul.end_sending(s)
                status, data = soul.read_head(s)
                self.assertTrue(status == 0 or status >= 400, (junk[:20], data[:200]))
            except (BrokenPipeError, ConnectionResetError):
                pass
            s.close()

    def test_two_lengths_and_smuggling(self):
        for extra in (b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}   ", b"Content-Length: -1\r\n\r\n", b"Content-Length: 99999999999999999999999\r\n\r\n",
                      b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n"):
            s = soul.raw_socket(self.server, timeout=30)
            s.sendall(head(extra=extra))
            soul.end_sending(s)
            status, data = soul.read_head(s)
            self.assertTrue(status == 0 or 400 <= status < 500, (extra, data[:200]))
            s.close()

    def test_2000_idle_connections(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        want = 2300
        if hard != resource.RLIM_INFINITY and hard < want:
            self.skipTest(f"only {hard} open files are allowed here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, want), hard))
        idle = [soul.raw_socket(self.server) for _ in range(2000)]
        try:
            got = self.c.post("/api/ingest/manual", soul.report("amid-2000"))
            self.assertEqual(got.status, 200, got)
        finally:
            for s in idle:
                s.close()
        soul.wait_for("the connections' end", lambda: self.server.open_files() < 200)

    def test_a_client_that_goes_away_loses_nothing_of_others(self):
        for _ in range(50):
            s = soul.raw_socket(self.server)
            s.sendall(head(extra=b"Content-Length: 40\r\n\r\n{\"title\":"))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            s.close()
        self.assertEqual(self.c.post("/api/ingest/manual", soul.report("survivor")).status, 200)

    def test_a_reader_that_does_not_read(self):
        """A batch whose results nobody takes costs bounded memory."""
        before = self.server.rss_kib("VmRSS")
        body = soul.ndjson({"source": "generic", "external_id": f"nr-{n}", "title": f"t {n}"} for n in range(20000)).encode()
        s = soul.raw_socket(self.server)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(5)
        try:
            s.sendall(head(b"/api/ingest/batch").replace(b"application/json", b"application/x-ndjson") + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        except OSError:
            pass
        soul.wait_for("the lines", lambda: self.c.get("/api/stats").json["total_feedback"] > 0)
        self.assertLess(self.server.rss_kib("VmRSS") - before, 128 * 1024)
        s.close()

    def test_webhook_with_wrong_signatures_in_bulk(self):
        hook = self.server.client(key=None)
        for n in range(50):
            got = hook.call("POST", "/api/ingest/sentry", json.dumps({"n": n}), {"Content-Type": "application/json", "Sentry-Hook-Signature": "0" * n})
            self.assertIn(got.status, (401, 403), got)


if __name__ == "__main__":
    soul.main()
