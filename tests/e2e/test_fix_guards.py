"""What stands before a fix and around it: time, attempts, other pull requests, the policy, opting out."""

import os
import signal
import tempfile
import unittest

import soul
from fix_world import World

SLEEP = ["sh", "-c", "sleep 600"]
EDIT = ["sh", "-c", "date +%N >> app.txt"]


def begins(w, job, times):
    soul.wait_for("the agent to begin", lambda: w.log(job).count("begins") == times)


class Guards(unittest.TestCase):
    def world(self, *options, **settings):
        w = World({"app.txt": "one\n", "larderlark/csv_writer.py": "one\n"}, options, agent="custom", test_command="",
                  **{"command": EDIT, **settings})
        self.addCleanup(w.close)
        return w

    def test_time_is_up(self):
        w = self.world("--fix-max-ms", "2500", command=["sh", "-c", "trap '' TERM; (setsid sleep 600 &) ; sleep 600"])
        issue = w.own_issue("It takes for ever")
        fix = w.ended(w.start(issue))
        self.assertEqual((fix["status"], fix["reason"]), ("timed_out", "time_limit"), w.log(fix["id"]))
        self.assertEqual(w.status(issue), "triaged")
        soul.wait_for("its folder to be gone", lambda: not w.folders(fix["id"]))

    def test_a_fix_whose_worker_vanishes_three_times_is_lost(self):
        w = self.world(command=SLEEP)
        issue = w.own_issue("Its worker dies and dies")
        job = w.start(issue)
        for n in 1, 2, 3:
            begins(w, job, n)
            os.kill(w.server.pid, signal.SIGKILL)
            w.server.process.wait()
            w.server.start()
            w.c = w.server.client()
        fix = w.ended(job)
        self.assertEqual((fix["status"], fix["reason"]), ("dead", "lost"))
        soul.wait_for("its issue to be told", lambda: w.status(issue) == "triaged")
        self.assertIn(job, [j["id"] for j in w.c.get("/api/dead-letters").json["items"]])
        w.configure(command=EDIT)
        self.assertEqual(w.c.post(f"/api/jobs/{job}/retry").status, 200)
        self.assertEqual(w.ended(job)["status"], "success")

    def test_the_same_cause_is_not_fixed_twice_unless_told_so(self):
        w = self.world(command=["sh", "-c", "echo two > larderlark/csv_writer.py"])
        first = w.ended(w.start(w.own_issue("The export is wrong")))
        self.assertEqual(first["status"], "success")
        trace = ("Export crashed\nTraceback (most recent call last):\n"
                 '  File "/srv/larderlark/larderlark/csv_writer.py", line 12, in pantry_csv\n    yield held\nKeyError: 3')
        issue = w.own_issue(trace)
        report = w.c.get(f"/api/clusters/{issue}").json["feedback_items"][0]
        refused = w.c.post(f"/api/clusters/{issue}/start_fix")
        self.assertEqual(refused.status, 409, (refused, report))
        self.assertIn(first["id"], refused.json["detail"])
        self.assertEqual(w.c.post(f"/api/clusters/{issue}/start_fix", {"force": True}).status, 202)

    def test_the_folder_of_fixes_may_be_reached_by_a_link(self):
        folder = tempfile.TemporaryDirectory(prefix="fix-")
        self.addCleanup(folder.cleanup)
        os.mkdir(os.path.join(folder.name, "disk"))
        os.symlink("disk", os.path.join(folder.name, "link"))
        w = self.world("--fix-dir", os.path.join(folder.name, "link", "fixes"))
        fix = w.ended(w.start(w.own_issue("It lies behind a link")))
        self.assertEqual(fix["status"], "success", (fix["error"], w.log(fix["id"])))

    def test_opting_out_and_caps(self):
        w = self.world()
        issue = w.own_issue("Nothing may be done about this")
        w.configure(enabled=False)
        self.assertEqual(w.c.post(f"/api/clusters/{issue}/start_fix").status, 422)
        w.configure(enabled=True)
        w.c.call("PATCH", f"/api/clusters/{issue}", {"status": "ignored"})
        self.assertEqual(w.c.post(f"/api/clusters/{issue}/start_fix").status, 409)

    def test_the_policy_starts_what_is_big_enough_and_brakes(self):
        w = self.world(policy={"enabled": False})
        issues = [w.own_issue(f"Number {n}, of which nobody has looked at any") for n in range(4)]
        w.configure(policy={"enabled": True, "min_reports": 1, "max_a_day": 2, "max_open": 5})
        soul.wait_for("two fixes", lambda: w.c.get("/api/jobs", status="success").json["total"] == 2)
        w.configure(policy={"enabled": True, "min_reports": 2, "max_a_day": 5, "max_open": 5})
        state = w.c.get("/api/fix").json
        self.assertEqual((state["today"]["by_policy"], state["open_pulls"]), (2, 2))
        started = [f["cluster_id"] for f in w.c.get("/api/jobs").json["items"]]
        self.assertEqual(len(set(started) & set(issues)), 2)
        self.assertEqual({f["asked_by"] for f in w.c.get("/api/jobs").json["items"]}, {"policy"})

    def test_one_project_never_runs_more_than_it_may(self):
        w = self.world("--fix-workers", "3", concurrency=1, command=["sh", "-c", "sleep 0.2; date +%N >> app.txt"])
        jobs = [w.start(w.own_issue(f"Number {n} in a row")) for n in range(4)]

        def over():
            self.assertLessEqual(w.c.get("/api/jobs", status="success").json["total"], 4)
            return all(w.fix(j)["status"] == "success" for j in jobs)
        soul.wait_for("all of them", over)
        times = sorted((w.fix(j)["started_at"], w.fix(j)["ended_at"]) for j in jobs)
        for one, next_one in zip(times, times[1:]):
            self.assertLessEqual(one[1], next_one[0], times)


if __name__ == "__main__":
    soul.main()
