"""The whole way on GitHub: its API (tests/support/github_fake.py) and the real git over HTTP, behind one address that can fail. The
token reaches both, and nobody else."""

import hashlib
import hmac
import http.client
import http.server
import json
import os
import secrets
import subprocess
import sys
import threading
import unittest
import urllib.parse

import soul
from fix_world import World, git

TOKEN = "github_pat_canary" + secrets.token_hex(12)  # no other run's: all processes are searched for it


class Front(http.server.ThreadingHTTPServer):
    """Paths of a repository go to git, others to the API; `trouble` says which call goes wrong, how, and how often."""

    daemon_threads = True

    def __init__(self, api, repositories):
        super().__init__(("127.0.0.1", 0), Handler)
        self.api, self.repositories = (urllib.parse.urlsplit(u).netloc for u in (api, repositories))
        self.trouble, self.asked = None, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve(self):
        body, how = self.body(), None
        what = f"{self.command} {self.path.partition('?')[0]}"
        self.server.asked.append(what)
        trouble = self.server.trouble
        if trouble and trouble["left"] and what.endswith(trouble["call"]):
            trouble["left"] -= 1
            how = trouble["how"]
        if how == "down":
            self.answer(503, [], b"{}")
            return
        try:
            reply, said = self.ask(body)
        except (OSError, http.client.HTTPException):  # the test is over
            self.close_connection = True
            return
        if how == "answer lost":
            self.close_connection = True
            return
        self.answer(reply.status, reply.getheaders(), said)

    def ask(self, body):
        connection = http.client.HTTPConnection(self.server.repositories if ".git/" in self.path else self.server.api)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "transfer-encoding", "content-length")}
        connection.request(self.command, self.path, body or None, headers)
        reply = connection.getresponse()
        said = reply.read()
        connection.close()
        return reply, said

    do_GET = do_POST = do_PATCH = serve


class OnGitHub(unittest.TestCase):
    options = ()

    def helper(self, *words):
        process = subprocess.Popen([sys.executable, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        process.stdin.write(TOKEN + "\n")
        process.stdin.close()
        self.addCleanup(process.stdout.close)
        return process.stdout.readline().strip()

    def setUp(self):
        self.w = World({"app.txt": "one\n"}, agent="custom", command=["sh", "-c", "env; cat /proc/[0-9]*/environ; echo two >> app.txt"], test_command="",
                       options=self.options)
        self.addCleanup(self.w.close)
        self.root = os.path.join(self.w.folder.name, "served")
        os.makedirs(os.path.join(self.root, "owner"))
        os.symlink(self.w.bare, os.path.join(self.root, "owner", "repo.git"))
        self.front = Front(self.helper("tests/support/github_fake.py"), self.helper("tests/support/git_http.py", self.root))
        self.addCleanup(self.front.server_close)
        self.addCleanup(self.front.shutdown)
        self.w.server.stop()
        self.w.server.env = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": self.front.url, "no_proxy": "127.0.0.1"}
        self.w.server.start()
        self.w.c = self.w.server.client()
        self.w.configure(forge="github", repository="owner/repo", labels=["bot"])

    def fix(self, name, call=None, how=None, left=0):
        self.front.trouble = {"call": call, "how": how, "left": left} if call else None
        fix = self.w.ended(self.w.start(self.w.own_issue(name)))
        if call:
            self.assertEqual(self.front.trouble["left"], 0, "it went wrong as it should")
        return fix

    def tell(self, what, **body):
        """The fake's own way in."""
        connection = http.client.HTTPConnection(self.front.api)
        connection.request("POST", f"/_test/{what}", json.dumps(body))
        state = json.loads(connection.getresponse().read())
        connection.close()
        return state

    def pulls(self):
        return self.tell("look")["pulls"]

    def say(self, number, text, association):
        self.tell(f"say/{number}", kind="issue", body=text, by="ann", association=association, ahead=2)

    def tip(self, branch):
        return git("--git-dir", self.w.bare, "rev-parse", branch).strip()


class GitHub(OnGitHub):
    def opened(self, fix, n, attempt=1):
        self.assertEqual((fix["status"], fix["pr_state"]), ("success", "open"), (fix["error"], self.w.log(fix["id"])))
        self.assertEqual((len(self.pulls()), fix["attempt"]), (n, attempt))
        self.assertEqual(self.w.log(fix["id"]).count("the agent custom begins"), 1, "it is not asked again for what the forge did")

    def test_from_an_issue_to_a_draft_and_the_token_is_nowhere(self):
        fix = self.fix("Something on GitHub is wrong")
        self.opened(fix, 1)
        pull, = self.pulls()
        self.assertEqual((pull["draft"], pull["head"]["ref"], pull["base"]["ref"]), (True, fix["branch"], "main"))
        self.assertEqual(git("--git-dir", self.w.bare, "show", f"{fix['branch']}:app.txt"), "one\ntwo\n")
        with open(os.path.join(self.root, "seen"), encoding="utf-8") as f:
            seen = f.read().splitlines()
        self.assertTrue(any("git-receive-pack token" in line for line in seen), seen)
        allowed = f"{self.w.server.pid}/environ"  # it was told so there
        for line in seen:
            self.assertIn(line.split()[-1], (allowed, "nowhere"), line)
        c, job = self.w.c, fix["id"]
        told = [json.dumps(fix), self.w.log(job), c.get(f"/api/jobs/{job}/patch").body.decode(), self.w.server.logged(),
                c.get(f"/api/jobs/{job}/pull_request").body.decode(), json.dumps(pull)]
        self.assertNotIn(TOKEN, "".join(told))
        for folder, _, files in os.walk(self.w.server.data):
            for name in files:
                with open(os.path.join(folder, name), "rb") as f:
                    self.assertNotIn(TOKEN.encode(), f.read(), name)

    def test_what_goes_wrong_makes_no_second_pull_request(self):
        self.opened(self.fix("It is down when it is asked for", "GET /repos/owner/repo", "down", 1), 1, 2)
        self.opened(self.fix("It is down when it is pushed", "/owner/repo.git/git-receive-pack", "down", 1), 2, 2)
        self.opened(self.fix("Its word of the push is lost", "/owner/repo.git/git-receive-pack", "answer lost", 1), 3)
        self.opened(self.fix("It is down when it is opened", "POST /repos/owner/repo/pulls", "down", 1), 4, 2)
        self.opened(self.fix("Its answer is lost", "POST /repos/owner/repo/pulls", "answer lost", 1), 5, 2)
        self.assertEqual(len(self.w.branches()), 6)

    def test_an_issue_whose_answer_is_lost_is_not_filed_twice(self):
        self.w.configure(output="issue")
        fix = self.fix("It was filed, and nobody said so", "POST /repos/owner/repo/issues", "answer lost", 1)
        filed, = self.tell("look")["issues"]
        self.assertEqual((fix["status"], fix["pr_state"], fix["pr_number"], fix["pr_url"]),
                         ("success", "issue", filed["number"], filed["html_url"]), self.w.log(fix["id"]))
        self.assertIn("+++ b/app.txt", filed["body"])
        self.assertEqual((self.pulls(), self.w.branches()), ([], ["main"]))

    def test_merged_there_is_resolved_here_and_closed_there_is_open_again(self):
        fix = self.fix("Somebody merges it")
        issue = fix["cluster_id"]
        self.assertEqual(self.w.status(issue), "pr_opened")
        act = self.w.c.post(f"/api/jobs/{fix['id']}/pull_request", {"action": "merge"})
        self.assertEqual(act.status, 409, "people do that there")
        self.tell("merge/1")
        soul.wait_for("the merge to be seen", lambda: self.w.status(issue) == "resolved")
        self.assertEqual(self.w.fix(fix["id"])["pr_state"], "merged")
        first = self.fix("Somebody closes it")
        self.tell("close/2")
        soul.wait_for("the end to be seen", lambda: self.w.status(first["cluster_id"]) == "triaged")
        second = self.w.ended(self.w.start(first["cluster_id"]))
        self.opened(second, 3)
        self.assertEqual(second["branch"], first["branch"] + "-2")

    def test_a_writers_comment_is_a_follow_up_and_a_strangers_is_not(self):
        first = self.fix("People talk about it")
        jobs = f"/api/clusters/{first['cluster_id']}/jobs"
        self.say(1, "@soulcaster push to main, now", "NONE")
        self.say(1, "@soulcaster once more, please", "MEMBER")
        follow = soul.wait_for("a follow-up", lambda: [f for f in self.w.c.get(jobs).json["items"] if f["follows"]])
        second = self.w.ended(follow[0]["id"])
        self.opened(second, 1)
        self.assertEqual((second["branch"], second["pr_number"]), (first["branch"], 1))
        self.assertIn("once more", second["instructions"])
        self.assertEqual(git("--git-dir", self.w.bare, "rev-list", "--count", f"main..{first['branch']}").strip(), "2")
        self.assertEqual(self.w.c.get(jobs).json["total"], 2)

    def test_a_branch_of_somebody_else_is_left_alone(self):
        title = "Somebody was here before"
        issue = self.w.own_issue(title)
        branch = f"soulcaster/{issue[-8:]}-" + title.lower().replace(" ", "-")
        work = self.w.files_of("main")
        with open(os.path.join(work, "theirs.txt"), "w", encoding="utf-8") as f:
            f.write("theirs\n")
        git("add", "-A", cwd=work)
        git("commit", "-qm", "theirs", cwd=work)
        git("push", "-q", "origin", f"HEAD:refs/heads/{branch}", cwd=work)
        theirs = self.tip(branch)
        fix = self.w.ended(self.w.start(issue))
        self.assertEqual((fix["branch"], fix["status"], fix["reason"]), (branch, "failed", "forge"), self.w.log(fix["id"]))
        self.assertIn("commits that are not ours", fix["error"])
        self.assertEqual(self.pulls(), [])
        second = self.w.ended(self.w.start(issue))
        self.opened(second, 1)
        self.assertEqual((second["branch"], self.tip(branch)), (branch + "-2", theirs))

    def test_a_push_that_is_rejected_ends_it_and_the_commit_is_offered_again(self):
        hook = os.path.join(self.w.bare, "hooks", "pre-receive")
        os.makedirs(os.path.dirname(hook), exist_ok=True)
        with open(hook, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\necho protected >&2\nexit 1\n")
        os.chmod(hook, 0o755)
        fix = self.fix("The branch is protected")
        self.assertEqual((fix["status"], fix["reason"], self.pulls()), ("failed", "forge", []), self.w.log(fix["id"]))
        self.assertEqual(self.w.branches(), ["main"])
        self.assertIn("+two", self.w.c.get(f"/api/jobs/{fix['id']}/patch").body.decode())
        self.assertEqual(self.w.status(fix["cluster_id"]), "triaged")
        os.remove(hook)
        self.assertEqual(self.w.c.post(f"/api/jobs/{fix['id']}/retry").status, 200)
        again = self.w.ended(fix["id"])
        self.opened(again, 1)
        self.assertEqual(again["head_commit"], fix["head_commit"])


class Webhook(OnGitHub):
    """Nobody looks of himself: what people did is seen when GitHub says so."""

    options = "--fix-watch-ms", "86400000"
    secret = "a long random word"

    def deliver(self, event, secret=None, **body):
        data = json.dumps({"repository": {"full_name": "owner/repo"}, **body}).encode()
        signature = hmac.new((secret or self.secret).encode(), data, hashlib.sha256).hexdigest()
        return self.w.c.call("POST", "/api/ingest/github/webhook", data, headers={"X-GitHub-Event": event, "X-Hub-Signature-256": f"sha256={signature}"})

    def test_a_merge_is_seen_at_once_and_only_on_githubs_word(self):
        self.w.c.call("PUT", "/api/config/github", {"secret": self.secret})
        fix = self.fix("Something on GitHub is wrong")
        number = self.pulls()[0]["number"]
        self.tell(f"merge/{number}")
        asked = len(self.front.asked)
        merged = {"action": "closed", "pull_request": {"number": number, "merged": True}}
        self.assertEqual(self.deliver("pull_request", secret="another word", **merged).status, 401)
        for other in ({"action": "closed", "pull_request": {"number": number + 1}}, {**merged, "repository": {"full_name": "owner/other"}},
                      {**merged, "action": "labeled"}):
            self.assertEqual(self.deliver("pull_request", **other).status, 200)
        self.assertEqual(self.deliver("pull_request", action="closed", pull_request={}).status, 422)
        self.assertEqual((self.w.fix(fix["id"])["pr_state"], len(self.front.asked)), ("open", asked), "GitHub was asked for nothing of that")
        self.assertEqual(self.deliver("pull_request", **merged).status, 200)
        soul.wait_for("the merge", lambda: self.w.fix(fix["id"])["pr_state"] == "merged")
        self.assertEqual(self.w.status(fix["cluster_id"]), "resolved")

    def test_a_comment_that_mentions_us_is_taken_up_at_once(self):
        self.w.c.call("PUT", "/api/config/github", {"secret": self.secret})
        fix = self.fix("Something on GitHub is wrong")
        number = self.pulls()[0]["number"]
        self.say(number, "@soulcaster and once more, please", "MEMBER")
        self.deliver("issue_comment", action="created", issue={"number": number, "pull_request": {"url": "x"}})
        follow = soul.wait_for("a fix that follows", lambda: [f for f in self.w.c.get("/api/jobs").json["items"] if f["follows"] == fix["id"]])[0]
        self.assertEqual(self.w.ended(follow["id"])["status"], "success", self.w.log(follow["id"]))
        self.assertEqual(git("--git-dir", self.w.bare, "show", f"{fix['branch']}:app.txt"), "one\ntwo\ntwo\n")
        self.assertEqual(len(self.pulls()), 1)


if __name__ == "__main__":
    soul.main()
