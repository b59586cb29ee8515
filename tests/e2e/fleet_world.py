"""The fleet of the fault run: a Redis that may be killed, cut off and filled, and processes that are started again when they are gone."""

import contextlib
import http.client
import os
import signal
import subprocess
import threading

import soul
from fix_world import ENDED
from fleet_fixes import SETTINGS, Repository, descendants, everything, folders
from fleet_watch import Watch

LEASE_MS = 1000
AT_WORK = ('"serving"', '"working"', '"scheduling"')  # in the log of one that came up


def sh(*words, must=True):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if must and done.returncode:
        raise AssertionError(f"{' '.join(words)}: {done.stderr}")
    return done


class Redis:
    """On TCP for the fleet, on a socket for the test. It may be killed, cut off and filled."""

    def __init__(self, folder, watch, apart):
        self.folder, self.watch, self.apart = folder, watch, apart
        self.socket, self.process, self.holder = os.path.join(folder, "s"), None, None
        self.inside, self.host, self.port = [], "127.0.0.1", soul.free_port()
        with contextlib.ExitStack() as ends:
            ends.callback(self.close)
            if apart:
                self.go_apart()
            self.url = f"redis://{self.host}:{self.port}"
            self.start()
            ends.pop_all()  # it is all there: whoever asked for it closes it

    def go_apart(self):
        self.host, self.port = "10.99.0.2", 6379
        self.holder = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE)
        mine = os.readlink("/proc/self/ns/net")
        soul.wait_for("the namespace", lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != mine)
        self.inside = ["nsenter", "-t", str(self.holder.pid), "-n"]
        sh("ip", "link", "add", "fleet0", "type", "veth", "peer", "name", "fleet1", "netns", str(self.holder.pid))
        sh("ip", "addr", "add", "10.99.0.1/30", "dev", "fleet0")
        sh(*self.inside, "ip", "addr", "add", "10.99.0.2/30", "dev", "fleet1")
        sh("ip", "link", "set", "fleet0", "up")
        sh(*self.inside, "ip", "link", "set", "fleet1", "up")

    def start(self):
        """The fleet reaches it only when the watch does."""
        self.process = subprocess.Popen(
            [*self.inside, "redis-server", "--port", "0", "--bind", self.host, "--protected-mode", "no", "--unixsocket", self.socket,
             "--dir", self.folder, "--save", "", "--appendonly", "yes", "--appendfsync", "always"], stdout=subprocess.DEVNULL)
        soul.wait_for("Redis", lambda: self.say("PING") == "PONG")
        self.watch.attach(self.socket)
        assert self.say("CONFIG", "SET", "port", str(self.port)) == "OK"

    def say(self, *words):
        return sh("redis-cli", "-s", self.socket, *words, must=False).stdout.strip()

    def seen(self, marks=iter(range(1 << 30))):
        """Returns when the watch has seen all that was done so far."""
        mark = f"seen-{next(marks)}"
        self.say("ECHO", mark)
        with self.watch.lock:
            assert self.watch.lock.wait_for(lambda: mark in self.watch.echoes, soul.PATIENCE_S), "the watch is behind"

    def kill(self):
        self.process.kill()
        self.process.wait()

    @contextlib.contextmanager
    def cut(self, far):
        """Cut off: near, so that nothing can be sent; or far, so that what is sent gets lost."""
        if self.apart:
            link = [*self.inside, "ip", "link", "set", "fleet1"] if far else ["ip", "link", "set", "fleet0"]
            down, up = (lambda: sh(*link, "down")), (lambda: sh(*link, "up"))
        else:
            down, up = (lambda: self.process.send_signal(signal.SIGSTOP)), (lambda: self.process.send_signal(signal.SIGCONT))
        down()
        try:
            yield
        finally:
            up()

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        if self.holder:
            self.holder.stdin.close()
            self.holder.wait()


class Member(threading.Thread):
    """A process of the fleet and who keeps it alive: it is started again whenever it is gone."""

    def __init__(self, name, verb, redis, folder, *options):
        super().__init__(daemon=True)
        self.label, self.down_s, self.ending = name, 0, threading.Event()
        self.port = soul.free_port() if verb == "serve" else 0
        self.host = "127.0.0.1"  # for soul.Client
        listen = ["--listen", f"127.0.0.1:{self.port}"] if self.port else []
        self.words = [soul.BIN, verb, "--data", os.path.join(folder, name), "--lease-ms", str(LEASE_MS), "--tidy-ms", "700", *listen,
                      *options]
        self.env = soul.clean_env(SOULCASTER_REDIS=redis.url)
        self.log_path, self.faults, self.starts, self.killed = os.path.join(folder, name + ".log"), [], 0, False
        self.lock, self.process, self.since = threading.Lock(), None, 0
        self.start()

    def run(self):
        with open(self.log_path, "ab") as log:
            while self.begin(log):
                self.starts += 1
                code = self.process.wait()
                log.seek(0, os.SEEK_END)
                told = self.logged(self.since)
                if not self.ending.is_set() and not self.killed and (code < 0 or any(w in told for w in AT_WORK)):
                    self.faults.append(f"{self.label} ended by itself with {code}: {told[-2000:]}")
                if "Sanitizer" in told or "runtime error" in told:
                    self.faults.append(f"{self.label}: {told[-6000:]}")
                self.ending.wait(self.down_s if self.killed else 0.5)

    def begin(self, log):
        """False when it is to end."""
        with self.lock:
            if self.ending.is_set():
                return False
            self.since, self.killed = log.tell(), False
            self.process = subprocess.Popen(self.words, stdout=subprocess.DEVNULL, stderr=log, env=self.env)
            return True

    def logged(self, since=0):
        with open(self.log_path, "rb") as f:
            f.seek(since)
            return f.read().decode(errors="replace")

    def kill(self, down_s):
        with self.lock:
            self.down_s, self.killed = down_s, True
            self.process.kill()

    def signal(self, sig):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(sig)

    def end(self):
        """In good order."""
        with self.lock:  # what is started before this gets the signal, and nothing is started after it
            if self.ending.is_set():
                return
            self.ending.set()
            if self.process:
                self.process.send_signal(signal.SIGTERM)
        self.join(soul.PATIENCE_S)
        if self.is_alive():
            self.process.kill()
            self.faults.append(f"{self.label} did not end: {self.logged()[-2000:]}")
        elif self.process.returncode:
            self.faults.append(f"{self.label} ended with {self.process.returncode}: {self.logged()[-2000:]}")


class Fleet:
    def __init__(self, folder, apart):
        self.folder, self.watch, self.members, self.repository = folder, Watch(), [], Repository(folder)
        self.redis = Redis(folder, self.watch, apart)
        wait = ("--redis-timeout-ms", "1000", "--repositories", self.repository.folder, "--fix-watch-ms", "2000")
        with contextlib.ExitStack() as ends:
            ends.callback(self.close)
            self.apis = [self.add(f"api{i}", "serve", "--no-worker", "--no-scheduler", *wait) for i in range(3)]
            soul.wait_for("an API", lambda: self.ask(self.apis[0], "/health"))
            self.workers = [self.add(f"worker{i}", "worker", "--no-scheduler", "--fix-workers", "0", *wait) for i in range(3)]
            self.fixers = [self.add(f"fixer{i}", "worker", "--no-scheduler", "--queues", "fix", *wait) for i in range(2)]
            self.schedulers = [self.add(f"scheduler{i}", "scheduler", *wait) for i in range(2)]
            for api in self.apis:
                soul.wait_for(api.label, lambda a=api: self.ask(a, "/health"))
            self.allow_fixes()
            ends.pop_all()  # it is all there: whoever asked for it closes it

    def allow_fixes(self):
        client = soul.Client(self.apis[0])
        got, state = client.call("PUT", "/api/config/fix", SETTINGS), client.get("/api/fix").json
        client.close()
        assert got.status == 200 and state["ready"] and state["sandboxed"], (got, state)

    def add(self, name, verb, *options):
        self.members.append(Member(name, verb, self.redis, self.folder, *options))
        return self.members[-1]

    def owner(self, who):
        """The worker that groups now, else any."""
        with self.watch.lock:
            pids = self.watch.owners()
        return next((w for w in self.workers if w.process.pid in pids), self.workers[who % 3])

    def ask(self, api, path, **query):
        """None while it cannot answer."""
        client = soul.Client(api, timeout=10)
        try:
            got = client.get(path, **query)
            return got.json if got.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            client.close()

    def drained(self):
        status, dead = self.ask(self.apis[0], "/api/clustering/status"), self.ask(self.apis[0], "/api/dead-letters", limit=200)
        work = [self.ask(self.apis[0], "/api/work", status=s) for s in ("pending", "running")]
        if not status or not dead or not all(work) or status["pending_unclustered"]:
            return False
        waits = [j for w in work for j in w["items"] if j["kind"] in ("group", "regroup", "reembed", "fix")]
        return not waits and all(f["status"] in ENDED and (f["reason"] or f["status"] != "dead") for f in everything(self.apis[0]))

    def tidied(self):
        """A worker that starts clears away at once what dead ones have left, and else within a minute."""
        for m in self.fixers:
            m.kill(0)
        with contextlib.suppress(AssertionError):
            soul.wait_for("what dead workers have left to go", lambda: not folders(self))
        return folders(self)

    def rest(self):
        """Nobody works any more: what is stored now stays. -> who lives on without a parent."""
        for m in self.workers + self.fixers + self.schedulers:
            m.end()
        ours = {m.process.pid for m in self.members} | {p.pid for p in (self.redis.process, self.redis.holder) if p}
        orphans = {}

        def gone():
            orphans.clear()
            orphans.update((pid, name) for pid, name in descendants().items() if pid not in ours)
            return not orphans
        with contextlib.suppress(AssertionError):
            soul.wait_for("orphans to go", gone, 10)
        return orphans

    def close(self):
        for m in self.members:
            m.end()
        self.redis.close()
        return [f for m in self.members for f in m.faults]
