"""What the benches share: a server under test, HTTP, wrk, the disk's speed, and rows of results.

A bench is a module with `run(ctx)`; it adds rows with `ctx.row(...)`. Only the standard library.
"""
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import reports

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
KEY = "bench-key-of-the-benchmarks"


class Skip(Exception):
    """The bench, or a part of it, cannot run here; the text says why."""


# ---- HTTP over one kept-alive connection, with as little work on our side as may be ---------------


class Http:
    def __init__(self, url, key=KEY):
        host, port = re.match(r"http://([^:/]+):(\d+)", url).groups()
        self.address, self.key, self.sock = (host, int(port)), key, None
        self.host = f"{host}:{port}"

    def connect(self):
        self.sock = socket.create_connection(self.address, timeout=600)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def head(self, method, path, more=""):
        return (f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nX-API-Key: {self.key}\r\n{more}\r\n").encode()

    def call(self, method, path, body=None):
        """-> (status, body). Bodies of replies have a Content-Length here; streams go through `stream`."""
        if not self.sock:
            self.connect()
        data = self.head(method, path, "" if body is None else
                         f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n")
        self.sock.sendall(data + body if body else data)
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.more()
        head, _, rest = got.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)[1])
        parts, have = [rest], len(rest)
        while have < length:
            parts.append(self.more())
            have += len(parts[-1])
        return int(head[9:12]), b"".join(parts)

    def more(self):
        part = self.sock.recv(1 << 18)
        if not part:
            raise RuntimeError("the server closed the connection")
        return part

    def get(self, path):
        status, body = self.call("GET", path)
        if status != 200:
            raise RuntimeError(f"GET {path}: {status} {body[:300]!r}")
        return body

    def get_json(self, path):
        return json.loads(self.get(path))

    def close(self):
        if self.sock:
            self.sock.close()
        self.sock = None


# ---- The server under test -----------------------------------------------------------------------


class Server:
    """soulcaster serve on a port of its own; `with` ends it. Its log goes to a file beside the data."""

    def __init__(self, binary, data, *args, env=None):
        self.data = Path(data)
        self.log = open(self.data.with_suffix(".log"), "ab")
        started = time.perf_counter()
        self.process = subprocess.Popen(
            [binary, "serve", "--data", str(data), "--listen", "127.0.0.1:0", *args], stdout=subprocess.PIPE,
            stderr=self.log, env={**os.environ, "SOULCASTER_BOOTSTRAP_KEY": KEY, **(env or {})})
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise RuntimeError(f"the server did not start: {Path(self.log.name).read_text()[-500:]}")
        self.url, self.pid = json.loads(line)["url"], self.process.pid
        self.http = Http(self.url)
        try:
            self.http.get("/health")
        except Exception:
            self.stop()
            raise
        self.start_s = time.perf_counter() - started

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def metrics(self):
        found = {}
        for line in self.http.get("/metrics").decode().splitlines():
            if line and line[0] != "#":
                name, _, value = line.rpartition(" ")
                found[name] = float(value)
        return found

    def memory_mib(self, which="VmRSS"):  # or VmHWM, the peak
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return int(re.search(rf"{which}:\s+(\d+)", f.read())[1]) / 1024

    def reset_peak(self):
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as f:
            f.write("5")

    def threads_cpu_s(self):
        """CPU seconds by thread name."""
        found = {}
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            try:
                ran_ns = int((task / "schedstat").read_text().split()[0])
                name = (task / "comm").read_text().strip()
            except OSError:
                continue
            found[name] = found.get(name, 0) + ran_ns / 1e9
        return found

    def pending(self):
        return self.http.get_json("/api/stats")["pending"]

    def wait_grouped(self, limit_s, look_s=0.1):
        """Waits until no report is pending -> (seconds, how many are left)."""
        started = time.perf_counter()
        while True:
            left = self.pending()
            waited = time.perf_counter() - started
            if not left or waited > limit_s:
                return waited, left
            time.sleep(look_s if waited < 5 else max(look_s, 0.1))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def busy_share(seconds=1.0):
    """How much of all cores was in use, 0..1."""
    def read():
        f = [int(x) for x in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return sum(f), f[3] + f[4]
    total, idle = read()
    time.sleep(seconds)
    total_after, idle_after = read()
    return 1 - (idle_after - idle) / max(1, total_after - total)


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))]


def median(values):
    return percentile(values, 50)


# ---- One run of the benches ------------------------------------------------------------------------


class Context:
    def __init__(self, build, quick, items=None, keep=None):
        self.build, self.quick, self.items, self.keep = Path(build).resolve(), quick, items, keep
        self.rows, self.bench, self.notes = [], "", []
        self.binary = str(self.build / "soulcaster")
        self.cache = self.build / "bench" / "cache"  # on the same disk as what is measured
        self.cache.mkdir(parents=True, exist_ok=True)
        self.where = self.facts()
        self.others = 0.0  # share of the cores that something else used when the bench began

    @staticmethod
    def facts():
        def git(*args):
            r = subprocess.run(["git", "-C", str(ROOT), *args], capture_output=True, text=True, check=False)
            return r.stdout.strip()
        cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        return {
            "commit": git("rev-parse", "--short", "HEAD") + ("+changes" if git("status", "--porcelain", "src") else ""),
            "cpu": cpu[1] if cpu else platform.machine(),
            "cores": len(os.sched_getaffinity(0)),
            "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M"),
        }

    # -- places and inputs

    @contextmanager
    def folder(self):
        """A data folder on the build's disk (a /tmp in memory would make fsync free), removed afterwards."""
        if self.bench in ("reads", "scale") and self.keep:
            Path(self.keep).mkdir(parents=True, exist_ok=True)
            yield Path(self.keep).resolve()
            return
        base = self.build / "bench" / "data"
        base.mkdir(parents=True, exist_ok=True)
        path = Path(tempfile.mkdtemp(prefix=f"{self.bench}-", dir=base))
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def input(self, kind, n, seed=1):
        """File of n invented reports: batch, labelled, or bodies; made once."""
        version = hashlib.sha256(Path(reports.__file__).read_bytes()).hexdigest()[:12]
        path = self.cache / f"{kind}-{n}-{seed}-{version}"
        if not path.exists():
            part = path.with_suffix(".part")
            getattr(reports, f"write_{kind}")(part, n, seed)
            part.rename(path)
        return path

    def tool(self, name):
        path = self.build / "bench" / name
        if not path.exists():
            raise Skip(f"{path} is not built")
        return str(path)

    @staticmethod
    def program(name, package):
        path = shutil.which(name)
        if not path:
            raise Skip(f"{name} is missing (Debian package {package})")
        return path

    @staticmethod
    def venv(*wanted):
        """Python of bench/.venv with these modules in it; made when PyPI can be reached."""
        folder = HERE / ".venv"
        python = folder / "bin" / "python"
        requirements = HERE / "peers" / "requirements.txt"
        check = [str(python), "-c", "import " + ", ".join(wanted)]
        if python.exists() and subprocess.run(check, capture_output=True, check=False).returncode == 0:
            return str(python)
        print("    making bench/.venv ...", flush=True)
        for command in (["python3", "-m", "venv", str(folder)],
                        [str(python), "-m", "pip", "install", "-q", "--retries", "1", "--timeout", "15", "-r", str(requirements)]):
            r = subprocess.run(command, capture_output=True, text=True, check=False)
            if r.returncode:
                raise Skip(f"bench/.venv cannot be made: {(r.stderr or r.stdout).strip().splitlines()[-1][:150]}")
        return str(python)

    def wait_for_quiet(self, limit_s):
        """Until nothing else runs here, or the limit is over."""
        deadline = time.monotonic() + limit_s
        while (busy := busy_share()) > 0.1 and time.monotonic() < deadline:
            pass
        self.others = busy
        if busy > 0.1:
            self.note(f"something else takes {100 * busy:.0f} % of the cores: the ratios suffer, the rest even more")

    # -- results

    def row(self, what, value, unit, bar=None, peer="", peer_value=None, ratio=None, **more):
        """bar: ("<", number) or (">", number), held against the ratio where there is one, else the value."""
        judged = value if ratio is None else ratio
        passed = None if bar is None else (judged < bar[1] if bar[0] == "<" else judged >= bar[1])
        row = {"bench": self.bench, "what": what, "value": value, "unit": unit, "peer": peer, "peer_value": peer_value,
               "ratio": ratio, "bar": f"{bar[0]} {bar[1]}" if bar else "", "pass": passed, **more, **self.where,
               "others": round(self.others, 2)}
        self.rows.append(row)
        print("  " + format_row(row), flush=True)

    def note(self, text):
        self.notes.append((self.bench, text))
        print(f"    {text}", flush=True)

    # -- tools

    def wrk(self, url, script, seconds, connections=64, env=None):
        """One run of wrk with a script that prints JSON -> its numbers."""
        wrk = self.program("wrk", "wrk")
        r = subprocess.run([wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(HERE / script), url],
                           capture_output=True, text=True, check=False, env={**os.environ, **(env or {})})
        line = [x for x in r.stdout.splitlines() if x.startswith("{")]
        if r.returncode or not line:
            raise RuntimeError(f"wrk: {r.stdout[-500:]} {r.stderr[-500:]}")
        return json.loads(line[-1])

    def fdatasync_ms(self, n=200):
        """What this disk takes to make 4 KiB durable: median of n appends."""
        took = []
        with self.folder() as at, open(at / "probe", "wb", buffering=0) as f:
            for _ in range(n):
                started = time.perf_counter()
                f.write(b"x" * 4096)
                os.fdatasync(f.fileno())
                took.append(time.perf_counter() - started)
        return median(took) * 1e3


def number(v):
    if v is None:
        return ""
    if 0.99 < abs(v) < 1:  # a cosine
        return f"{v:.4f}"
    return f"{v:,.0f}" if abs(v) >= 1000 else f"{v:.1f}" if abs(v) >= 100 else f"{v:.2f}"


def format_row(r):
    verdict = {True: "ok", False: "MISSED", None: ""}[r["pass"]]
    peer = f"{r['peer']} {number(r['peer_value'])}".strip()
    ratio = "" if r["ratio"] is None else f"x {r['ratio']:.2f}"
    return f"{r['bench']:<9} {r['what']:<46} {number(r['value']):>9} {r['unit']:<8} {peer:<38} {ratio:>9}  {r['bar']:<8} {verdict}".rstrip()
