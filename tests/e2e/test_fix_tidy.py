"""What fixes leave on disk: a killed fix's folder goes though nobody takes it up again, and mirrors without a project go, too."""

import os
import signal
import time
import unittest

import soul
from fix_world import World

OLD_S = 3 * 24 * 3600


class Tidy(unittest.TestCase):
    def setUp(self):
        self.w = World({"app.txt": "one\n"}, agent="custom", command=["sh", "-c", "date +%N >> app.txt"], test_command="")
        self.addCleanup(self.w.close)

    def folder(self, *names):
        return os.path.join(self.w.server.data, "fix", *names)

    def again(self, how=signal.SIGTERM):
        os.kill(self.w.server.pid, how)
        self.w.server.process.wait()
        self.w.server.start()
        self.w.c = self.w.server.client()

    def fix(self, name):
        fix = self.w.ended(self.w.start(self.w.own_issue(name)))
        self.assertEqual(fix["status"], "success", self.w.log(fix["id"]))
        return fix

    def test_a_folder_that_nobody_works_in_is_removed(self):
        self.w.configure(command=["sh", "-c", "sleep 600"])
        job = self.w.start(self.w.own_issue("It runs, and will be killed and then cancelled"))
        soul.wait_for("the agent to begin", lambda: "begins" in self.w.log(job))
        left = [self.folder("jobs", "0" * 8 + "-0000-7000-8000-" + "0" * 12 + "-1"), self.folder("jobs", "anything")]
        for path in left:
            os.makedirs(os.path.join(path, "work"))
        self.again(signal.SIGKILL)
        soul.wait_for("what is left to go", lambda: not any(map(os.path.exists, left)))
        soul.wait_for("the fix to go on", lambda: self.w.log(job).count("begins") == 2)
        self.assertEqual(len(self.w.folders(job)), 1, "who works is left alone")
        self.assertEqual(self.w.c.post(f"/api/jobs/{job}/cancel").status, 200)
        self.w.ended(job)
        soul.wait_for("its folder to go", lambda: not self.w.folders(job))

    def test_mirrors_are_packed_while_a_project_names_them_and_then_removed(self):
        self.fix("The first thing that is wrong")
        mirror, = os.listdir(self.folder("mirrors"))
        path = self.folder("mirrors", mirror)
        old = time.time() - OLD_S
        os.utime(os.path.join(path, "info", "attributes"), (old, old))
        self.again()
        soul.wait_for("the mirror to be packed", lambda: os.path.exists(os.path.join(path, "soulcaster.packed")))
        self.fix("A second thing that is wrong")
        self.w.configure(repository="elsewhere")
        self.again()
        self.assertTrue(os.path.exists(path), "it was in use today")
        os.utime(os.path.join(path, "info", "attributes"), (old, old))
        self.again()
        soul.wait_for("the mirror to go", lambda: not os.listdir(self.folder("mirrors")))
        self.w.configure(repository="app")
        self.fix("A third thing that is wrong")


if __name__ == "__main__":
    soul.main()
