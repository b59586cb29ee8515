"""Starts and ends the peer: a Redis of its own on a free loopback port, and uvicorn with some workers."""
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from harness import KEY, Skip, free_port


class Peer:
    def __init__(self, ctx, folder, workers, put_by, fsync):
        redis, self.children, self.folder, self.put_by = ctx.program("redis-server", "redis-server"), [], folder, put_by
        python = ctx.venv("fastapi", "uvicorn", "uvloop", "httptools", "redis", "hiredis")
        self.redis_port, port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.start([redis, "--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "",
                    "--appendonly", "yes", "--appendfsync", fsync], "redis")
        self.start([python, "-m", "uvicorn", "app:app", "--app-dir", str(Path(__file__).parent), "--host", "127.0.0.1",
                    "--port", str(port), "--workers", str(workers), "--loop", "uvloop", "--http", "httptools",
                    "--no-access-log", "--log-level", "warning"], "uvicorn")

    def start(self, command, name):
        log = open(self.folder / f"{name}.log", "wb")
        self.children.append((subprocess.Popen(command, stdout=log, stderr=log, env={
            **os.environ, "API_KEY": KEY, "REDIS_PORT": str(self.redis_port), "PUT_BY": self.put_by}), log))

    def __enter__(self):
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(self.url + "/health", timeout=5) as reply:
                    if reply.status == 200:
                        return self
            except OSError:
                if time.monotonic() > deadline:
                    self.__exit__()
                    raise Skip("it does not start") from None
                time.sleep(0.1)

    def stored(self):
        r = subprocess.run(["redis-cli", "-p", str(self.redis_port), "scard", "all:default"], capture_output=True, text=True,
                           check=False)
        return r.stdout.strip()

    def __exit__(self, *_):
        for child, log in reversed(self.children):
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            log.close()
