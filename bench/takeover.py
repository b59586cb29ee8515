"""A worker is killed while reports come: how long until the first report sent afterwards is in its issue, by another worker.

On a real redis-server, with n reports grouped before. Two ways: another worker stands by with the index in memory (it waits for the
lease to run out), and none does: one is started at the moment of the kill, as a supervisor would, and builds the index from the store, on
the same machine (it finds the dead one's job by its process id) and on another one (another name of the machine: it waits for the lease)."""
import json
import os
import shutil
import signal
import subprocess
import threading
import time

from harness import KEY, Http, Server, median
from redis_server import Redis
from transfer import send_batch
from visible import Feed

EVERY_S = 0.02


class Worker:
    def __init__(self, ctx, folder, url, elsewhere=False):
        argv = [ctx.binary, "worker", "--data", str(folder), "--redis", url, "--tidy-ms", "0", "--no-scheduler"]
        if elsewhere:
            argv = ["unshare", "--user", "--map-root-user", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh", *argv]
        self.process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env={**os.environ, "SOULCASTER_BOOTSTRAP_KEY": KEY})
        self.pid = self.process.pid

    def cpu(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as f:
            return sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:13])

    def wait_warm(self):
        """Until it has done next to nothing for a second: the index is in memory."""
        used, still = -1, 0
        while still < 4:
            now = self.cpu()
            still = still + 1 if now - used <= 3 else 0
            used = now
            time.sleep(0.25)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Trickle(threading.Thread):
    """A report every 20 ms; notes when each was acknowledged."""

    def __init__(self, url, bodies):
        super().__init__(daemon=True)
        self.link, self.bodies, self.acked, self.open, self.rests = Http(url), bodies, {}, True, False

    def run(self):
        while self.open:
            if self.rests:  # for long enough that the connection may be closed: another one afterwards
                self.link.close()
                time.sleep(EVERY_S)
                continue
            status, reply = self.link.call("POST", "/api/ingest/manual", next(self.bodies))
            if status == 200:
                self.acked[json.loads(reply)["id"]] = time.perf_counter()
            time.sleep(EVERY_S)


def owner(server):
    """The process that has the project's group job, alive or not; 0: none."""
    jobs = server.http.get_json("/api/cluster-jobs?status=running")["items"]
    return int(jobs[0]["worker"].split(":")[1]) if jobs and jobs[0]["worker"] else 0


def hold_owner(server, workers):
    """Stops the worker that groups in the middle of a job -> (the worker, when it was stopped)."""
    while True:
        pid = owner(server)
        victim = next((w for w in workers if w.pid == pid), None)
        if not victim:
            continue
        at = time.perf_counter()
        victim.process.send_signal(signal.SIGSTOP)
        if owner(server) == pid:
            return victim, at
        victim.process.send_signal(signal.SIGCONT)


def first_grouped_after(feed, trickle, killed):
    """When the first report that was acknowledged after that time was told as grouped."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        seen = [feed.seen[i] for i, at in list(trickle.acked.items()) if at > killed and i in feed.seen]
        if seen:
            return min(seen)
        time.sleep(0.01)
    raise RuntimeError("nobody took over within two minutes")


def numbered(ctx, n):
    """Bodies without end, each a report of its own."""
    lines = [line.rstrip(b"\n") for line in open(ctx.input("bodies", n, 5), "rb")]
    i = 0
    while True:
        yield lines[i % len(lines)].replace(b"@" * 12, b"t%011d" % i)
        i += 1


def run(ctx):
    n, rounds = (2000, 1) if ctx.quick else (ctx.items or 100000, 5)
    program = ctx.program("redis-server", "redis-server")
    with ctx.folder() as folder:
        redis = Redis(program, folder)
        url = redis.url
        server = Server(ctx.binary, folder / "serve", "--no-worker", "--redis", url)
        workers = [Worker(ctx, folder / "w0", url)]
        try:
            send_batch(server.url, ctx.input("batch", n))
            waited, left = server.wait_grouped(3600)
            ctx.note(f"grouping {n:,} took {waited:.0f} s" + (f"; {left} still wait" if left else ""))
            workers.append(Worker(ctx, folder / "w1", url))
            feed, trickle = Feed(server.url), Trickle(server.url, numbered(ctx, 20000))
            feed.start()
            trickle.start()

            def kill_owner(at_once=None):
                victim, killed = hold_owner(server, workers)
                victim.kill()
                workers.remove(victim)
                if at_once:
                    workers.append(at_once())
                before = workers[-1].cpu() if not at_once else 0
                took = first_grouped_after(feed, trickle, killed) - killed
                busy.append((workers[-1].cpu() - before) / os.sysconf("SC_CLK_TCK"))
                return took

            def settle(worker):
                trickle.rests = True  # placing what comes takes more than next to nothing by itself
                worker.wait_warm()
                trickle.rests = False

            warm, here, there, busy = [], [], [], []
            for i in range(rounds):
                settle(workers[-1])
                server.http.close()  # the server may have closed it meanwhile
                warm.append(kill_owner())
                here.append(kill_owner(lambda i=i: Worker(ctx, folder / f"h{i}", url)))
                if shutil.which("unshare"):
                    there.append(kill_owner(lambda i=i: Worker(ctx, folder / f"t{i}", url, elsewhere=True)))
                    for w in workers:
                        w.kill()
                    workers[:] = [Worker(ctx, folder / f"a{i}", url)]
                    settle(workers[0])
                workers.append(Worker(ctx, folder / f"b{i}", url))
            of = f"a project of {n:,} is taken over"
            ctx.row(f"{of}: by a worker that stands by, median of {rounds}", median(warm), "s", ("<", 5))
            ctx.row("  the slowest", max(warm), "s")
            ctx.row(f"{of}: by one that is started then, same machine", median(here), "s", ("<", 5))
            ctx.row("  the slowest", max(here), "s")
            if there:
                ctx.row(f"{of}: by one that is started then, another machine", median(there), "s", ("<", 5))
                ctx.row("  the slowest", max(there), "s")
            cold = [s for k, s in enumerate(busy) if k % (3 if there else 2)]
            ctx.row("  processor time of one that is started then, until the first report is grouped", median(cold), "s")
            trickle.open = False
            trickle.join()
            waited, left = server.wait_grouped(120)
            ctx.note(f"{len(trickle.acked):,} reports came meanwhile; {left} wait at the end")
            feed.stop()
        finally:
            for w in workers:
                w.kill()
            server.stop()
            redis.stop()
