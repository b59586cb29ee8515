"""Starting, answering, stopping, and finding everything again."""

import json
import os
import socket
import stat
import subprocess
import unittest

import soul


def under_way(server):
    """Whether it has another request than the one that asks."""
    return b"soulcaster_http_in_flight 2\n" in server.client().get("/metrics").body


class Serve(unittest.TestCase):
    def test_prints_one_json_line_and_nothing_else(self):
        with soul.Server() as s:
            told = json.loads(s.line)
            self.assertEqual(told["pid"], s.process.pid)
            self.assertTrue(told["url"].startswith("http://127.0.0.1:"), told)
            self.assertNotIn("login_url", told)
            s.process.send_signal(soul.signal.SIGTERM)
            rest = s.process.stdout.read()
            self.assertEqual(s.process.wait(), 0)
            self.assertEqual(rest, b"")

    def test_health_answers_with_and_without_api(self):
        with soul.Server() as s:
            c = s.client(key=None)
            for path in "/health", "/api/health":
                reply = c.get(path)
                self.assertEqual(reply.status, 200, reply)
                self.assertEqual(reply.json["status"], "ok")

    def test_logs_are_json_lines_with_request_ids(self):
        with soul.Server() as s:
            c = s.client()
            reply = c.call("GET", "/api/stats", headers={"X-Request-ID": "my-own-id-1"})
            self.assertEqual(reply.headers["X-Request-ID"], "my-own-id-1")
            made = c.get("/api/stats").headers["X-Request-ID"]
            self.assertTrue(made)
            soul.wait_for("the log", lambda: "my-own-id-1" in s.logged() and made in s.logged())
            for line in s.logged().splitlines():
                json.loads(line)

    def test_sigterm_drains_a_slow_request(self):
        """The head is in and the body half sent when SIGTERM comes: the report is stored all the same."""
        with soul.Server() as s:
            body = json.dumps(soul.report(1)).encode()
            slow = soul.raw_socket(s)
            slow.sendall(b"POST /api/ingest/manual HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\n"
                         b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                         % (soul.KEY.encode(), len(body)) + body[:10])
            soul.wait_for("the request", lambda: under_way(s))
            s.process.send_signal(soul.signal.SIGTERM)
            soul.wait_for("draining", lambda: "stopping" in s.logged())
            slow.sendall(body[10:])
            status, data = soul.read_head(slow)
            self.assertEqual(status, 200, data)
            self.assertEqual(s.process.wait(soul.PATIENCE_S), 0)
            s.stop()
            s.start()
            self.assertEqual(s.client().get("/api/feedback").json["total"], 1)

    def test_a_restart_keeps_everything(self):
        with soul.Server() as s:
            c = s.client()
            ids = soul.feed_topics(c)
            before = {i["id"]: i["cluster_id"] for i in soul.every(c, "/api/feedback")}
            self.assertEqual(len(before), sum(map(len, ids.values())))
            s.stop()
            s.start()
            c = s.client()
            after = {i["id"]: i["cluster_id"] for i in soul.every(c, "/api/feedback")}
            self.assertEqual(before, after)
            self.assertEqual(c.post("/api/ingest/manual", soul.report("pdf-0")).json["status"], "duplicate")

    def test_serve_json_is_private_and_goes_with_the_server(self):
        with soul.Server() as s:
            path = os.path.join(s.data, "serve.json")
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            with open(path, encoding="ascii") as f:
                told = json.load(f)
            self.assertEqual((told["url"], told["pid"]), (s.url, s.pid))
            self.assertEqual(s.client(key=told["key"]).get("/api/projects").status, 200)
            s.stop()
            self.assertFalse(os.path.exists(path))
            s.start()
            self.assertEqual(s.client(key=told["key"]).get("/api/projects").status, 401)

    def test_a_second_server_on_the_same_data_warns(self):
        with soul.Server() as s, soul.Server(data=s.data) as second:
            soul.wait_for("the warning", lambda: "another server" in second.logged())
            self.assertEqual(second.client().get("/api/stats").status, 200)

    def test_a_taken_port_is_said_clearly(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with soul.tempfile.TemporaryDirectory() as data:
                got = soul.run("serve", "--data", data, "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
        self.assertEqual(got.returncode, 1, got)
        self.assertEqual(got.stdout, "")
        self.assertIn("in use", got.stderr.lower())

    def test_a_data_folder_that_cannot_be_is_refused(self):
        with soul.tempfile.NamedTemporaryFile() as f:
            got = soul.run("serve", "--data", f.name, "--listen", "127.0.0.1:0")
        self.assertEqual(got.returncode, 1, got)

    def test_login_link_works_once(self):
        with soul.Server("--login-link") as s:
            url = json.loads(s.line)["login_url"]
            self.assertTrue(url.startswith(s.url + "/login?token="), url)
            c = s.client(key=None)
            first = c.get(url[len(s.url):])
            self.assertEqual(first.status, 303, first)
            cookie = first.headers["Set-Cookie"].split(";")[0]
            self.assertIn("HttpOnly", first.headers["Set-Cookie"])
            stats = c.call("GET", "/api/stats", headers={"Cookie": cookie})
            self.assertEqual(stats.status, 200, stats)
            self.assertNotEqual(c.get(url[len(s.url):]).status, 303)

    def test_second_signal_ends_at_once(self):
        with soul.Server("--drain-ms", "600000") as s:
            slow = soul.raw_socket(s)
            slow.sendall(b"POST /api/ingest/manual HTTP/1.1\r\nHost: x\r\nX-API-Key: " + soul.KEY.encode() +
                         b"\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
            soul.wait_for("the request", lambda: under_way(s))
            s.process.send_signal(soul.signal.SIGTERM)
            soul.wait_for("draining", lambda: "stopping" in s.logged())
            self.assertIsNone(s.process.poll())
            s.process.send_signal(soul.signal.SIGTERM)
            s.process.wait(soul.PATIENCE_S)
            s.process.returncode = 0  # ended by the second signal, as it should
            s.process.stdout.close()

    def test_full_output_is_an_error(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            got = subprocess.run([soul.BIN, "help"], stdout=full, stderr=subprocess.PIPE, env=soul.clean_env(), check=False)
        self.assertEqual(got.returncode, 1)


if __name__ == "__main__":
    soul.main()
