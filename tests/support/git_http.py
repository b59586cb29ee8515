#!/usr/bin/env python3
"""The real `git http-backend` behind a loopback server with basic authentication, for tests of what runs git.

usage: git_http.py DIR [PEM]; the token comes on stdin, the URL goes to stdout. DIR/origin.git is served, with TLS where there is a PEM. Other paths answer what
their name says: /s403/..., /hang/..., /moved/... (to another place of this server). Each request leaves a line in DIR/seen:
method, path, whether the token came with it, and in which processes' argv or environment it stands right then.
"""

import base64
import os
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(sys.argv[1])
TOKEN = sys.stdin.readline().strip()
WANT = "Basic " + base64.b64encode(("x-access-token:" + TOKEN).encode()).decode()
NEEDLES = (TOKEN.encode(), WANT[6:].encode())


def exposed():
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        for kind in ("cmdline", "environ"):
            try:
                held = (process / kind).read_bytes()
            except OSError:  # it ended, or is not ours to look into
                continue
            if any(needle in held for needle in NEEDLES):
                found.append(f"{process.name}/{kind}")
    return ",".join(found) or "nowhere"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def note(self):
        told = "token" if self.headers.get("Authorization") == WANT else "none"
        with open(ROOT / "seen", "a", encoding="utf-8") as seen:
            seen.write(f"{self.command} {self.path} {told} {exposed()}\n")
        return told == "token"

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def backend(self, body):
        path, _, query = self.path.partition("?")
        env = {"GIT_PROJECT_ROOT": str(ROOT), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
               "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_USER": "fix",
               "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
               "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
               "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "PATH": os.environ["PATH"],
               "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
        out = subprocess.run(["git", "http-backend"], input=body, env=env, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        head, _, body = out.partition(b"\r\n\r\n")
        status, headers = 200, {}
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            elif name:
                headers[name] = value
        self.answer(status, body, **headers)

    def serve(self):
        allowed = self.note()
        body = self.body()
        first = self.path.split("/")[1]
        if first == "hang":
            threading.Event().wait(600)
        elif first == "moved":
            host = self.headers["Host"].replace("127.0.0.1", "localhost")
            self.answer(301, Location=f"http://{host}/elsewhere{self.path}")
        elif first[0] == "s" and first[1:].isdigit():
            self.answer(int(first[1:]), b"no: " + TOKEN.encode(), Content_Type="text/plain")
        elif not allowed:
            self.answer(401, b"who?", WWW_Authenticate='Basic realm="x"')
        else:
            self.backend(body)

    do_GET = do_POST = serve


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
scheme = "http"
if len(sys.argv) > 2:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[2])
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "https"
print(f"{scheme}://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
