"""Fixes in the fault run: somebody asks for them while their workers are killed and stopped past their lease.

The agent writes something else each time it runs, so two runs of one fix never come to the same commit. Afterwards each fix that was
acknowledged has one end, and the repository has one branch and one pull request of each that ended well; none that no fix names.
"""

import ctypes
import glob
import json
import os
import random
import threading
import time

import soul
from fix_world import ENDED, git
from fleet_people import MOVED, ask, send

STARTED = "startFix"
SETTINGS = {"forge": "local", "repository": "app", "agent": "custom", "concurrency": 3,
            "command": ["sh", "-c", "sleep 0.7; cat /proc/sys/kernel/random/uuid >> app.txt"], "test_command": "sleep 0.2; test -s app.txt"}
LAST_S = 8  # before the end nobody asks for another one: its end would be waited for
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER


def adopt_orphans():
    """Who loses its parent becomes a child of this process, so that nobody is missed."""
    if ctypes.CDLL(None, use_errno=True).prctl(SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def descendants():
    """{pid: command line} of all that live below this process."""
    parents, names = {}, {}
    for pid in (int(d) for d in os.listdir("/proc") if d.isdigit()):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                state, parent = f.read().rpartition(")")[2].split()[:2]
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                names[pid] = f.read().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            parents[pid] = int(parent)
    found, level = {}, {os.getpid()}
    while level:
        level = {pid for pid, parent in parents.items() if parent in level}
        found.update((pid, names[pid]) for pid in level)
    return found


class Repository:
    def __init__(self, folder):
        self.folder, work = os.path.join(folder, "repositories"), os.path.join(folder, "work")
        self.bare = os.path.join(self.folder, "app")
        os.makedirs(work)
        with open(os.path.join(work, "app.txt"), "w", encoding="utf-8") as f:
            f.write("one\n")
        git("init", "-q", "-b", "main", work)
        git("add", "-A", cwd=work)
        git("commit", "-qm", "what there is", cwd=work)
        git("clone", "-q", "--bare", work, self.bare)

    def branches(self):
        """{name: its commit} of ours."""
        lines = git("--git-dir", self.bare, "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads/soulcaster")
        return dict(line.split() for line in lines.splitlines())

    def added(self, branch):
        return int(git("--git-dir", self.bare, "rev-list", "--count", f"main..{branch}"))

    def pulls(self):
        found = []
        for path in glob.glob(os.path.join(self.bare, "soulcaster-pulls", "*.json")):
            with open(path, encoding="utf-8") as f:
                found.append(json.load(f))
        return found


class Mender(threading.Thread):
    """Asks for fixes of issues of its own, now and then twice at once, and again where it was not told."""

    def __init__(self, seed, seconds, apis, book, ledger):
        super().__init__(daemon=True)
        self.until = time.monotonic() + seconds - LAST_S
        self.rng, self.apis, self.book, self.ledger = random.Random(f"{seed}/fixes"), apis, book, ledger
        self.stop, self.fault, self.n, self.issues, self.acks = threading.Event(), None, 0, set(), {}

    def run(self):
        try:
            while not self.stop.wait(0.5 + self.rng.random()) and time.monotonic() < self.until:
                self.one()
        except Exception as e:
            self.fault = f"who asks for fixes: {e!r}"

    def one(self):
        self.n += 1
        report = send(self.book, self.rng.choice(self.apis), f"fix-{self.n}", f"Part {self.rng.randrange(10**9)} of the app does not work")
        if not report:
            return
        moved = ask(self.ledger, self.rng.choice(self.apis), MOVED, "POST", f"/api/feedback/{report}/move", report, {"cluster_id": None})
        if moved.outcome != "acknowledged":
            return
        issue = moved.answer["cluster_id"]
        self.issues.add(issue)
        for _ in range(3):
            apis = self.rng.sample(self.apis, 2 if self.rng.random() < 0.3 else 1)
            others = [threading.Thread(target=self.start_fix, args=(issue, api)) for api in apis[1:]]
            for t in others:
                t.start()
            outcome = self.start_fix(issue, apis[0])
            for t in others:
                t.join()
            if outcome != "unknown" or self.stop.wait(0.2):
                return

    def start_fix(self, issue, api):
        c = ask(self.ledger, api, STARTED, "POST", f"/api/clusters/{issue}/start_fix", issue)
        if c.outcome == "acknowledged":
            self.acks[c.answer["id"]] = issue
        return c.outcome


# ---- Afterwards --------------------------------------------------------------------------------------


class FixesCheck:
    """Every breach is a line of `faults`."""

    def __init__(self, fleet, mender, rows):
        self.mender, self.repository, self.faults = mender, fleet.repository, []
        self.issues = {c["id"]: c for c in rows["cluster"]}
        self.fixes = everything(fleet.apis[0])

    def must(self, holds, words):
        if not holds:
            self.faults.append(words)

    def all(self):
        ids = {f["id"] for f in self.fixes}
        self.must(set(self.mender.acks) <= ids, f"acknowledged fixes are lost: {set(self.mender.acks) - ids}")
        for f in self.fixes:
            self.must(f["status"] in ENDED, f"the fix {f['id']} has no end: {self.told(f)}")
            self.must(f["cluster_id"] in self.mender.issues, f"nobody asked for {self.told(f)}")
            self.must(self.mender.acks.get(f["id"], f["cluster_id"]) == f["cluster_id"], f"another issue's: {self.told(f)}")
        for issue in self.mender.issues:
            self.one_issue(issue, [f for f in self.fixes if f["cluster_id"] == issue])
        self.forge()
        return self.faults

    @staticmethod
    def told(f):
        return {k: f[k] for k in ("id", "status", "step", "attempt", "reason", "error", "pr_state", "pr_number", "branch", "head_commit")}

    def one_issue(self, issue, fixes):
        good = [f for f in fixes if f["status"] == "success"]
        row = self.issues[issue]
        self.must(len(good) < 2, f"the issue {issue} was fixed more than once: {[self.told(f) for f in good]}")
        if good:
            self.must(row["status"] == "pr_opened", f"the issue {issue} is {row['status']} after {self.told(good[0])}")
        elif fixes and not any(f["pr_state"] == "open" for f in fixes):
            self.must(row["status"] not in ("fixing", "pr_opened"), f"the issue {issue} is {row['status']} after {self.told(fixes[0])}")

    def forge(self):
        branches, pulls = self.repository.branches(), {p["number"]: p for p in self.repository.pulls()}
        named = [f["branch"] for f in self.fixes]
        numbers = [f["pr_number"] for f in self.fixes if f["pr_number"]]
        self.must(set(branches) <= set(named), f"branches that no fix names: {set(branches) - set(named)}")
        self.must(len(set(named)) == len(named), f"branches of two fixes: {[b for b in named if named.count(b) > 1]}")
        self.must(sorted(numbers) == sorted(pulls), f"pull requests {sorted(pulls)}, and fixes name {sorted(numbers)}")
        for f in self.fixes:
            own = [p for p in pulls.values() if p["branch"] == f["branch"]]
            self.must(len(own) < 2, f"a fix has the pull requests {own}: {self.told(f)}")
            if f["status"] != "success":
                continue
            self.must([p["number"] for p in own] == [f["pr_number"]] and f["pr_state"] == "open", f"{own} of {self.told(f)}")
            self.must(f["head_commit"] == branches.get(f["branch"]) and self.repository.added(f["branch"]) == 1,
                      f"the branch is at {branches.get(f['branch'])}: {self.told(f)}")


def everything(api):
    client = soul.Client(api)
    try:
        return soul.every(client, "/api/jobs")
    finally:
        client.close()


def folders(fleet):
    """What fixes have left on disk."""
    parts = [os.path.join(fleet.folder, m.label, "fix", part) for m in fleet.fixers for part in ("jobs", "state", "s")]
    return [path for part in parts for path in glob.glob(os.path.join(part, "*"))]
