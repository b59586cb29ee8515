#!/usr/bin/env python3
"""Our stand-in for Upstash (tests/support/upstash.py), held against Upstash's own client: @upstash/redis, pinned here and fetched
once by npm. Without a registry, or without node, the test is skipped.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLIENT = HERE / "node_modules/@upstash/redis/package.json"
SKIPPED = 77


def skip(*why):
    print("SKIP: Upstash's client (npm package @upstash/redis) cannot be had here:", *why)
    sys.exit(SKIPPED)


def fetch():
    if CLIENT.exists():
        return
    env = {"NODE_EXTRA_CA_CERTS": "/etc/ssl/certs/ca-certificates.crt", **os.environ}
    try:
        got = subprocess.run(["npm", "ci"], cwd=HERE, env=env, check=False, timeout=200, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except (OSError, subprocess.TimeoutExpired) as error:
        skip(error)
    if not CLIENT.exists():
        skip(*got.stdout.strip().splitlines()[-1:])


def main():
    for program in ("node", "redis-server"):
        if not shutil.which(program):
            skip("no", program)
    fetch()
    with tempfile.TemporaryDirectory(prefix="soul-upstash-") as folder:
        socket = os.path.join(folder, "s")
        redis = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", socket, "--dir", folder, "--save", ""], stdout=subprocess.DEVNULL)
        front = None
        try:
            deadline = time.monotonic() + 60
            while not os.path.exists(socket) and time.monotonic() < deadline and redis.poll() is None:
                time.sleep(0.01)
            front = subprocess.Popen([sys.executable, "-B", HERE.parent / "support/upstash.py", "--redis", socket, "--max-request", "400000"],
                                     stdout=subprocess.PIPE, text=True)
            port = int(front.stdout.readline())
            env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
            env.update(UPSTASH_REDIS_REST_URL=f"http://127.0.0.1:{port}", UPSTASH_REDIS_REST_TOKEN="t0ken")
            return subprocess.run(["node", "--test", "--test-reporter=spec", "client.mjs"], cwd=HERE, env=env, check=False, timeout=100).returncode
        finally:
            for process in (front, redis):
                if process:
                    process.kill()
                    process.wait()


if __name__ == "__main__":
    sys.exit(main())
