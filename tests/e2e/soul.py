"""What the end-to-end tests share: the real program on port 0, and short ways to talk to it.

SOULCASTER_BIN names the program. Waiting is always for a condition, never for a time alone.
"""

import errno
import http.client
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

BIN = os.environ.get("SOULCASTER_BIN", "build/soulcaster")
KEY = "bootstrap-key-for-tests"
PATIENCE_S = 60.0  # the longest wait for anything that should be quick


def clean_env(**more):
    """The environment without what the caller's shell has set about us."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("SOULCASTER_") or k == "SOULCASTER_SIMD"}
    env.pop("NO_COLOR", None)
    for name in ("REDIS_URL", "UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"):
        env.pop(name, None)
    env.update(SOULCASTER_BOOTSTRAP_KEY=KEY, **more)
    return env


def free_port():
    """Below those that the kernel gives to whoever asks for any: nobody's connection takes it while it is not in use."""
    while True:
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", random.randrange(15_000, 30_000)))
                return s.getsockname()[1]
            except OSError as e:
                if e.errno != errno.EADDRINUSE:
                    raise


def wait_for(what, check, patience_s=PATIENCE_S):
    """Polls check() until it gives something true; returns that."""
    deadline, pause = time.monotonic() + patience_s, 0.002
    while True:
        got = check()
        if got:
            return got
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience_s:.0f} s in vain for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


class Reply:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body
        self.type = (self.headers.get("Content-Type") or "").split(";")[0]

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def lines(self):
        return [json.loads(line) for line in self.body.splitlines() if line.strip()]

    def __repr__(self):
        return f"<{self.status} {self.body[:400]!r}>"


class Client:
    """One keep-alive connection with one key."""

    def __init__(self, server, key=KEY, timeout=PATIENCE_S):
        self.server, self.key = server, key
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=timeout)

    def call(self, method, path, body=None, headers=None, key=..., **query):
        headers = dict(headers or {})
        key = self.key if key is ... else key
        if key and "X-API-Key" not in headers:
            headers["X-API-Key"] = key
        if query:
            path += ("&" if "?" in path else "?") + urllib.parse.urlencode(query)
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            return Reply(response, response.read())
        except Exception:
            self.connection.close()
            raise

    def get(self, path, **query):
        return self.call("GET", path, **query)

    def post(self, path, body=None, **more):
        return self.call("POST", path, body, **more)

    def close(self):
        self.connection.close()


class Server:
    """`soulcaster serve` in a folder of its own."""

    def __init__(self, *options, data=None, env=None, verb="serve", port=0):
        self.folder = None if data else tempfile.TemporaryDirectory(prefix="soul-")
        self.data = data or self.folder.name
        self.options, self.env, self.verb, self.listen = options, env or {}, verb, f"127.0.0.1:{port}"
        self.process = self.log = None
        self.start()

    def start(self):
        self.log = tempfile.TemporaryFile(prefix="soul-log-")
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            [BIN, self.verb, "--data", self.data, "--listen", self.listen, *self.options],
            stdout=subprocess.PIPE, stderr=self.log, env=clean_env(**self.env))
        line = self._first_line()
        self.line = line.decode()
        told = json.loads(line)
        self.up_s = time.monotonic() - self.started_at
        self.url, self.pid = told["url"], told["pid"]
        parts = urllib.parse.urlsplit(self.url)
        self.host, self.port = parts.hostname, parts.port
        return self

    def _first_line(self):
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not start:\n{self.logged()}")
        return line

    def logged(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def client(self, key=KEY, **more):
        return Client(self, key, **more)

    def rss_kib(self, field="VmHWM"):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith(field + ":"))

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def stop(self, sig=signal.SIGTERM, patience_s=PATIENCE_S):
        """Ends it; returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            code = self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not end:\n{self.logged()[-4000:]}") from None
        self.process.stdout.close()
        return code

    def close(self):
        """Ends it in good order; anything else than exit status 0 is a fault of the test."""
        try:
            if self.process.poll() is None or self.process.returncode not in (0, -signal.SIGKILL):
                code = self.stop()
                if code != 0:
                    raise AssertionError(f"exit status {code}:\n{self.logged()[-4000:]}")
        finally:
            self.log.close()
            if self.folder:
                self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def run(*words, stdin=None, env=None, cwd=None, patience_s=120):
    """One command line; returns the CompletedProcess with text."""
    return subprocess.run([BIN, *words], input=stdin, capture_output=True, text=not isinstance(stdin, bytes),
                          env=clean_env(**(env or {})), cwd=cwd, timeout=patience_s, check=False)


def grouped(client, **query):
    """Waits until nothing waits to be grouped."""
    def idle():
        status = client.get("/api/clustering/status", **query).json
        return status["pending_unclustered"] == 0 and status
    return wait_for("grouping", idle)


def every(client, path, **query):
    """All items of a list, page by page."""
    items, cursor = [], None
    while True:
        page = client.get(path, limit=200, **query, **({"cursor": cursor} if cursor else {})).json
        items += page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            return items


def report(n, title="Export fails", body="Saving as PDF ends in an error.", **more):
    return {"external_id": f"r-{n}", "title": title, "body": body, **more}


def ndjson(items):
    return "".join(json.dumps(i) + "\n" for i in items)


# What differs enough to be two issues for any grouping, and what is alike enough to be one.
TOPICS = {
    "pdf": ["Export to PDF crashes on Safari", "PDF export crashes in Safari 18", "Safari crashes when exporting a PDF"],
    "login": ["Login code e-mail never arrives", "The e-mail with the login code never arrives",
              "I never get the e-mail with my login code"],
    "dark": ["Dark mode resets after every update", "After each update dark mode is reset",
             "Update switches dark mode off again"],
}


def feed_topics(client, **query):
    """Stores TOPICS and waits for their grouping; returns {topic: [ids]}."""
    ids = {}
    for topic, titles in TOPICS.items():
        for i, title in enumerate(titles):
            reply = client.post("/api/ingest/manual", report(f"{topic}-{i}", title, title + ". Please fix it."), **query)
            assert reply.status == 200, reply
            ids.setdefault(topic, []).append(reply.json["id"])
    grouped(client, **query)
    return ids


def end_sending(sock):
    """Half-closes; a server that refused and closed already is fine: what it answered can still be read."""
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError as e:
        if e.errno != errno.ENOTCONN:
            raise


def raw_socket(server, timeout=PATIENCE_S):
    s = socket.create_connection((server.host, server.port), timeout=timeout)
    return s


def read_head(s):
    """Status and what came, from a raw connection; 0 when it was closed without an answer."""
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            piece = s.recv(65536)
            if not piece:
                break
            data += piece
    except ConnectionResetError:
        pass
    return (int(data.split(b" ", 2)[1]) if data.startswith(b"HTTP/1.") else 0), data


class Events(threading.Thread):
    """Reads /api/events in the background."""

    def __init__(self, server, key=KEY, **query):
        super().__init__(daemon=True)
        path = "/api/events" + ("?" + urllib.parse.urlencode(query) if query else "")
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE_S)
        self.connection.request("GET", path, headers={"X-API-Key": key})
        self.response = self.connection.getresponse()
        self.events, self.ended = [], False
        self.start()

    def run(self):
        event = {}
        try:
            for line in self.response:
                line = line.decode().rstrip("\r\n")
                if not line:
                    if "data" in event:  # a block without data is no event (retry: 2000)
                        self.events.append(event)
                    event = {}
                elif line and not line.startswith(":"):
                    name, _, value = line.partition(":")
                    event[name] = value.lstrip(" ")
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass
        self.ended = True

    def close(self):
        if self.connection.sock:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.join(10)
        self.connection.close()


def main():
    sys.stdout.reconfigure(line_buffering=True)
    unittest.main(verbosity=1, warnings="ignore")  # sockets that a test leaves open end with it
