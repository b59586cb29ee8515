"""kill -9 at every moment of a fix: afterwards it is done once, whatever was lost."""

import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import soul
from fix_world import World

EVERY_S = 0.06  # from one kill to the next, in the fix's own time

# Stands in git's place: the call that is named in `what`, the time that is named in `nth`, waits before it is git.
GIT = """#!/bin/sh
cd {hold}
for word in "$@"; do case $word in -*) ;; *) break ;; esac; done
if [ -e what ] && [ "$word" = "$(cat what)" ]; then
    echo >> count
    if [ "$(wc -l < count)" = "$(cat nth)" ] && mv what at; then read -r line < go; fi
fi
cd {home}
exec {git} "$@"
"""

# Where each step is held: a call of git, which time of it, and the step that is stored then.
# (The first one also comes from who watches pull requests: there is none open yet.)
HELD = (("merge-base", 1, "pushing"), ("fetch", 1, "preparing"), ("read-tree", 1, "base_tests"), ("read-tree", 2, "agent"), ("fast-import", 1, "agent"),
        ("commit-tree", 1, "agent"), ("diff-tree", 1, "checking"), ("read-tree", 3, "patched_tests"), ("ls-remote", 1, "pushing"),
        ("push", 1, "pushing"))


class Killed(unittest.TestCase):
    def setUp(self):
        self.w = World({"app.txt": "one\n"}, agent="custom", command=["sh", "-c", "sleep 0.1; echo two >> app.txt"],
                       setup_command="true", test_command="sleep 0.05; test -s app.txt")
        self.addCleanup(self.w.close)

    def pulls(self):
        return glob.glob(os.path.join(self.w.bare, "soulcaster-pulls", "*.json"))

    def restart(self):
        self.w.server.process.wait()
        self.w.server.start()
        self.w.c = self.w.server.client()

    def test_one_pull_request_whenever_it_is_killed(self):
        met, delay, n = {}, 0.0, 0
        while True:
            issue = self.w.own_issue(f"Number {n} of the many things that are wrong")
            job = self.w.start(issue)
            time.sleep(delay)  # the moment is what is tested
            step = self.w.fix(job)
            os.kill(self.w.server.pid, signal.SIGKILL)
            self.restart()
            fix = self.w.ended(job)
            n += 1
            self.assertEqual((fix["status"], fix["pr_state"]), ("success", "open"), (step["step"], fix["error"], self.w.log(job)))
            self.assertEqual((len(self.pulls()), len(self.w.branches())), (n, n + 1), step["step"])
            self.assertEqual(fix["pr_number"], n)
            self.assertLessEqual(fix["attempt"], 2)
            self.assertEqual(self.w.status(issue), "pr_opened")
            met[step["step"]] = met.get(step["step"], 0) + 1
            if step["status"] == "success":
                break
            delay += EVERY_S
        self.assertLessEqual({"base_tests", "agent", "patched_tests", "opened"}, set(met), met)
        folder = os.path.join(self.w.server.data, "fix", "jobs")
        soul.wait_for("no work tree to be left", lambda: not os.listdir(folder))


class Held(unittest.TestCase):
    """The moment is no chance: git stands still in the middle of a step."""

    options, points = ("--fix-watch-ms", "3600000"), HELD

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="held-")
        self.addCleanup(folder.cleanup)
        self.hold = folder.name
        os.mkfifo(os.path.join(self.hold, "go"))
        git = os.path.join(self.hold, "git")
        self.put("git", GIT.format(hold=self.hold, home="/", git=shutil.which("git")))
        os.chmod(git, 0o755)
        self.w = World({"app.txt": "one\n"}, self.options, env={"PATH": f"{self.hold}:{os.environ['PATH']}"}, agent="custom",
                       command=["sh", "-c", "echo two >> app.txt"], test_command="test -s app.txt")
        self.addCleanup(self.w.close)

    def put(self, name, text):
        with open(os.path.join(self.hold, name), "w", encoding="utf-8") as f:
            f.write(text)

    def release(self):
        try:
            fd = os.open(os.path.join(self.hold, "go"), os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return False  # it does not read yet
        os.write(fd, b"\n")
        os.close(fd)
        return True

    def held(self):
        return os.path.exists(os.path.join(self.hold, "at"))

    def kill(self):
        os.kill(self.w.server.pid, signal.SIGKILL)
        self.w.server.process.wait()
        self.w.server.start()
        self.w.c = self.w.server.client()

    def test_one_pull_request_wherever_it_is_killed(self):
        for n, (what, nth, step) in enumerate(self.points, 1):
            with self.subTest(what=what, nth=nth):
                issue = self.w.own_issue(f"Number {n} of the many things that are wrong")
                for name, text in ("count", ""), ("nth", str(nth)), ("what", what):
                    self.put(name, text)
                job = self.w.start(issue)
                soul.wait_for(f"git {what}", self.held)
                self.assertEqual(self.w.fix(job)["step"], step)
                self.kill()
                os.unlink(os.path.join(self.hold, "at"))
                soul.wait_for("the orphan to go on", self.release)  # what it does must not count twice
                fix = self.w.ended(job)
                self.assertEqual((fix["status"], fix["pr_state"]), ("success", "open"), (fix["error"], self.w.log(job)))
                pulls = glob.glob(os.path.join(self.w.bare, "soulcaster-pulls", "*.json"))
                self.assertEqual((len(pulls), len(self.w.branches()), fix["pr_number"]), (n, n + 1, n))
                self.assertEqual(fix["attempt"], 2)
                self.assertEqual(self.w.status(issue), "pr_opened")
        folder = os.path.join(self.w.server.data, "fix", "jobs")
        soul.wait_for("no work tree to be left", lambda: not os.listdir(folder))


class HeldWorker(Held):
    """The same where fixes are a worker's, and the server goes on."""

    options = (*Held.options, "--fix-workers", "0")
    points = tuple(p for p in HELD if p[0] in ("fetch", "fast-import", "diff-tree", "push"))

    def setUp(self):
        super().setUp()
        self.start_worker()
        self.addCleanup(self.stop_worker)

    def start_worker(self):
        self.worker = subprocess.Popen([soul.BIN, "worker", "--data", self.w.server.data, "--repositories", self.w.repositories,
                                        "--fix-watch-ms", "3600000"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env=soul.clean_env(PATH=f"{self.hold}:{os.environ['PATH']}"))

    def stop_worker(self):
        self.worker.kill()
        self.worker.wait()

    def kill(self):
        self.stop_worker()
        self.start_worker()


if __name__ == "__main__":
    soul.main()
