"""Roles: servers, workers and schedulers as processes of their own on one store; some of them are killed.

On a real redis-server there are two of each; on one SQLite file the same works on one machine."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

import soul
from test_redis import Redis


class Process:
    """A verb that stays and has no address."""

    def __init__(self, verb, data, *options, env=None):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([soul.BIN, verb, "--data", data, *options], stdout=subprocess.DEVNULL, stderr=self.log,
                                        env=soul.clean_env(**(env or {})))
        self.pid = self.process.pid

    def logged(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def leads(self):
        return "leads the schedule" in self.logged()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        if self.log.closed:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            code = self.process.wait(soul.PATIENCE_S)
            assert code == 0, (code, self.logged()[-4000:])
        self.log.close()


class Roles:
    """What holds on every store. `env` chooses it."""

    def world(self, servers=1, workers=0, schedulers=0, queues=None):
        options = ("--no-worker", "--no-scheduler")
        self.servers = [soul.Server(*options, data=self.data(), env=self.env) for _ in range(servers)]
        for s in self.servers:
            self.addCleanup(s.close)
        self.workers = [self.add("worker", "--no-scheduler", *(("--queues", queues) if queues else ())) for _ in range(workers)]
        self.schedulers = [self.add("scheduler") for _ in range(schedulers)]
        self.clients = [s.client() for s in self.servers]
        self.c = self.clients[0]

    def add(self, verb, *options):
        p = Process(verb, self.data(), *options, env=self.env)
        self.addCleanup(p.close)
        return p

    def send(self, n, prefix, client=None):
        body = soul.ndjson({"source": "generic", "external_id": f"{prefix}-{i}", "title": f"{soul.TOPICS['pdf'][i % 3]} {prefix}{i}"}
                           for i in range(n))
        got = (client or self.c).call("POST", "/api/ingest/batch", body, {"Content-Type": "application/x-ndjson"})
        self.assertEqual(got.lines[-1]["summary"]["ok"], n, got)

    def pending(self):
        return self.c.get("/api/clustering/status").json["pending_unclustered"]

    def owner(self):
        """The process that groups the project now; 0: none."""
        jobs = self.c.get("/api/cluster-jobs", status="running").json["items"]
        return int(jobs[0]["worker"].split(":")[1]) if jobs and jobs[0]["worker"] else 0

    def leader(self, but=None):
        return soul.wait_for("a leader", lambda: next((s for s in self.schedulers if s is not but and s.leads()), None), 30)

    def check_all_are_placed_once(self, n):
        reports, clusters = soul.every(self.c, "/api/feedback"), soul.every(self.c, "/api/clusters")
        self.assertEqual(len(reports), n)
        self.assertEqual(len({r["external_id"] for r in reports}), n)
        self.assertTrue(all(r["cluster_id"] for r in reports))
        self.assertEqual(sum(k["count"] for k in clusters), n)
        members = [i for k in clusters for i in self.c.get(f"/api/clusters/{k['id']}").json["feedback_ids"]]
        self.assertEqual(len(members), len(set(members)))
        self.assertEqual(self.c.get("/api/dead-letters").json["items"], [])

    def test_a_worker_takes_only_its_queues(self):
        self.world(queues="summarise,poll,verify", workers=1)
        self.send(5, "q")
        soul.wait_for("the worker", lambda: "working" in self.workers[0].logged())
        self.assertEqual(self.pending(), 5)
        self.add("worker", "--no-scheduler", "--queues", "group")
        soul.wait_for("grouping", lambda: self.pending() == 0)
        self.check_all_are_placed_once(5)

    def test_when_the_leader_ends_the_other_one_leads(self):
        self.world(schedulers=2)
        first = self.leader()
        other = next(s for s in self.schedulers if s is not first)
        self.assertFalse(other.leads())
        self.assertEqual(self.c.get("/api/system").json["roles"], {"queues": [], "scheduler": "none"})
        first.kill()
        self.assertIs(self.leader(but=first), other)
        third = self.add("scheduler")
        other.close()  # in good order: nobody waits for a lease
        soul.wait_for("the third", third.leads)

    def test_a_killed_owner_is_followed_while_reports_come(self):
        self.world(workers=2, schedulers=1)
        self.send(600, "a")
        pid = soul.wait_for("an owner", self.owner)
        victim = next(w for w in self.workers if w.pid == pid)
        victim.kill()
        self.send(200, "b")
        soul.wait_for("the other worker", lambda: self.pending() == 0)
        self.check_all_are_placed_once(800)


@unittest.skipUnless(shutil.which("redis-server"), "no redis-server here")
class OnRedis(Roles, unittest.TestCase):
    def setUp(self):
        self.redis = Redis()
        self.addCleanup(self.redis.close)
        self.env = {"SOULCASTER_REDIS": self.redis.url}

    def data(self):
        """A folder a process, as on different machines."""
        folder = tempfile.mkdtemp(prefix="soul-")
        self.addCleanup(shutil.rmtree, folder, True)
        return folder

    def test_two_of_each_and_the_owner_and_the_leader_are_killed(self):
        self.world(servers=2, workers=2, schedulers=2)
        leader, stop = self.leader(), threading.Event()
        self.assertEqual(int(self.redis.say("GET", "sc:{i}:le").split(":")[1]), leader.pid)
        sent = [0, 0]

        def write(k):
            client = self.servers[k].client()
            while not stop.is_set():
                if client.get("/api/clustering/status").json["pending_unclustered"] > 300:
                    stop.wait(0.02)  # no faster than they are grouped
                    continue
                self.send(20, f"s{k}x{sent[k]}-", client)
                sent[k] += 1

        writers = [threading.Thread(target=write, args=(k,)) for k in range(2)]
        for w in writers:
            w.start()
        soul.wait_for("reports", lambda: min(sent) > 2)
        pid = soul.wait_for("an owner", self.owner)
        next(w for w in self.workers if w.pid == pid).kill()
        leader.kill()
        killed = sum(sent)
        other = self.leader(but=leader)
        soul.wait_for("the other leader", lambda: self.redis.say("GET", "sc:{i}:le").split(":")[1:2] == [str(other.pid)])
        soul.wait_for("reports afterwards", lambda: sum(sent) > killed + 4)
        stop.set()
        for w in writers:
            w.join()
        soul.wait_for("grouping", lambda: self.pending() == 0)
        self.check_all_are_placed_once(20 * sum(sent))

    def test_an_owner_that_was_stopped_and_comes_back_changes_nothing(self):
        self.world(workers=2, schedulers=1)
        self.send(600, "a")
        pid = soul.wait_for("an owner", self.owner)
        victim = next(w for w in self.workers if w.pid == pid)
        victim.process.send_signal(signal.SIGSTOP)
        self.addCleanup(victim.process.send_signal, signal.SIGCONT)  # it is to end, whatever comes
        self.send(50, "b")
        soul.wait_for("the other worker", lambda: self.pending() == 0)
        victim.process.send_signal(signal.SIGCONT)
        self.send(50, "c")
        soul.wait_for("grouping", lambda: self.pending() == 0)
        self.check_all_are_placed_once(700)

    def test_a_leader_that_was_stopped_learns_that_it_was_followed(self):
        self.world(schedulers=2)
        first = self.leader()
        first.process.send_signal(signal.SIGSTOP)
        self.addCleanup(first.process.send_signal, signal.SIGCONT)  # it is to end, whatever comes
        other = self.leader(but=first)
        first.process.send_signal(signal.SIGCONT)
        soul.wait_for("the first one to step back", lambda: "no longer leads" in first.logged())
        self.assertEqual(int(self.redis.say("GET", "sc:{i}:le").split(":")[1]), other.pid)


class OnSqlite(Roles, unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="soul-")
        self.addCleanup(folder.cleanup)
        self.folder, self.env = os.path.join(folder.name, "d"), {}

    def data(self):
        return self.folder


class Options(unittest.TestCase):
    def test_an_unknown_queue_is_named(self):
        with tempfile.TemporaryDirectory(prefix="soul-") as folder:
            done = soul.run("worker", "--data", folder, "--queues", "group,grop")
            self.assertEqual(done.returncode, 2)
            self.assertIn('there is no queue "grop"', done.stderr)

    def test_a_server_alone_does_everything(self):
        with soul.Server() as server:
            client = server.client()
            leads = lambda: client.get("/api/system").json["roles"]["scheduler"] == "leads"  # noqa: E731
            soul.wait_for("the lead", leads)
            self.assertEqual(client.get("/api/system").json["roles"]["queues"], ["group", "summarise", "fix", "poll", "verify"])
            self.assertIn("soulcaster_scheduler_leads 1", client.get("/metrics").body.decode())


if __name__ == "__main__":
    soul.main()
