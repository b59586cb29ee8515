"""Sends a file as one batch, reading the results while it goes."""
import http.client
import json
import os
import threading

from harness import Http


def send_batch(url, path):
    """-> (result lines, summary). Sender and reader are two threads: the server answers while it reads."""
    link = Http(url)
    link.connect()
    size = os.path.getsize(path)

    def send():
        link.sock.sendall(link.head("POST", "/api/ingest/batch",
                                    f"Content-Type: application/x-ndjson\r\nContent-Length: {size}\r\n"))
        with open(path, "rb") as f:
            link.sock.sendfile(f)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    reply = http.client.HTTPResponse(link.sock, method="POST")
    reply.begin()
    lines, tail = 0, b""
    while True:
        part = reply.read1(1 << 18)
        if not part:
            break
        lines += part.count(b"\n")
        tail = (tail + part)[-4096:]
    sender.join()
    link.close()
    if reply.status != 200:
        raise RuntimeError(f"batch: {reply.status} {tail[-300:]!r}")
    return lines - 1, json.loads(tail.strip().splitlines()[-1])["summary"]
