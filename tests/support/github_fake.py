#!/usr/bin/env python3
"""GitHub's API as far as forges/github uses it, on loopback, for tests.

usage: github_fake.py [LOG] [PUBLIC_KEY]; the token comes on stdin, the URL goes to stdout. Every exchange is appended to LOG as a
JSON line, which tests/github/check.py holds against GitHub's published description. Repository owner/repo is there; a repository
named like a trouble (s500, hang, slam, nodraft, ...) gives that. With PUBLIC_KEY (PEM) an App's claims are checked by openssl.
POST /_test/... is the test's own way in.
"""

import base64
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOG = sys.argv[1] if len(sys.argv) > 1 else ""
PUBLIC_KEY = sys.argv[2] if len(sys.argv) > 2 else ""
TOKEN = sys.stdin.readline().strip()
LOCK = threading.Lock()


class State:
    pulls, issues, comments, reviews, count = {}, {}, {}, {}, 0
    tokens, app_tokens, claims = {TOKEN}, 0, 0


def now(ahead=0):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + ahead))


def user(name="octocat", kind="User"):
    return {"login": name, "id": 1, "type": kind}


class Refusal(Exception):
    def __init__(self, status, message, errors=None, **headers):
        super().__init__(message)
        self.status, self.headers = status, headers
        self.body = {"message": message, "documentation_url": "https://docs.github.com/rest"}
        if errors:
            self.body["errors"] = errors


def invalid(message):
    return Refusal(422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": message}])


TROUBLES = {
    "s401": Refusal(401, "Bad credentials"), "s403": Refusal(403, "Resource not accessible by personal access token"),
    "s409": Refusal(409, "Conflict"), "s410": Refusal(410, "Issues are disabled for this repo"),
    "s422": invalid("No commits between main and x"), "s429": Refusal(429, "Slow down", Retry_After="7"),
    "s500": Refusal(500, "Server Error"), "s502": Refusal(502, "Bad Gateway"), "s503": Refusal(503, "Unavailable"),
    "s301": Refusal(301, "Moved Permanently", Location="/repositories/1"),
    "primary": Refusal(403, "API rate limit exceeded", X_RateLimit_Remaining="0",
                       X_RateLimit_Reset=str(int(time.time()) + 600)),
    "secondary": Refusal(403, "You have exceeded a secondary rate limit."),
    "echo": Refusal(422, "You sent " + TOKEN),
}


def check_claim(token):
    """The claim's issuer; by openssl, against the public key."""
    head, body, signature = token.split(".")
    pad = lambda s: base64.urlsafe_b64decode(s + "=" * (-len(s) % 4))
    with tempfile.NamedTemporaryFile() as file:
        file.write(pad(signature))
        file.flush()
        told = subprocess.run(["openssl", "dgst", "-sha256", "-verify", PUBLIC_KEY, "-signature", file.name],
                              input=f"{head}.{body}".encode(), stdout=subprocess.DEVNULL, check=False)
    claim = json.loads(pad(body))
    if (told.returncode or json.loads(pad(head)) != {"alg": "RS256", "typ": "JWT"} or claim["iss"] != "app-7"
            or not time.time() - 120 < claim["iat"] <= time.time() or claim["exp"] - claim["iat"] > 660):
        raise Refusal(401, "A JSON web token could not be decoded")
    State.claims += 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def authorized(self, claim=False):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if claim:
            return check_claim(token)
        if token not in State.tokens or self.headers["X-GitHub-Api-Version"] != "2022-11-28":
            raise Refusal(401, "Bad credentials")
        return None

    # ---- what is there -----------------------------------------------------------------------------------------

    def repository(self, repo, _):
        owner, name = repo.split("/")
        return 200, {"id": 1, "name": name, "full_name": repo, "private": True, "archived": False,
                     "default_branch": "main", "html_url": f"https://github.com/{repo}", "owner": user(owner),
                     "permissions": {"admin": False, "push": True, "pull": True}}

    def find(self, repo, _):
        query = dict(part.split("=", 1) for part in self.path.partition("?")[2].split("&"))
        assert query["state"] == "all" and query["sort"] == "created" and query["direction"] == "desc", query
        owner, _, branch = query["head"].partition(":")
        found = [p for p in State.pulls.values() if p["base"]["repo"]["full_name"] == repo]
        if "%00" not in branch:  # as GitHub does with a head that it cannot read: all of them
            branch = bytes.fromhex("".join(
                c[1:] if c[0] == "%" else c.encode().hex() for c in re.findall("%..|.", branch))).decode()
            found = [p for p in found if p["head"]["label"] in (f"{owner}:{branch}", f"{owner}:decoy")]
        return 200, sorted(found, key=lambda p: -p["number"])

    def create(self, repo, body):
        owner, name = repo.split("/")
        if name == "nodraft" and body["draft"]:
            raise Refusal(422, "Draft pull requests are not supported in this repository.")
        if body["head"] == "missing":
            raise Refusal(422, "Validation Failed",
                          [{"resource": "PullRequest", "field": "head", "code": "invalid"}])
        label = f"{owner}:{body['head']}"
        if any(p["state"] == "open" and p["head"]["label"] == label for p in State.pulls.values()):
            raise invalid(f"A pull request already exists for {label}.")
        State.count += 1
        n = State.count
        place = {"id": 1, "name": name, "full_name": repo}
        State.pulls[n] = pull = {
            "id": 1000 + n, "number": n, "state": "open", "draft": body["draft"], "title": body["title"],
            "body": body["body"], "html_url": f"https://github.com/{repo}/pull/{n}", "user": user(),
            "head": {"ref": body["head"], "label": label, "sha": f"{n:040x}", "repo": place},
            "base": {"ref": body["base"], "label": f"{owner}:{body['base']}", "sha": "0" * 40, "repo": place},
            "created_at": now(), "updated_at": now(), "closed_at": None, "merged_at": None,
            "merge_commit_sha": "f" * 40, "labels": []}
        if name == "slam":
            raise ConnectionAbortedError
        return 201, pull

    def pull(self, number):
        if int(number) not in State.pulls:
            raise Refusal(404, "Not Found")
        return State.pulls[int(number)]

    def get(self, _, __, number):
        return 200, self.pull(number)

    def change(self, _, body, number):
        self.pull(number).update({**body, "updated_at": now()})
        return 200, self.pull(number)

    def label(self, repo, body, number):
        if repo.endswith("/nolabel"):
            raise Refusal(403, "Resource not accessible by personal access token")
        self.pull(number)["labels"] = made = [{"id": 1, "name": name, "color": "ededed"} for name in body["labels"]]
        return 200, made

    def written(self, kind, number):
        query = dict(part.split("=", 1) for part in self.path.partition("?")[2].split("&"))
        size, page = int(query["per_page"]), int(query["page"])
        key = "submitted_at" if kind == "reviews" else "updated_at"
        found = [c for c in State.comments.get((kind, int(number)), []) if c[key] >= query.get("since", "")]
        return 200, found[(page - 1) * size:page * size]

    def issue_comments(self, _, __, number):
        return self.written("issue", number)

    def review_comments(self, _, __, number):
        return self.written("review", number)

    def reviews(self, _, __, number):
        return self.written("reviews", number)

    def say(self, _, body, number, kind="issue", by=None, association="OWNER", ahead=0):
        self.pull(number)
        made = State.comments.setdefault((kind, int(number)), [])
        State.count += 1
        one = {"id": State.count, "body": body["body"], "user": by or user("soulcaster[bot]", "Bot"),
               "author_association": association, "html_url": f"https://github.com/c/{State.count}"}
        if kind == "reviews":
            one.update(submitted_at=now(ahead), state="COMMENTED")
        else:
            one.update(created_at=now(ahead), updated_at=now(ahead))
        made.append(one)
        return 201, one

    def issue(self, repo, body):
        State.count += 1
        State.issues[State.count] = made = {
            "id": State.count, "number": State.count, "title": body["title"], "body": body["body"], "state": "open",
            "html_url": f"https://github.com/{repo}/issues/{State.count}", "created_at": now(), "updated_at": now(),
            "labels": [{"id": 1, "name": name, "color": "ededed"} for name in body["labels"]], "user": user()}
        return 201, made

    def issues(self, repo, _):
        query = dict(part.split("=", 1) for part in self.path.partition("?")[2].split("&"))
        assert query["state"] == "all" and query["sort"] == "created" and query["direction"] == "desc", query
        pulls = [{**{key: p[key] for key in ("id", "number", "title", "body", "state", "html_url", "created_at", "updated_at",
                                             "labels", "user")}, "pull_request": {"url": p["html_url"]}}
                 for p in State.pulls.values() if p["base"]["repo"]["full_name"] == repo]
        found = [i for i in [*State.issues.values(), *pulls] if i["updated_at"] >= query["since"]]
        size, page = int(query["per_page"]), int(query["page"])
        return 200, sorted(found, key=lambda i: -i["number"])[(page - 1) * size:page * size]

    def installation(self, _, __):
        return 200, {"id": 4711, "app_id": 7, "permissions": {"contents": "write"}}

    def app_token(self, number, body):
        if number != "4711" or body["repositories"] != ["repo"]:
            raise Refusal(422, "There is at least one repository that does not exist")
        State.app_tokens += 1
        token = f"ghs_made{State.app_tokens}"
        State.tokens.add(token)
        # the third one ends before it could be used
        return 201, {"token": token, "expires_at": now(60 if State.app_tokens == 3 else 3600),
                     "permissions": {"contents": "write"}}

    ROUTES = [
        ("GET", r"/repos/([^/]+/[^/]+)", repository), ("GET", r"/repos/([^/]+/[^/]+)/pulls", find),
        ("POST", r"/repos/([^/]+/[^/]+)/pulls", create), ("GET", r"/repos/([^/]+/[^/]+)/pulls/(\d+)", get),
        ("PATCH", r"/repos/([^/]+/[^/]+)/pulls/(\d+)", change),
        ("POST", r"/repos/([^/]+/[^/]+)/issues/(\d+)/labels", label),
        ("GET", r"/repos/([^/]+/[^/]+)/issues/(\d+)/comments", issue_comments),
        ("GET", r"/repos/([^/]+/[^/]+)/pulls/(\d+)/comments", review_comments),
        ("GET", r"/repos/([^/]+/[^/]+)/pulls/(\d+)/reviews", reviews),
        ("POST", r"/repos/([^/]+/[^/]+)/issues/(\d+)/comments", say), ("POST", r"/repos/([^/]+/[^/]+)/issues", issue),
        ("GET", r"/repos/([^/]+/[^/]+)/issues", issues),
        ("GET", r"/repos/([^/]+/[^/]+)/installation", installation),
        ("POST", r"/app/installations/(\d+)/access_tokens", app_token),
    ]

    # ---- the test's own way in ---------------------------------------------------------------------------------

    def test(self, words, body):
        if words[0] == "merge":
            self.pull(words[1]).update(state="closed", merged_at=now(), closed_at=now(), updated_at=now())
        elif words[0] == "close":
            self.pull(words[1]).update(state="closed", closed_at=now(), updated_at=now())
        elif words[0] == "say":
            self.say("", body, words[1], body["kind"], user(body["by"]), body["association"], body["ahead"])
        elif words[0] == "flood":
            for i in range(int(words[2])):
                self.say("", {"body": f"word {i}"}, words[1], "issue", user(), "NONE")
        elif words[0] == "revoke":
            State.tokens.clear()
        return 200, {"issues": list(State.issues.values()), "pulls": list(State.pulls.values()),
                     "app_tokens": State.app_tokens, "claims": State.claims}

    # ---- HTTP --------------------------------------------------------------------------------------------------

    def route(self, body):
        path = self.path.partition("?")[0]
        if path.startswith("/_test/"):
            return self.test(path.split("/")[2:], body)
        for method, pattern, handler in self.ROUTES:
            match = re.fullmatch(pattern, path)
            if match and method == self.command:
                self.authorized(claim=path.endswith(("/installation", "/access_tokens")))
                groups = match.groups()
                name = groups[0].split("/")[-1]
                if name in TROUBLES:
                    raise TROUBLES[name]
                if name == "missing":
                    raise Refusal(404, "Not Found")
                if name == "hang":
                    threading.Event().wait(600)
                return handler(self, groups[0], body, *groups[1:])
        raise Refusal(404, "Not Found")

    def answer(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body, headers = json.loads(raw) if raw else None, {}
        with LOCK if "/hang/" not in self.path + "/" else threading.Lock():
            try:
                status, reply = self.route(body)
            except Refusal as refusal:
                status, reply, headers = refusal.status, refusal.body, refusal.headers
            except ConnectionAbortedError:
                self.close_connection = True
                return
        if LOG and "/_test/" not in self.path and "/garbage" not in self.path:
            with LOCK, open(LOG, "a", encoding="utf-8") as log:
                log.write(json.dumps({"method": self.command, "path": self.path, "body": body, "status": status,
                                      "reply": reply}) + "\n")
        garbage = {"/repos/owner/garbage": b"<html>no</html>", "/repos/owner/garbage2": b"[]",
                   "/repos/owner/garbage3": b'{"default_branch": 7}'}.get(self.path)
        self.answer(status, garbage or json.dumps(reply).encode(), headers)

    do_GET = do_POST = do_PATCH = serve


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
