"""kill -9 at every moment of a fix: afterwards it is done once, whatever was lost."""

import glob
import os
import signal
import time
import unittest

import soul
from fix_world import World

EVERY_S = 0.06  # from one kill to the next, in the fix's own time


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


if __name__ == "__main__":
    soul.main()
