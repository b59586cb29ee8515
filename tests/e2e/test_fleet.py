"""A fault run: 3 API processes, 3 workers, 2 workers for fixes and 2 schedulers on one Redis, clients, and what may happen to all of them.

Processes are killed with -9 or stopped for longer than their lease; Redis is killed and started again on its own file, cut off from the
network and filled. Afterwards everything drains, and it is proven from the clients' own log that each acknowledged report is there
once, in one place, and grouped once; that what people corrected stands as it was acknowledged (fleet_people); that each fix has one end,
one branch and one pull request, and leaves nothing behind (fleet_fixes); and from what Redis was asked (fleet_watch) that no lease was
honoured after its fence.

`python3 tests/e2e/test_fleet.py --seconds 600 --seed N` runs longer; one seed gives one sequence of faults. The fleet lives in a network
namespace, Redis in a second one, where the system allows it; elsewhere a stopped Redis stands for one that is cut off.
"""

import argparse
import collections
import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest

import soul
from fleet_fixes import FixesCheck, Mender, adopt_orphans
from fleet_people import Ledger, PeopleCheck, Person
from fleet_watch import cut, plain
from fleet_world import LEASE_MS, Fleet, sh

SECONDS = int(os.environ.get("SC_FLEET_SECONDS", "30"))
SEED = int(os.environ.get("SC_FLEET_SEED", "1"))
PLACED = {"first", "unlike", "fingerprint", "stack", "similar"}  # reasons of a report's own placement
TAKEN, FIX_TAKEN = "a paused holder's lease was taken over", "a paused fix worker's lease was taken over"
FIX_LEASE_S = 15
DRAIN_S = 200  # a group job that became a dead letter is asked for again within a minute
SUBJECTS = ["PDF export", "Login by e-mail", "Dark mode", "The map", "CSV import", "Push notification", "Offline sync", "Billing page"]
TROUBLES = ["crashes on Safari", "never arrives", "is reset after every update", "shows nothing but grey", "takes a minute", "is doubled"]


class Book:
    """The clients' log: what was sent (before it was), and each acknowledgement as it came."""

    def __init__(self, path):
        self.lock, self.file = threading.Lock(), open(path, "w", encoding="utf-8")
        self.sent, self.acks, self.answers = {}, collections.defaultdict(list), collections.Counter()

    def send(self, name, title):
        with self.lock:
            self.sent[name] = title

    def ack(self, name, id_, status, to):
        with self.lock:
            self.acks[name].append((id_, status))
            self.file.write(json.dumps([name, id_, status, to]) + "\n")
            self.file.flush()

    def count(self, what):
        with self.lock:
            self.answers[what] += 1


class Sender(threading.Thread):
    """Sends single reports and batches, some of them twice and to different processes, at its own pace."""

    def __init__(self, number, seed, apis, book):
        super().__init__(daemon=True)
        self.rng, self.number, self.apis, self.book = random.Random(f"{seed}/{number}"), number, apis, book
        self.stop, self.n, self.broken, self.fault = threading.Event(), 0, [], None

    def run(self):
        try:
            while not self.stop.wait(self.rng.random() * 0.3):
                self.once()
        except Exception as e:
            self.fault = f"a client: {e!r}"

    def once(self):
        self.n += 1
        if self.broken and self.rng.random() < 0.3:
            items = self.broken.pop(self.rng.randrange(len(self.broken)))  # nobody knows what became of it: once more
        else:
            items = [self.report(i) for i in range(1 if self.rng.random() < 0.7 else 20)]
            for i in items:
                self.book.send(i["external_id"], i["title"])
        times = 2 if self.rng.random() < 0.2 else 1
        to = self.rng.sample(self.apis, times)
        others = [threading.Thread(target=self.deliver, args=(items, api)) for api in to[1:]]
        for t in others:
            t.start()
        if not self.deliver(items, to[0]):
            self.broken.append(items)
        for t in others:
            t.join()

    def report(self, i):
        words = f"{self.rng.choice(SUBJECTS)} {self.rng.choice(TROUBLES)}"
        return soul.report(f"{self.number}-{self.n}-{i}", f"{words} {self.n}", f"{words}. Please mend it. Seen {self.n} times.")

    def deliver(self, items, api):
        """Whether all were acknowledged."""
        client = soul.Client(api, timeout=4)
        try:
            return self.single(client, items[0], api) if len(items) == 1 else self.batch(client, items, api)
        except (OSError, http.client.HTTPException, ValueError) as e:
            self.book.count(type(e).__name__)
            return False
        finally:
            client.close()

    def single(self, client, item, api):
        got = client.post("/api/ingest/manual", item)
        self.book.count(got.status)
        if got.status == 200:
            self.book.ack(item["external_id"], got.json["id"], got.json["status"], api.label)
        elif got.status not in (429, 502, 503, 504):
            self.fault = f"a single report was answered with {got!r}"
        return got.status == 200

    def batch(self, client, items, api):
        body = soul.ndjson({"source": "manual", **i} for i in items)
        got = client.call("POST", "/api/ingest/batch", body, {"Content-Type": "application/x-ndjson"})
        self.book.count(f"batch {got.status}")
        acked = 0
        for line in got.lines if got.status == 200 else []:
            if line.get("status") in ("ok", "duplicate"):
                self.book.ack(items[line["line"] - 1]["external_id"], line["id"], line["status"], api.label)
                acked += 1
        return acked == len(items)


class Faults:
    """What happens, drawn from the seed: bags of all kinds, each in its own order, with their durations and victims."""

    def __init__(self, seed, fleet):
        self.rng, self.fleet, self.counts = random.Random(seed), fleet, collections.Counter()
        self.kinds = [f[3:] for f in dir(self) if f.startswith("do_")]
        self.beside, self.asleep, self.broken = None, None, []

    def plan(self):
        while True:
            bag = list(self.kinds)
            self.rng.shuffle(bag)
            for kind in sorted(bag, key=lambda k: k != "pause_fixer"):  # what takes long begins, the others come meanwhile
                who, long, pause = self.rng.randrange(6), self.rng.random(), 0.2 + self.rng.random() * 0.8
                yield types.SimpleNamespace(kind=kind, who=who, long=long, pause=pause)

    def run(self, seconds):
        began = time.monotonic()
        for f in self.plan():
            if f.kind == "pause_fixer" and time.monotonic() - began + FIX_LEASE_S > seconds:
                continue  # its end would be waited for
            time.sleep(f.pause)
            if time.monotonic() - began > seconds:
                self.awake()
                return
            print(f"{time.monotonic() - began:7.1f} s  {f.kind} who={f.who} long={f.long:.3f}", flush=True)
            getattr(self, "do_" + f.kind)(f)
            self.counts[f.kind] += 1

    @staticmethod
    def last(f, least, more):
        time.sleep(least + f.long * more)

    def do_kill_api(self, f):
        self.fleet.apis[f.who % 3].kill(f.long)

    def do_kill_worker(self, f):
        self.fleet.owner(f.who).kill(f.long)

    def do_kill_scheduler(self, f):
        self.fleet.schedulers[f.who % 2].kill(f.long)

    def fixer(self):
        """One that holds a fix and is awake; any other where none does for a while."""
        deadline, watch = time.monotonic() + 3, self.fleet.watch
        awake = [m for m in self.fleet.fixers if m is not self.asleep]
        with watch.lock:
            while time.monotonic() < deadline:
                for m in awake:
                    if m.process.pid in watch.owners("fix"):
                        return m
                watch.lock.wait(0.2)
        return awake[0]

    def do_kill_fixer(self, f):
        time.sleep(f.long)  # somewhere in the middle of it
        self.fixer().kill(f.long)

    def do_pause_fixer(self, f):
        """The lease of a fix is long: the other faults go on meanwhile."""
        self.awake()
        self.beside = threading.Thread(target=self.fix_taken_over, args=(f,), daemon=True)
        self.beside.start()

    def awake(self):
        if self.beside:
            self.beside.join()

    def fix_taken_over(self, f):
        """One that holds a fix sleeps until another one has it and it has asked in vain itself."""
        watch, deadline, held, taken = self.fleet.watch, time.monotonic() + 10, [], False
        try:
            while not taken and time.monotonic() < deadline:
                member = self.fixer()
                time.sleep(f.long * 0.7)
                with self.stopped(member), watch.lock:  # Redis may be down: the watch is taken as it is
                    self.asleep, held = member, watch.held_by(member.process.pid)
                    watch.lock.wait_for(lambda: not set(held).intersection(watch.held_by(member.process.pid)), 30)
                    taken = any(watch.jobs[i].fence > n for i, n in held)
                self.asleep = None
            if taken:
                with watch.lock:
                    watch.lock.wait_for(lambda: watch.refused.intersection(held), 10)
            self.counts[FIX_TAKEN if taken else "no lease of a fix was taken over"] += 1
        except Exception as e:
            self.broken.append(f"a paused fix worker: {e!r}")
        finally:
            self.asleep = None

    @staticmethod
    @contextlib.contextmanager
    def stopped(member):
        member.signal(signal.SIGSTOP)
        try:
            yield member
        finally:
            member.signal(signal.SIGCONT)

    def pause(self, member, f):
        with self.stopped(member):
            self.last(f, LEASE_MS / 1000 + 0.3, 1.5)

    def do_pause_api(self, f):
        self.pause(self.fleet.apis[f.who % 3], f)

    def do_pause_scheduler(self, f):
        self.pause(self.fleet.schedulers[f.who % 2], f)

    def do_pause_worker(self, f):
        """One that holds a lease, until another one has it and it has asked in vain itself."""
        watch, deadline, held = self.fleet.watch, time.monotonic() + 8, []
        while not held and time.monotonic() < deadline:
            with watch.lock:
                watch.lock.wait_for(watch.owners, 2)
            with self.stopped(self.fleet.owner(f.who)) as member:
                held, taken = self.held_by(member), False
                if held:
                    with watch.lock:
                        taken = watch.lock.wait_for(lambda: all(watch.jobs[i].fence > fence for i, fence in held), 10)
                    self.last(f, 0, 0.5)
        if taken:
            with watch.lock:
                watch.lock.wait_for(lambda: watch.refused.intersection(held), 10)
        self.counts[TAKEN if taken else "a paused worker's job had ended"] += 1

    def held_by(self, member):
        self.fleet.redis.seen()
        with self.fleet.watch.lock:
            return self.fleet.watch.held_by(member.process.pid)

    def do_redis_kill(self, f):
        self.fleet.redis.kill()
        try:
            self.last(f, 0, 1.5)
        finally:
            self.fleet.redis.start()

    def do_redis_cut(self, f):
        with self.fleet.redis.cut(far=f.who % 2):
            self.last(f, 0.5, 3)

    def do_redis_full(self, f):
        self.fleet.redis.say("CONFIG", "SET", "maxmemory", "1")
        try:
            self.last(f, 0.5, 2)
        finally:
            self.fleet.redis.say("CONFIG", "SET", "maxmemory", "0")


class Check:
    """What must hold afterwards; every breach is a line of `faults`."""

    def __init__(self, fleet, book):
        self.fleet, self.book, self.faults = fleet, book, []
        done = subprocess.run([soul.BIN, "export", "--data", os.path.join(fleet.folder, "x")], capture_output=True, text=True, check=False,
                              env=soul.clean_env(SOULCASTER_REDIS=fleet.redis.url))
        self.must(done.returncode == 0, f"export: {done.stderr}")
        self.rows = collections.defaultdict(list)
        for line in done.stdout.splitlines():
            row = json.loads(line)
            self.rows[row["kind"]].append(row)

    def must(self, holds, words):
        if not holds:
            self.faults.append(words)

    def none(self, words, found):
        found = list(found)
        self.must(not found, f"{len(found)} {words}: {found[:5]}")

    def all(self):
        self.reports()
        self.places()
        self.grouped_once()
        self.store()
        return self.faults

    def reports(self):
        stored, acks = collections.defaultdict(list), self.book.acks
        for f in self.rows["feedback"]:
            stored[f["external_id"]].append(f)
        self.none("acknowledged reports are lost", (n for n in acks if n not in stored))
        self.none("reports are there twice", (n for n, f in stored.items() if len(f) > 1))
        self.none("reports were never sent", (n for n in stored if n not in self.book.sent))
        self.none("reports have another title", (n for n, f in stored.items() if self.book.sent.get(n) not in (None, f[0]["title"])))
        self.none("acknowledgements name another id",
                  ((n, got) for n, got in acks.items() for id_, _ in got if n in stored and id_ != stored[n][0]["id"]))
        self.none("reports were acknowledged as new more than once", (n for n, got in acks.items() if sum(s == "ok" for _, s in got) > 1))

    def places(self):
        """Each report in one issue that is there; or parked, and a dead letter says why."""
        api = self.fleet.apis[0]
        issues = {c["id"]: c for c in self.rows["cluster"]}
        reports = {f["id"]: f for f in self.rows["feedback"]}
        listed = collections.Counter()
        for id_ in {f.get("cluster_id") for f in reports.values()} - {None}:
            self.must(id_ in issues, f"the issue {id_} is not there")
            client = soul.Client(api)
            members = [f["id"] for f in soul.every(client, f"/api/clusters/{id_}/feedback")]
            client.close()
            self.must(issues[id_]["count"] == len(members), f"issue {id_} counts {issues[id_]['count']} reports and lists {len(members)}")
            self.none(f"reports are listed by {id_} and stand elsewhere", (m for m in members if reports[m].get("cluster_id") != id_))
            listed.update(members)
        outside = [i for i, f in reports.items() if not f.get("cluster_id")]
        dead = self.fleet.ask(api, "/api/dead-letters", limit=200)["items"]
        self.none("dead letters have no reason", (j["id"] for j in dead if not j["error"]))
        named = json.dumps([j["payload"] for j in dead])
        self.none("reports are in no issue, and no dead letter names them", (i for i in outside if i not in named))
        self.none("reports are not in one place", (i for i in reports if listed[i] + (i in outside) != 1))

    def grouped_once(self):
        """One placement of each report (by what was seen of it alone, or with the others together), and each further decision is
        one about its issue and goes on where the one before it ended."""
        client = soul.Client(self.fleet.apis[0])
        for f in self.rows["feedback"]:
            if not f.get("cluster_id"):
                continue
            steps = [s for s in client.get(f"/api/trace/{f['id']}").json["steps"] if s["decision"]]
            said, at = [s["decision"]["reason"] for s in steps], None
            self.must(not any(r in PLACED for r in said[1:]), f"{f['external_id']} was placed by {said}")
            for s in steps:
                from_id = s["decision"]["from_id"]
                self.must(from_id == at, f"{f['external_id']}: a decision of {said} starts at {from_id}, not {at}")
                at = s["cluster_id"]
            self.must(at == f["cluster_id"], f"{f['external_id']} is in {f['cluster_id']}, decided was {at}")
        client.close()

    def store(self):
        done = subprocess.run([soul.BIN, "doctor", "--data", os.path.join(self.fleet.folder, "x")], capture_output=True, text=True,
                              check=False, env=soul.clean_env(SOULCASTER_REDIS=self.fleet.redis.url))
        line = next((x for x in done.stdout.splitlines() if "integrity" in x), "")
        self.must("checked in" in line, f"doctor: {line or done.stdout + done.stderr}")


def fault_run(seed, seconds, apart):
    """-> what was found."""
    print(f"seed {seed}, {seconds} s, Redis in a network of its own: {'yes' if apart else 'no'}", flush=True)
    with tempfile.TemporaryDirectory(prefix="soul-fleet-") as folder, contextlib.ExitStack() as ends:
        fleet = ends.enter_context(contextlib.closing(Fleet(folder, apart)))
        book = Book(os.path.join(folder, "acknowledged.ndjson"))
        ends.callback(book.file.close)
        ledger = Ledger(os.path.join(folder, "changes.ndjson"))
        ends.callback(ledger.file.close)
        people = [Person(i, seed, fleet.apis, book, ledger) for i in range(3)]
        mender = Mender(seed, seconds, fleet.apis, book, ledger)
        senders = [*(Sender(i, seed, fleet.apis, book) for i in range(4)), *people, mender]
        ends.callback(end_senders, senders)
        for s in senders:
            s.start()
        soul.wait_for("reports", lambda: len(book.acks) > 20)
        faults = Faults(seed, fleet)
        faults.run(seconds)
        end_senders(senders)
        at = time.monotonic()
        found = drained_and_checked(fleet, book, people, mender, ledger)
        found += fleet.watch.faults + [s.fault for s in senders if s.fault] + faults.broken + fleet.close()
        if not mender.acks or not any(outcome == "acknowledged" for p in people for case in p.cases for *_, outcome in case.told):
            found.append("no correction or no fix was acknowledged: this run proves nothing of them")
        if faults.counts[TAKEN] and not fleet.watch.refused:
            found.append("a lease went on to another worker, and nothing was asked for under the old fence: this run proves nothing")
        print(f"{len(book.sent)} reports sent, {len(book.acks)} acknowledged, {sum(map(len, book.acks.values()))} acknowledgements; "
              f"answers {dict(book.answers)}; drained and checked in {time.monotonic() - at:.1f} s")
        print(f"changes by people {ledger.counts()} in {sum(len(p.cases) for p in people)} cases; {len(mender.acks)} fixes acknowledged")
        print(f"faults {dict(faults.counts)}; seen by Redis {dict(fleet.watch.counts)}; starts "
              f"{ {m.label: m.starts for m in fleet.members} }", flush=True)
        if found and os.environ.get("SC_FLEET_KEEP"):
            shutil.copytree(folder, os.environ["SC_FLEET_KEEP"], ignore=lambda _, names: [n for n in names if n == "s"])
        return found


def end_senders(senders):
    for s in senders:
        s.stop.set()
    for s in senders:
        if s.is_alive():
            s.join()


def drained_and_checked(fleet, book, people, mender, ledger):
    try:
        soul.wait_for("the fleet to drain", fleet.drained, DRAIN_S)
        left = fleet.tidied()
        orphans = fleet.rest()
        fleet.redis.seen()
        check = Check(fleet, book)
        check.must(not left, f"nobody clears away {left}")
        check.must(not orphans, f"processes that nobody ends: {orphans}")
        fixes = FixesCheck(fleet, mender, check.rows)
        print(f"fixes {dict(collections.Counter((f['status'], f['reason'], f['attempt']) for f in fixes.fixes))}")
        logs = [a.logged() for a in fleet.apis]
        corrected = PeopleCheck(check.rows, people, ledger, logs)
        found = check.all() + corrected.all() + fixes.all()
        print(f"{corrected.lost} acknowledged changes whose audit row was lost, and said to be")
        return found
    except AssertionError as e:
        return [str(e)]


@unittest.skipUnless(shutil.which("redis-server"), "no redis-server here")
class Fault(unittest.TestCase):
    def test_what_was_acknowledged_holds_whatever_happens(self):
        found = fault_run(SEED, SECONDS, bool(os.environ.get("SC_FLEET_APART")))
        self.assertEqual(found, [], f"seed {SEED}:\n" + "\n".join(found[:20]))


class Words(unittest.TestCase):
    def test_a_word_ends_where_its_own_quote_does(self):
        words = rb'HSET" "{p}:j" "an id\" " "\x93\" \\" "rest" "of it'
        self.assertEqual(cut(words, 4), [b"HSET", b"{p}:j", rb'an id\" ', rb'\x93\" \\', b'rest" "of it'])
        self.assertEqual(plain(cut(words, 3)[2]), b'an id" ')
        self.assertEqual(cut(b"PING"), [b"PING", b""])


def go_apart():
    """Once more in a network of our own, where that is allowed."""
    if "SC_FLEET_APART" in os.environ or not shutil.which("unshare") or not shutil.which("ip"):
        return
    for unshare in (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"]):
        if sh(*unshare, "ip", "link", "set", "lo", "up", must=False).returncode == 0:
            os.environ["SC_FLEET_APART"] = "1"
            again = [sys.executable, os.path.abspath(__file__), "--seconds", str(SECONDS), "--seed", str(SEED)]
            os.execvp(unshare[0], [*unshare, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *again])


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=int, default=SECONDS, help="of faults")
    options.add_argument("--seed", type=int, default=SEED)
    chosen = options.parse_args()
    SECONDS, SEED = chosen.seconds, chosen.seed
    go_apart()
    adopt_orphans()
    del sys.argv[1:]
    soul.main()
