"""Taking over what the system before this one holds in its Redis: every form that its keys had, and values that are broken."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
import uuid

import soul

P1 = "0a6e9f0e-6f4c-4a35-9e0e-2f3c1d7b1a01"
P2 = "cmbk3x9d40000v8l4qk1h2z3p"  # no UUID
UNICODE = "Ünïcode — 漢字 🙂"


def report_id(n):
    return str(uuid.UUID(int=0x4000 << 64 | 0x8 << 60 | n, version=4))


class Redis:
    """A redis-server in a folder of its own, on a socket of its own."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="soul-legacy-")
        self.socket = os.path.join(self.folder.name, "s")
        self.url = "unix://" + self.socket
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.folder.name, "--save", ""],
            stdout=subprocess.DEVNULL)
        soul.wait_for("Redis", lambda: self.say("PING") == "PONG")

    def say(self, *words):
        done = subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True, check=False)
        return done.stdout.decode("utf-8", "replace").strip()

    def many(self, commands):
        """Commands with words of any bytes, through redis-cli's pipe mode."""
        out = b""
        for command in commands:
            words = [w if isinstance(w, bytes) else str(w).encode() for w in command]
            out += b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)
        done = subprocess.run(["redis-cli", "-s", self.socket, "--pipe"], input=out, capture_output=True, check=False)
        assert b"errors: 0" in done.stdout, done

    def put(self, key, **fields):
        self.many([["HSET", key, *[w for pair in fields.items() for w in pair]]])

    def everything(self):
        keys = sorted(self.say("KEYS", "*").splitlines())
        return {k: self.say("DUMP", k) for k in keys}

    def close(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


def feedback(n, **more):
    return {"id": report_id(n), "source": "reddit", "external_id": f"t3_{n}", "title": f"Report {n} of the export",
            "body": f"The export drops the last row, case {n}", "metadata": json.dumps({"subreddit": "soul", "n": n}),
            "created_at": "2025-11-02T10:00:00.123456", **more}


@unittest.skipUnless(shutil.which("redis-server"), "no redis-server here")
class Legacy(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.redis = Redis()
        self.addCleanup(self.redis.close)
        folder = tempfile.TemporaryDirectory(prefix="soul-")
        self.addCleanup(folder.cleanup)
        self.dir = folder.name

    def take(self, *words, code=0, data="d", env=None, url=None):
        done = soul.run("import", "--from-legacy", url or self.redis.url, "--json", "--data", os.path.join(self.dir, data), *words, env=env)
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout) if done.stdout else None

    def exported(self, data="d", env=None):
        done = soul.run("export", "--data", os.path.join(self.dir, data), env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return {kind: [line for line in lines if line["kind"] == kind] for kind in ("project", "cluster", "feedback", "decision", "setting", "fix", "fix_log")}

    def fill_scoped(self):
        """The last form: a project in every key, hashes, sets beside the issue."""
        r = self.redis
        r.put(f"project:{P1}", id=P1, user_id="u1", name="My Shop!", created_at="2025-10-01T08:00:00")
        r.put(f"project:{P2}", id=P2, user_id="u1", name="Api", created_at="2025-10-02T08:00:00+00:00")
        r.put("user:u1", id="u1", email="a@example.org", created_at="2025-10-01T08:00:00")
        r.many([["SADD", "user:projects:u1", P1, P2]])
        for n in range(1, 6):
            p = P1 if n < 5 else P2
            r.put(f"feedback:{p}:{report_id(n)}", **feedback(n, project_id=p))
            r.many([["ZADD", f"feedback:created:{p}", 1762077600, report_id(n)],
                    ["ZADD", f"feedback:source:{p}:reddit", 1762077600, report_id(n)],
                    ["SET", f"feedback:external:{p}:reddit:t3_{n}", report_id(n)]])
        r.put(f"cluster:{P1}:{report_id(100)}", id=report_id(100), project_id=P1, title="Export loses a row", summary="The last row is missing.",
              status="pr_opened", created_at="2025-11-03T00:00:00", updated_at="2025-11-04T00:00:00", github_branch="fix/export",
              github_pr_url="https://github.com/o/shop/pull/7", github_repo_url="https://github.com/o/shop", issue_title="Export", centroid="[0.1, 0.2]")
        r.many([["SADD", f"cluster:{P1}:{report_id(100)}:items", report_id(1), report_id(2), report_id(3)],
                ["ZADD", f"clusters:{P1}:all", 1, report_id(100)], ["ZADD", f"cluster:jobs:{report_id(100)}", 1, report_id(900)],
                ["SET", f"config:reddit:subreddits:{P1}", json.dumps(["r/soul", "shop", " "])],
                ["SET", f"config:sentry:{P1}:webhook_secret", json.dumps("hush")],
                ["SET", f"coding_plan:{report_id(100)}", json.dumps({"id": "x", "cluster_id": report_id(100), "title": "t", "description": "d"})]])
        r.put(f"job:{report_id(900)}", id=report_id(900), project_id=P1, cluster_id=report_id(100), status="success", runner="kilo",
              pr_url="https://github.com/o/shop/pull/7", logs="None", created_at="2025-11-03T01:00:00", updated_at="2025-11-03T02:00:00")
        r.put(f"job:{report_id(901)}", id=report_id(901), project_id=P1, cluster_id=report_id(100), status="running", logs="still at it",
              created_at="2025-11-03T03:00:00", updated_at="2025-11-03T03:00:00")
        r.put(f"job:{report_id(902)}", id=report_id(902), project_id=P1, cluster_id="gone", status="failed")
        r.many([["RPUSH", f"job:{report_id(900)}:logs", "cloning", b"done \xff"]])

    def test_the_last_form_comes_over_whole(self):
        self.fill_scoped()
        before = self.redis.everything()
        told = self.take()
        self.assertEqual((told["projects"], told["clusters"], told["feedback"], told["settings"], told["skipped"]), (2, 1, 5, 1, 0), told)
        got = self.exported()
        self.assertEqual(sorted(p["name"] for p in got["project"]), ["api", "default", "my-shop"])
        self.assertIn(P1, [p["id"] for p in got["project"]])
        issue = got["cluster"][0]
        for key, value in {"id": report_id(100), "title": "Export loses a row", "summary": "The last row is missing.", "status": "pr_opened",
                           "pr_url": "https://github.com/o/shop/pull/7", "branch": "fix/export", "count": 3, "issue_title": "Export",
                           "created_at_ms": 1762128000000}.items():
            self.assertEqual(issue[key], value, key)
        self.assertEqual(sorted(f["id"] for f in got["feedback"] if f.get("cluster_id") == report_id(100)), [report_id(n) for n in (1, 2, 3)])
        one = next(f for f in got["feedback"] if f["id"] == report_id(1))
        self.assertEqual((one["created_at_ms"], one["metadata"]["subreddit"], one["external_id"]), (1762077600123, "soul", "t3_1"))
        self.assertEqual([d["reason"] for d in got["decision"]], ["imported"] * 3)
        done, stopped = sorted(got["fix"], key=lambda f: f["id"])
        self.assertEqual((done["status"], done["pull_url"], done["ended_at_ms"], done["runner"]), ("success", issue["pr_url"], 1762135200000, "kilo"))
        self.assertEqual((stopped["status"], stopped["cluster_id"]), ("cancelled", report_id(100)))
        logs = {line["fix_id"]: line["rows"][0]["text"] for line in got["fix_log"]}
        self.assertEqual(logs, {report_id(900): "cloning\ndone \ufffd\n", report_id(901): "still at it"})
        self.assertEqual(self.redis.everything(), before)
        self.assertEqual({k: v for k, v in told["left_out"].items() if k != "indexes"}, {"users": 1, "jobs": 1, "plans": 1, "settings": 1})

    def test_logs_are_read_in_parts_and_a_long_one_is_cut_and_told(self):
        self.fill_scoped()
        logs = {910: ["x" * 99] * 20000, 911: ["y" * (3 << 20), "z"], 912: ["\x01" * (1 << 20)], 913: [""] * 3000 + ["end"], 914: [str(n) for n in range(5000)]}
        whole = {n: "".join(f"{row}\n" for row in rows) for n, rows in logs.items()}
        for n, rows in logs.items():
            self.redis.put(f"job:{report_id(n)}", id=report_id(n), cluster_id=report_id(100), status="failed", created_at="2025-11-03T04:00:00")
            self.redis.many([["RPUSH", f"job:{report_id(n)}:logs", *rows]])
        self.redis.put(f"job:{report_id(915)}", id=report_id(915), cluster_id=report_id(100), status="failed", logs="w" * (2 << 20))
        self.redis.put(f"job:{report_id(916)}", id=report_id(916), cluster_id=report_id(100), status="failed")
        self.redis.many([["SET", f"job:{report_id(916)}:logs", "no list"]])
        rejects = os.path.join(self.dir, "rejects.ndjson")
        told = self.take("--rejects", rejects, code=3)
        got = {line["fix_id"]: line["rows"][0]["text"] for line in self.exported()["fix_log"]}
        for n, text in whole.items():
            self.assertTrue(got[report_id(n)] == text[:1 << 20], n)
        self.assertEqual(got[report_id(915)], "w" * (1 << 20))
        self.assertEqual((told["left_out"]["ends"], told["left_out"]["broken"], told["fixes"]), (4, 1, 9), told)
        with open(rejects, encoding="utf-8") as f:
            why = {line["key"]: (line["what"], line["reason"]) for line in map(json.loads, f)}
        for key in f"job:{report_id(910)}:logs", f"job:{report_id(911)}:logs", f"job:{report_id(912)}:logs", f"job:{report_id(915)}":
            self.assertEqual(why[key], ("ends", "over 1 MiB"))
        self.assertEqual(why[f"job:{report_id(916)}:logs"], ("broken", "it is no list"))

    def test_twice_changes_nothing_and_what_is_new_since_comes(self):
        self.fill_scoped()
        self.take()
        before = self.exported()
        again = self.take()
        self.assertEqual((again["projects"], again["clusters"], again["feedback"], again["settings"], again["fixes"]), (0, 0, 0, 0, 0))
        self.assertEqual(again["skipped"], 9)
        self.assertEqual(self.exported(), before)
        self.redis.put(f"feedback:{P1}:{report_id(50)}", **feedback(50, project_id=P1))
        self.redis.many([["SADD", f"cluster:{P1}:{report_id(100)}:items", report_id(50)]])
        self.assertEqual(self.take()["feedback"], 1)
        self.assertEqual(self.exported()["cluster"][0]["count"], 4)

    def test_the_groups_stay_as_they_were_and_reports_are_found(self):
        self.fill_scoped()
        self.take()
        with soul.Server(data=os.path.join(self.dir, "d")) as server:
            client = server.client()
            project = next(p["id"] for p in client.get("/api/projects").json["items"] if p["name"] == "my-shop")
            soul.wait_for("grouping", lambda: client.get(f"/api/clustering/status?project_id={project}").json["pending_unclustered"] == 0)
            issue = client.get(f"/api/clusters/{report_id(100)}?project_id={project}").json
            self.assertEqual((issue["title"], issue["status"], issue["github_pr_url"]), ("Export loses a row", "pr_opened", "https://github.com/o/shop/pull/7"))
            trace = client.get(f"/api/trace/{report_id(1)}?project_id={project}").json
            self.assertIn("the system that it was taken from", json.dumps(trace))
            hits = client.get(f"/api/search?q=export+drops+row&project_id={project}").json["items"]
            self.assertTrue(hits)
            settings = client.get(f"/api/config/reddit?project_id={project}").json
            self.assertEqual(settings["subreddits"], ["soul", "shop"])

    def test_older_forms_without_a_project(self):
        r = self.redis
        r.many([["SET", f"feedback:{report_id(1)}", json.dumps({**feedback(1), "metadata": {"a": 1}, "external_id": None})]])
        r.put(f"feedback:{report_id(2)}", **{**feedback(2), "metadata": "{'author': \"o'neil\", 'flags': [True, None, 2.5], 'when': datetime.datetime(2025, 1, 2)}",
                                             "created_at": "1762077600.5", "external_id": "None", "github_issue_number": "None"})
        r.put(f"feedback:{report_id(3)}", **{**feedback(3), "created_at": "1762077600500", "source": "carrier pigeon", "metadata": "not a literal {"})
        r.put("feedback:old-4", **{**feedback(4), "id": "old-4", "created_at": "2025-11-02 10:00:00+02:00"})
        r.many([["SET", f"cluster:{report_id(100)}", json.dumps({"id": report_id(100), "title": "T", "summary": "S", "status": "fixing",
                                                                 "feedback_ids": [report_id(1), report_id(2)], "created_at": "2025-11-03T00:00:00"})]])
        r.put("cluster:cluster-7", id="cluster-7", title=UNICODE, summary="S", status="failed", created_at="2025-11-03T00:00:00Z", error_message="no key")
        r.many([["SADD", "cluster:items:cluster-7", "old-4", report_id(3), "not-there"], ["SADD", "clusters:all", "cluster-7", report_id(100)],
                ["SADD", "feedback:unclustered", report_id(9)], ["ZADD", "feedback:created", 1, report_id(1)],
                ["SET", "config:reddit:subreddits", "['old']"]])
        told = self.take("--project", "inherited")
        self.assertEqual((told["projects"], told["clusters"], told["feedback"], told["settings"]), (1, 2, 4, 1), told)
        got = self.exported()
        self.assertEqual(sorted(p["name"] for p in got["project"]), ["default", "inherited"])  # the first is made by itself
        by_title = {f["title"]: f for f in got["feedback"]}
        one, two, three, four = (by_title[f"Report {n} of the export"] for n in (1, 2, 3, 4))
        self.assertEqual((one["metadata"], one["external_id"], one["id"]), ({"a": 1}, report_id(1), report_id(1)))
        self.assertEqual(two["metadata"], {"author": "o'neil", "flags": [True, None, 2.5], "when": "datetime.datetime(2025, 1, 2)"})
        self.assertEqual((two["created_at_ms"], two.get("issue_number")), (1762077600500, None))
        self.assertEqual((three["source"], three["metadata"]["legacy"]["source"], three["metadata"]["text"]), ("generic", "carrier pigeon", "not a literal {"))
        self.assertEqual((three["created_at_ms"], four["created_at_ms"]), (1762077600500, 1762070400000))
        self.assertEqual(four["metadata"]["legacy"]["id"], "old-4")
        by_title = {c["title"]: c for c in got["cluster"]}
        self.assertEqual((by_title["T"]["status"], by_title["T"]["count"]), ("triaged", 2))
        self.assertEqual((by_title[UNICODE]["count"], by_title[UNICODE]["error_message"]), (2, "no key"))
        self.assertEqual({d.get("note") for d in got["decision"]}, {None, "cluster-7"})
        again = self.take("--project", "inherited")
        self.assertEqual((again["feedback"], again["clusters"]), (0, 0))

    def test_the_same_report_in_both_forms_and_under_two_ids_is_taken_once(self):
        r = self.redis
        r.put(f"feedback:{P1}:{report_id(1)}", **feedback(1, project_id=P1))
        r.put(f"feedback:{report_id(1)}", **feedback(1, title="older"))
        r.put(f"feedback:{P1}:{report_id(2)}", **feedback(2, project_id=P1, external_id="t3_1"))
        r.put(f"feedback:{report_id(3)}", **feedback(3, project_id=P1))  # in between: the project in a field only
        r.put(f"feedback:{P2}:{report_id(1)}", **feedback(1, project_id=P2, title="another project's, of the same id"))
        told = self.take()
        self.assertEqual((told["feedback"], told["skipped"], told["left_out"]["older"], told["projects"]), (3, 1, 1, 2), told)
        got = self.exported()["feedback"]
        self.assertEqual(len({f["id"] for f in got}), 3)
        other = next(f for f in got if f["title"].startswith("another"))
        self.assertEqual(other["metadata"]["legacy"]["id"], report_id(1))

    def test_hostile_values_are_left_out_with_the_reason_and_hold_up_nothing(self):
        r = self.redis
        r.put(f"feedback:{P1}:{report_id(1)}", **feedback(1))
        r.many([["LPUSH", f"feedback:{P1}:{report_id(2)}", "a list"],
                ["SET", f"feedback:{P1}:{report_id(3)}", "{broken"],
                ["SET", f"feedback:{P1}:{report_id(4)}", "[" * 100000],
                ["HSET", f"feedback:{P1}:{report_id(5)}", "title", b"bad \xff\xfe utf-8 \x00 end", "body", b"\xed\xa0\x80x"],
                ["HSET", f"feedback:{P1}:{report_id(6)}", "title", "", "body", ""],
                ["HSET", f"feedback:{P1}:{report_id(7)}", "title", "t" * 5000, "body", "b" * 300000, "metadata", "{" + "'a'" * 50000],
                ["HSET", f"feedback:{P1}:{report_id(8)}", "title", "deep", "body", "b", "metadata", "[" * 5000 + "]" * 5000],
                ["SET", f"cluster:{P1}:{report_id(100)}:items", "no set"],
                ["HSET", f"cluster:{P1}:{report_id(100)}", "title", "x", "feedback_ids", f"['{report_id(1)}']"],
                ["HSET", f"cluster:{P1}:{report_id(101)}", "title", "nobody"],
                ["ZADD", f"cluster:{P1}:{report_id(102)}", 1, "x"],
                ["SET", f"config:reddit:subreddits:{P1}", "{\"not\": \"a list\"}"],
                ["SET", b"feedback:\xff\xfe:\x00:::", "x"], ["SET", "feedback:a:b:c:d", "x"], ["SET", "n" * 5000, "x"],
                ["SET", "sc:{i}:seq", "7"]])
        r.say("EVAL", f"redis.call('HSET', KEYS[1], 'title', 'big', 'body', string.rep('x', 100 * 1024 * 1024))", "1", f"feedback:{P1}:{report_id(9)}")
        rejects = os.path.join(self.dir, "rejects.ndjson")
        told = self.take("--rejects", rejects, code=3)
        self.assertEqual((told["feedback"], told["clusters"]), (4, 1), told)
        with open(rejects, encoding="utf-8") as f:
            why = {line["key"]: line["reason"] for line in map(json.loads, f)}
        for n, words in {2: "neither", 3: "JSON", 4: "JSON", 6: "no text", 9: "4 MiB"}.items():
            self.assertIn(words, why[f"feedback:{P1}:{report_id(n)}"], n)
        self.assertIn("no set", why[f"cluster:{P1}:{report_id(100)}:items"])
        self.assertIn("no report", why[f"cluster:{P1}:{report_id(101)}"])
        self.assertIn("list", why[f"config:reddit:subreddits:{P1}"])
        got = {f["id"]: f for f in self.exported()["feedback"]}
        self.assertEqual(got[report_id(5)]["title"], "bad \ufffd\ufffd utf-8 \ufffd end")
        self.assertEqual(len(got[report_id(7)]["title"]), 1000)
        self.assertEqual(sorted(got[report_id(7)]["metadata"]["legacy"]["cut"]), ["body", "title"])
        self.assertEqual(told["left_out"]["foreign"], 4)
        self.assertEqual(self.take(code=3)["feedback"], 0)

    def test_a_dry_run_writes_nothing_and_says_what_would_come(self):
        self.fill_scoped()
        told = self.take("--dry-run")
        self.assertEqual((told["dry_run"], told["projects"], told["clusters"], told["feedback"]), (True, 2, 1, 5))
        self.assertFalse(os.path.exists(os.path.join(self.dir, "d")))
        self.take()
        told = self.take("--dry-run")
        self.assertEqual((told["projects"], told["clusters"], told["feedback"], told["skipped"]), (0, 0, 0, 9))

    def test_a_user_who_may_only_read_is_enough(self):
        self.fill_scoped()
        # MEMORY is not everywhere: https://upstash.com/docs/redis/overall/rediscompatibility
        self.redis.say("ACL", "SETUSER", "reader", "on", ">pw", "~*", "+@read", "-memory")
        told = self.take(url=f"unix://reader:pw@{self.redis.socket}")
        self.assertEqual(told["feedback"], 5)
        self.assertEqual(self.redis.say("ACL", "LOG"), "")
        self.redis.say("ACL", "SETUSER", "blind", "on", ">pw", "~*", "+@write")
        done = soul.run("import", "--from-legacy", f"unix://blind:pw@{self.redis.socket}", "--data", os.path.join(self.dir, "x"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("refuses", done.stderr)
        self.assertNotIn("pw", done.stderr.replace("blind", ""))

    def test_into_redis_and_where_a_project_of_the_name_is_there(self):
        other = Redis()
        self.addCleanup(other.close)
        env = {"SOULCASTER_REDIS": other.url}
        self.fill_scoped()
        with soul.Server(env=env) as server:
            self.assertEqual(server.client().post("/api/projects", {"name": "my-shop"}).status, 201)
        told = self.take(env=env)
        self.assertEqual((told["projects"], told["feedback"], told["clusters"]), (2, 5, 1))
        got = self.exported(env=env)
        self.assertIn(f"my-shop-{P1[-8:]}", [p["name"] for p in got["project"]])
        self.assertEqual(got["cluster"][0]["count"], 3)
        self.assertEqual(self.take(env=env)["feedback"], 0)
        self.assertEqual(self.exported(env=env), got)

    def test_options_that_do_not_fit_are_refused(self):
        for words in (["--dry-run", "x"], ["--rejects", "f", "x"], ["--from-legacy", "http://x"], ["--from-legacy", self.redis.url, "x"], []):
            done = soul.run("import", "--data", os.path.join(self.dir, "d"), *words)
            self.assertIn(done.returncode, (1, 2), words)


if __name__ == "__main__":
    unittest.main()
