"""From a report to a merged change and a resolved issue, with the real sandbox, git and the local forge."""

import json
import os
import pwd
import shutil
import subprocess
import tempfile
import unittest

import soul
from fix_world import World, git

CSV = ["Pantry CSV export drops the last row: the file is one item short",
       "The exported CSV is missing one item, it is always the last row of the pantry"]


def hidden_test(checkout, name):
    shutil.copy(f"demo/hidden/test_{name}.py", checkout)
    return subprocess.run(["python3", "-m", "unittest", "-q", f"test_{name}"], cwd=checkout, capture_output=True).returncode


class Fix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = World()
        cls.addClassCleanup(cls.w.close)
        cls.c = cls.w.c

    def test_the_whole_way_from_a_report_to_resolved(self):
        w = self.w
        issue = w.issue(*CSV)
        state = self.c.get("/api/fix").json
        self.assertTrue(state["ready"] and state["sandboxed"], state)
        job = w.start(issue)
        self.assertEqual(w.start(issue), job, "one fix an issue at a time")
        fix = w.ended(job)
        self.assertEqual((fix["status"], fix["step"], fix["pr_state"]), ("success", "opened", "open"), w.log(job))
        self.assertEqual((fix["tests"]["base"]["passed"], fix["tests"]["patched"]["passed"]), (True, True))
        self.assertEqual((fix["patch"]["files"], fix["findings"], fix["plan_version"]), (2, [], 1))
        self.assertEqual(w.status(issue), "pr_opened")
        self.assertIn(fix["branch"], w.branches())
        shown = self.c.get(f"/api/clusters/{issue}").json
        self.assertEqual(shown["github_branch"], fix["branch"])

        pull = self.c.get(f"/api/jobs/{job}/pull_request").json
        self.assertEqual((pull["state"], pull["draft"], pull["actions"]), ("open", True, ["merge", "close", "comment"]))
        for word in "scripted", "Tests before", "First report", issue, "written by a machine":
            self.assertIn(word, pull["body"])
        self.assertIn("held", self.c.get(f"/api/jobs/{job}/patch").body.decode())
        self.assertIn("scripted: this is a prepared edit", w.log(job))

        merged = self.c.post(f"/api/jobs/{job}/pull_request", {"action": "merge"})
        self.assertEqual((merged.status, merged.json["state"]), (200, "merged"), merged)
        self.assertEqual(w.status(issue), "resolved")
        self.assertEqual(hidden_test(w.files_of("main"), "export_csv_last_row"), 0)
        self.assertEqual(self.c.post(f"/api/jobs/{job}/pull_request", {"action": "close"}).status, 409)

        self.c.post("/api/ingest/manual", {"text": CSV[0] + " again", "external_id": "again"})
        soul.wait_for("a word that it did not hold",
                      lambda: "did not hold" in (self.c.get(f"/api/clusters/{issue}").json["error_message"] or ""))
        self.assertEqual(w.status(issue), "regressed")

    def test_no_prepared_edit_is_no_change(self):
        issue = self.w.issue("Please build a telescope into the fridge")
        fix = self.w.ended(self.w.start(issue))
        self.assertEqual((fix["status"], fix["reason"], fix["pr_state"]), ("failed", "no_change", "none"))
        self.assertEqual(self.w.status(issue), "triaged")
        self.assertEqual(self.c.get(f"/api/jobs/{fix['id']}/patch").status, 404)
        again = self.c.post(f"/api/jobs/{fix['id']}/retry")
        self.assertEqual((again.status, again.json["status"], again.json["attempt"]), (200, "pending", 0))
        self.assertEqual(self.w.ended(fix["id"])["reason"], "no_change")

    def test_closed_goes_back_to_triage_and_the_next_branch_is_another_one(self):
        w = self.w
        issue = w.issue("Imported recipe says 112 cups instead of 1\u00bd cups: the fraction is lost",
                        "Fractions like 1\u00bd cups become 112 cups when a recipe is imported")
        first = w.ended(w.start(issue))
        self.assertEqual(first["status"], "success", w.log(first["id"]))
        self.assertEqual(self.c.post(f"/api/clusters/{issue}/start_fix").status, 409, "it has an open pull request")
        self.assertEqual(self.c.post(f"/api/jobs/{first['id']}/pull_request", {"action": "close"}).status, 200)
        self.assertEqual(w.status(issue), "triaged")
        second = w.ended(w.start(issue))
        self.assertEqual(second["status"], "success", w.log(second["id"]))
        self.assertEqual(second["branch"], first["branch"] + "-2")

    def test_a_comment_that_names_us_is_a_follow_up_on_the_branch(self):
        w = self.w
        issue = w.issue("Scaling a recipe for one serving removes the eggs, small amounts vanish",
                        "Serving scaler: amounts become 0, half an egg vanishes")
        first = w.ended(w.start(issue))
        self.assertEqual(first["status"], "success", w.log(first["id"]))
        self.c.post(f"/api/jobs/{first['id']}/pull_request", {"action": "comment", "body": "Looks good so far."})
        said = "@soulcaster creme fraiche is not found either: search should ignore accents, and kase too"
        self.c.post(f"/api/jobs/{first['id']}/pull_request", {"action": "comment", "body": said})
        follow = soul.wait_for("a follow-up", lambda: [f for f in self.c.get(f"/api/clusters/{issue}/jobs").json["items"]
                                                       if f["follows"] == first["id"]])[0]
        second = w.ended(follow["id"])
        self.assertEqual(second["status"], "success", w.log(second["id"]))
        self.assertEqual((second["branch"], second["pr_number"]), (first["branch"], first["pr_number"]))
        self.assertIn("creme fraiche", second["instructions"])
        self.assertEqual(git("--git-dir", w.bare, "rev-list", "--count", f"main..{first['branch']}").strip(), "2")
        self.assertEqual(self.c.get(f"/api/clusters/{issue}/jobs").json["total"], 2)

    def test_the_command_line_goes_the_same_way(self):
        data, issue = self.w.server.data, self.w.own_issue(CSV[1])
        done = soul.run("fix", issue, "--data", data, "--say", "and the last row, please")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("prepared edit", done.stdout)
        job = self.c.get(f"/api/clusters/{issue}/jobs").json["items"][0]
        self.assertEqual((job["asked_by"], job["instructions"]), ("local", "and the last row, please"))
        self.assertIn(job["id"], soul.run("fixes", "--pull", "open", "--data", data).stdout)
        self.assertIn("prepared edit", soul.run("fix-log", job["id"], "--data", data).stdout)
        self.assertEqual(soul.run("fixes", "cancel", job["id"], "--data", data).returncode, 1)
        merged = soul.run("fixes", "merge", job["id"], "--data", data)
        self.assertEqual((merged.returncode, self.w.status(issue)), (0, "resolved"), merged)
        none = soul.run("fix", self.w.own_issue("Nothing to be done"), "--data", data)
        self.assertEqual(none.returncode, 1)
        self.assertIn("changed nothing", none.stdout)

    def test_the_log_is_followed_to_its_end(self):
        issue = self.w.issue("Nothing that anybody prepared an edit for, at all")
        job = self.w.start(issue)
        connection = self.w.server.client().connection
        connection.request("GET", f"/api/jobs/{job}/logs/follow", headers={"X-API-Key": soul.KEY})
        text = connection.getresponse().read().decode()  # the stream ends by itself
        self.assertIn("event: log", text)
        self.assertTrue(text.rstrip().endswith('data: {"status":"failed"}'), text[-200:])

    def test_events_tell_of_each_step_and_of_the_end(self):
        issue = self.w.own_issue("Nothing to be done, and all of it told")
        connection = self.w.server.client().connection
        connection.request("GET", "/api/events", headers={"X-API-Key": soul.KEY})
        stream = connection.getresponse()
        self.assertIn(b"retry", stream.readline())
        job, steps = self.w.start(issue), []
        for line in stream:
            if not line.startswith(b"data: "):
                continue
            event = json.loads(line[6:])
            if event["kind"] != "fix.updated" or event["data"]["job_id"] != job:
                continue
            self.assertEqual(event["data"]["cluster_id"], issue)
            steps.append(event["data"]["step"])
            if self.c.get(f"/api/jobs/{job}").json["status"] == "failed":
                break
        self.assertEqual([s for s in ("preparing", "base_tests", "agent") if s not in steps], [])

    def test_the_log_is_read_backwards_too(self):
        job = self.w.start(self.w.own_issue("Nothing to be done, read from its end"))
        self.w.ended(job)
        path = f"/api/jobs/{job}/logs"
        rows = self.c.get(path, limit=200).json["items"]
        last = self.c.get(path, before=2**53 - 1, limit=2).json
        self.assertEqual((last["items"], last["next_after"]), (rows[-2:], rows[-1]["seq"]))
        self.assertEqual(self.c.get(path, before=rows[-2]["seq"], limit=200).json["items"], rows[:-2])
        self.assertEqual(self.c.get(path, before=1).json["items"], [])
        self.assertEqual(self.c.get(path, before=0).status, 400)


class Apart(unittest.TestCase):
    """Each with a world of its own: what it leaves open is in nobody's way."""

    def setUp(self):
        self.w = World()
        self.addCleanup(self.w.close)

    def test_the_change_is_filed_as_an_issue_where_a_project_wants_that(self):
        w = self.w
        issue = w.own_issue(CSV[1] + ", file it")
        w.configure(output="issue")
        fix = w.ended(w.start(issue))
        self.assertEqual((fix["status"], fix["pr_state"], fix["pr_number"]), ("success", "issue", 1), w.log(fix["id"]))
        filed = os.listdir(os.path.join(w.bare, "soulcaster-issues"))
        self.assertEqual([name for name in filed if name.endswith(".json")], ["1.json"])
        with open(os.path.join(w.bare, "soulcaster-issues", "1.json"), encoding="utf-8") as f:
            body = json.load(f)["body"]
        self.assertIn(f"| Fix | {fix['id']} |", body)
        self.assertIn("+++ b/larderlark/", body)
        self.assertEqual(w.branches(), ["main"], "nothing is pushed")
        self.assertEqual(w.c.get(f"/api/jobs/{fix['id']}/pull_request").status, 404)

    def test_for_programs_it_waits_too_and_prints_the_job_alone(self):
        data, issue = self.w.server.data, self.w.own_issue(CSV[0] + ", a program says")
        done = soul.run("fix", issue, "--data", data, "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["status"]), (0, "success"), done)
        none = soul.run("fix", self.w.own_issue("Nothing to be done by a program"), "--data", data, "--json")
        self.assertEqual((none.returncode, json.loads(none.stdout)["reason"]), (1, "no_change"), none)
        left = soul.run("fix", self.w.own_issue("Nothing to be done later"), "--data", data, "--json", "--detach")
        job = json.loads(left.stdout)
        self.assertEqual((left.returncode, job["status"] in ("pending", "running")), (0, True), left)
        self.w.ended(job["id"])

    def test_a_server_of_its_own_lives_until_the_fix_is_over(self):
        w = self.w
        issue = w.issue(*CSV)
        self.assertEqual(w.server.stop(), 0)
        for more in ["--json"], ["--json", "--detach", "--force"]:
            done = soul.run("fix", issue, "--data", w.server.data, *more, env={"SOULCASTER_REPOSITORIES": w.repositories})
            self.assertEqual((done.returncode, json.loads(done.stdout)["status"]), (0, "success"), done)


class Refusals(unittest.TestCase):
    """Agents that do what they should not: each is a command of ours."""

    @classmethod
    def setUpClass(cls):
        cls.w = World({"app.txt": "one\n", "check.sh": "grep -q . app.txt\n"}, test_command="sh check.sh", agent="custom",
                      command=["true"])
        cls.addClassCleanup(cls.w.close)
        cls.issue = cls.w.issue("The app says one where two is meant")

    def run_agent(self, script, **settings):
        self.w.configure(command=["sh", "-c", script], **settings)
        return self.w.ended(self.w.start(self.issue))

    def refused(self, reason, script, **settings):
        fix = self.run_agent(script, **settings)
        self.assertEqual((fix["status"], fix["reason"]), ("failed", reason), (fix["error"], self.w.log(fix["id"])))
        self.assertEqual(self.w.branches(), ["main"])
        self.assertEqual(self.w.status(self.issue), "triaged")
        return fix

    def test_refusals_and_at_last_a_pull_request(self):
        fix = self.refused("patch_refused", "mkdir -p .github/workflows; echo x > .github/workflows/x.yml")
        self.assertEqual(fix["findings"][0]["rule"], "ci")
        self.assertIn("x.yml", self.w.c.get(f"/api/jobs/{fix['id']}/patch").body.decode(), "people may see it")
        self.refused("patch_refused", "ln -s /etc/passwd link")
        self.refused("patch_refused", "head -c 3000 /dev/urandom > app.bin")
        self.refused("patch_refused", "mkdir sub; cp app.txt sub; mkdir sub/.git; echo 'ref: x' > sub/.git/HEAD")
        self.refused("patch_refused", "seq 100000 > app.txt")
        self.refused("patch_refused", "echo 'key = \"AKIA" + "IOSFODNN7EXAMPLQ\"' > app.txt; "
                     "echo 'token: ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8' >> app.txt")
        self.refused("patch_refused", "head -c 104857600 /dev/zero | tr '\\0' a > app.txt")
        self.refused("patch_refused", "mkfifo .gitignore; echo two > app.txt")
        self.refused("patch_refused", "mkdir -p a/b; ln -s ../.. a/b/l; ln -s a/b/l/../../etc out")
        self.refused("agent_failed", "echo two > app.txt; head -c 1G /dev/zero | tr '\\0' a")
        self.refused("tests_failed", ": > app.txt")
        self.refused("agent_failed", "echo two > app.txt; exit 7")
        self.refused("no_change", "echo hello; echo > .git; rm -f .git")
        self.refused("setup", "true", setup_command="exit 3")
        fix = self.run_agent("echo two > app.txt", setup_command="")
        self.assertEqual(fix["status"], "success", self.w.log(fix["id"]))

    def test_what_an_agent_prints_is_cleaned_and_capped(self):
        issue = self.w.issue("Another one about printing far too much")
        self.w.configure(command=["sh", "-c", r"printf '\033[31mred\033[0m \342\200\256hidden\n'; yes 0123456789 | head -c 9000000"],
                         setup_command="")
        fix = self.w.ended(self.w.start(issue))
        rows, after = [], 0
        while True:
            page = self.w.c.get(f"/api/jobs/{fix['id']}/logs", limit=200, after=after).json
            self.assertIn("items", page)
            rows += page["items"]
            if not page["items"]:
                break
            after = page["next_after"]
        text = "".join(r["text"] for r in rows)
        self.assertNotIn("\x1b", text)
        self.assertNotIn("\u202e", text)
        self.assertLess(len(text), 6 << 20)
        self.assertIn("the log is full", text)
        self.assertEqual(rows[-1]["stream"], "step", "our words come after all the same")


class SetUp(unittest.TestCase):
    def test_the_agent_gets_what_set_up_made_for_the_tests(self):
        w = World({"app.txt": "one\n"}, agent="custom", setup_command="date +%s%N > stamp; mkdir -p deps; ln -s ../stamp deps/link",
                  test_command="cat deps/link; echo touched > deps/touched",
                  command=["sh", "-c", "cat deps/link; test ! -e deps/touched && rm -r stamp deps && echo two > app.txt"])
        self.addCleanup(w.close)
        fix = w.ended(w.start(w.own_issue("Something is wrong, and needs packages")))
        self.assertEqual(fix["status"], "success", w.log(fix["id"]))
        rows = w.c.get(f"/api/jobs/{fix['id']}/logs", limit=200).json["items"]
        base, agent, patched = (r["text"] for r in rows if r["stream"] in ("tests", "agent"))
        self.assertEqual(agent, base)
        self.assertNotEqual(patched, base, "the change is set up by itself")


class Installed(unittest.TestCase):
    """Agents that a person installed for himself, below his home folder."""

    def setUp(self):
        home = pwd.getpwuid(os.getuid()).pw_dir
        if not os.access(home, os.W_OK):
            self.skipTest("our user has no home folder to install something in")
        folder = tempfile.TemporaryDirectory(prefix="soulcaster-test-", dir=home)
        self.addCleanup(folder.cleanup)
        self.top = folder.name
        self.bin = os.path.join(self.top, "v1", "bin")
        os.makedirs(self.bin)
        shutil.copy("/bin/sh", os.path.join(self.bin, "soulnode"))
        self.put("secret", "not for agents\n")
        self.w = World({"app.txt": "one\n"}, env={"PATH": f"{self.bin}:{os.environ['PATH']}"}, agent="custom",
                       command=["soulagent", "{prompt_file}"], test_command="")
        self.addCleanup(self.w.close)

    def put(self, path, text):
        path = os.path.join(self.top, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o755)
        return path

    def fix(self):
        return self.w.ended(self.w.start(self.w.own_issue("Something is wrong, and an agent is installed")))

    def test_a_program_below_the_home_folder_runs_and_the_rest_is_not_seen(self):
        cli = self.put("v1/lib/node_modules/x/cli", "#!/usr/bin/env soulnode\n"
                       f"cat {self.top}/secret && exit 9; touch {self.top}/v1/x && exit 8; echo two > app.txt\n")
        os.symlink(cli, os.path.join(self.bin, "soulagent"))
        fix = self.fix()
        self.assertEqual(fix["status"], "success", self.w.log(fix["id"]))

    def test_a_program_among_keys_is_refused(self):
        os.symlink(self.put(".ssh/bin/x", "#!/bin/sh\necho two > app.txt\n"), os.path.join(self.bin, "soulagent"))
        fix = self.fix()
        self.assertEqual((fix["status"], fix["reason"]), ("failed", "no_agent"), self.w.log(fix["id"]))
        self.assertIn("lay open", fix["error"])


class Stopping(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.w = World({"app.txt": "one\n"}, test_command="", agent="custom", command=["sh", "-c", "sleep 600"])
        cls.addClassCleanup(cls.w.close)

    def at_agent(self, issue):
        job = self.w.start(issue)
        soul.wait_for("the agent to begin", lambda: "begins" in self.w.log(job))
        return job

    def test_cancel_ends_the_work(self):
        issue = self.w.issue("Cancel this one, it sleeps")
        job = self.at_agent(issue)
        got = self.w.c.post(f"/api/jobs/{job}/cancel")
        self.assertEqual((got.status, got.json["status"], got.json["reason"]), (200, "cancelled", "cancelled"))
        self.assertEqual(self.w.status(issue), "triaged")
        soul.wait_for("its folder to be gone", lambda: not self.w.folders(job))
        self.assertEqual(self.w.c.post(f"/api/jobs/{job}/cancel").status, 409)

    def test_sigterm_gives_the_fix_back_and_a_restart_goes_on(self):
        issue = self.w.issue("Restart while this one sleeps, please")
        job = self.at_agent(issue)
        self.assertEqual(self.w.server.stop(), 0)
        self.w.server.start()
        self.w.c = self.w.server.client()
        soul.wait_for("the agent to begin again", lambda: self.w.log(job).count("begins") == 2)
        self.assertEqual(self.w.fix(job)["attempt"], 1, "no attempt was burnt")
        self.w.c.post(f"/api/jobs/{job}/cancel")
        self.w.configure(command=["sh", "-c", "echo two > app.txt"])
        self.w.c.post(f"/api/jobs/{job}/retry")
        fix = self.w.ended(job)
        self.w.configure(command=["sh", "-c", "sleep 600"])
        self.assertEqual((fix["status"], fix["attempt"]), ("success", 1), self.w.log(job))


if __name__ == "__main__":
    soul.main()
