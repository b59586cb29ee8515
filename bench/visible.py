"""From a report's acknowledgement to its event `feedback.grouped`: 200 reports a second onto 10,000 that are grouped."""
import http.client
import json
import socket
import threading
import time

from harness import Http, Server, percentile
from transfer import send_batch

RATE, SENDERS = 200, 4


class Feed(threading.Thread):
    """The event stream; notes when each report was told as grouped."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.link, self.seen, self.open = Http(url), {}, True
        self.link.connect()
        self.link.sock.sendall(self.link.head("GET", "/api/events"))
        self.stream = http.client.HTTPResponse(self.link.sock)
        self.stream.begin()

    def run(self):
        kind, text = b"", b""
        while part := self.more():
            now = time.perf_counter()
            *lines, text = (text + part).split(b"\n")
            for line in lines:
                if line.startswith(b"event:"):
                    kind = line[6:].strip()
                elif line.startswith(b"data:") and kind == b"feedback.grouped":
                    self.seen.setdefault(json.loads(line[5:])["data"]["id"], now)

    def more(self):
        try:
            return self.stream.read1(1 << 16)
        except (OSError, ValueError, http.client.HTTPException):
            if self.open:
                raise
            return b""

    def stop(self):
        self.open = False
        self.link.sock.shutdown(socket.SHUT_RDWR)
        self.join()


def send(url, bodies, due, acked, took):
    link = Http(url)
    for body, at in zip(bodies, due):
        wait = at - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        started = time.perf_counter()
        status, reply = link.call("POST", "/api/ingest/manual", body)
        now = time.perf_counter()
        if status != 200:
            raise RuntimeError(f"POST: {status} {reply[:200]!r}")
        acked[json.loads(reply)["id"]] = now
        took.append(now - started)


def run(ctx):
    stored, seconds = (2000, 5) if ctx.quick else (10000, 20)
    n = RATE * seconds
    bodies = [line.rstrip(b"\n").replace(b"@" * 12, b"%012d" % i)
              for i, line in enumerate(open(ctx.input("bodies", n, 3), "rb"))]
    with ctx.folder() as folder, Server(ctx.binary, folder / "data") as server:
        send_batch(server.url, ctx.input("batch", stored))
        waited, left = server.wait_grouped(240)
        ctx.note(f"grouping the first {stored:,} took {waited:.1f} s" + (f"; {left} still wait" if left else ""))
        feed = Feed(server.url)
        feed.start()
        acked, took, first = {}, [], time.perf_counter() + 0.5
        cpu = server.threads_cpu_s()
        threads = [threading.Thread(target=send, args=(server.url, bodies[k::SENDERS],
                                                       [first + i / RATE for i in range(k, n, SENDERS)], acked, took))
                   for k in range(SENDERS)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        behind = time.perf_counter() - first - seconds
        deadline = time.monotonic() + 30
        while len(feed.seen.keys() & acked.keys()) < len(acked) and time.monotonic() < deadline:
            time.sleep(0.05)
        feed.stop()
        used = {t: s - cpu.get(t, 0) for t, s in server.threads_cpu_s().items()}
        missing = [i for i in acked if i not in feed.seen]
        late = [max(0.0, feed.seen[i] - at) * 1e3 for i, at in acked.items() if i in feed.seen]
        # The event tells the truth: what it names is what the report says.
        wrong = sum(server.http.get_json(f"/api/feedback/{i}")["cluster_id"] is None for i in list(acked)[:: max(1, n // 50)])
        if not late:
            ctx.note("no report was told as grouped")
            return
        ctx.row(f"acknowledged to visible, {RATE}/s on {stored:,}, p99", percentile(late, 99), "ms", ("<", 250))
        ctx.row("  p50", percentile(late, 50), "ms")
        ctx.row("  the slowest", max(late), "ms")
        ctx.row("  acknowledgement meanwhile, p99", percentile(took, 99) * 1e3, "ms", p50=percentile(took, 50) * 1e3)
        by = ", ".join(f"{t} {100 * s / seconds:.0f} %" for t, s in sorted(used.items(), key=lambda x: -x[1]) if s / seconds > 0.005)
        ctx.note(f"{len(acked)} sent, {len(missing)} never told, {wrong} without a cluster though told; the senders ended "
                 f"{1e3 * behind:.0f} ms after the plan; CPU by thread: {by}")
