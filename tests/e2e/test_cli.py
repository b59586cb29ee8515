"""Every verb, as people and scripts use it."""

import csv
import gzip
import io
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import soul

VERBS = ("serve worker demo ingest clusters show search trace merge split move undo remove projects keys sources jobs doctor backup restore export import "
         "model sandbox eval completion help").split()
STREAM = os.path.join(os.path.dirname(__file__), "../../../shared/data/demo_stream_titanium.jsonl")
REPORTS = [{"key": f"T-{n}", "summary": title, "description": f"{title}. Please, number {n}.", "created": f"2026-10-{n + 1:02d}", "plan": "team"}
           for n, title in enumerate(t for titles in soul.TOPICS.values() for t in titles)]


def on_terminal(*words, env=None, columns=80):
    """Runs it with a terminal as output; returns what it showed."""
    master, slave = pty.openpty()
    import fcntl
    import struct
    import termios
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([soul.BIN, *words], stdout=slave, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                               env=soul.clean_env(TERM="xterm", **(env or {})))
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    process.wait(60)
    os.close(master)
    return shown.decode()


class Folder(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="soul-cli-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.data = os.path.join(self.dir, "data")

    def path(self, name, content=None):
        path = os.path.join(self.dir, name)
        if content is not None:
            with open(path, "wb") as f:
                f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def run_(self, *words, code=0, **more):
        got = soul.run(*words, "--data", self.data, cwd=self.dir, **more)
        self.assertEqual(got.returncode, code, got)
        return got

    def json_(self, *words, **more):
        return json.loads(self.run_(*words, "--json", **more).stdout)

    def fill(self):
        self.run_("ingest", self.path("t.jsonl", soul.ndjson(REPORTS)))


class Help(unittest.TestCase):
    def test_the_overview_names_every_verb(self):
        got = soul.run("--help")
        self.assertEqual((got.returncode, got.stderr), (0, ""))
        for verb in VERBS:
            self.assertRegex(got.stdout, rf"(?m)^  {verb} +\S")
        self.assertEqual(soul.run("help").stdout, got.stdout)
        bare = soul.run()
        self.assertEqual((bare.returncode, bare.stdout, bare.stderr), (2, "", got.stdout))

    def test_every_verb_has_a_page(self):
        for verb in VERBS:
            page = soul.run(verb, "--help")
            self.assertEqual(page.returncode, 0)
            for head in "NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES":
                self.assertIn(f"\n{head}\n" if head != "NAME" else "NAME\n", page.stdout, verb)
            self.assertLessEqual(max(map(len, page.stdout.split("EXIT STATUS")[0].splitlines())), 130, verb)
            self.assertEqual(soul.run("help", verb).stdout, page.stdout)

    def test_wrong_command_lines_are_2_and_say_why(self):
        cases = [(("clustres",), "clusters"), (("ingst",), "ingest"), (("serve", "--lissten", "x"), "--lissten"), (("clusters", "too", "many"), "too"),
                 (("search",), "WORD"), (("serve", "--threads", "many"), "threads"), (("merge", "x"), "INTO"), (("completion", "fish"), "bash or zsh"),
                 (("keys", "steal"), "list, create"), (("clusters", "--color", "pink"), "always"), (("help", "nothing-like-it"), "no verb")]
        for words, hint in cases:
            got = soul.run(*words)
            self.assertEqual(got.returncode, 2, (words, got))
            self.assertIn(hint, got.stderr, words)
            self.assertEqual(got.stdout, "")

    def test_all_problems_are_told_at_once(self):
        got = soul.run("serve", "--threads", "x", "--drain-ms", "y", "--nonsense")
        for word in "threads", "drain-ms", "nonsense":
            self.assertIn(word, got.stderr)

    def test_version(self):
        self.assertRegex(soul.run("--version").stdout, r"^soulcaster \d+\.\d+")

    def test_the_pages_name_only_options_that_exist(self):
        named = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
        there = set(named.findall(soul.run("help", "--markdown").stdout + soul.run("--help").stdout))
        for page in "README.md", "docs/operations.md":
            with open(os.path.join(os.path.dirname(__file__), "../..", page), encoding="utf-8") as f:
                said = set(named.findall("".join(l for l in f if "curl" not in l)))
            self.assertEqual(said - there, set(), page)

    def test_the_printed_page_is_the_committed_one(self):
        with open(os.path.join(os.path.dirname(__file__), "../../docs/cli.md"), encoding="utf-8") as f:
            self.assertEqual(f.read(), soul.run("help", "--markdown").stdout, "run: soulcaster help --markdown > docs/cli.md")

    def test_completion_is_a_script_that_bash_takes(self):
        script = soul.run("completion", "bash").stdout
        ask = script + '\nCOMP_WORDS=(soulcaster %s); COMP_CWORD=%d; _soulcaster; printf "%%s\\n" "${COMPREPLY[@]}"\n'
        def complete(words, n):
            got = subprocess.run(["bash", "-c", ask % (words, n)], capture_output=True, text=True, check=False)
            self.assertEqual((got.returncode, got.stderr), (0, ""), got)
            return got.stdout.split()
        self.assertEqual(complete("clu", 1), ["clusters"])
        self.assertIn("--map", complete("ingest --m", 2))
        self.assertEqual(complete("jobs ret", 2), ["retry"])
        zsh = soul.run("completion", "zsh").stdout
        self.assertTrue(zsh.startswith("#compdef soulcaster"))
        if shutil.which("zsh"):
            self.assertEqual(subprocess.run(["zsh", "-n"], input=zsh, text=True, check=False).returncode, 0)


class Ingest(Folder):
    def counts(self, *words, code=0, **more):
        got = self.run_("ingest", *words, "--json", code=code, **more)
        return json.loads(got.stdout), got.stderr

    def test_jsonl_without_a_server_is_stored_and_grouped(self):
        told, err = self.counts(self.path("t.jsonl", soul.ndjson(REPORTS)))
        self.assertEqual((told["new"], told["duplicate"], told["rejected"]), (len(REPORTS), 0, 0))
        self.assertIn("title <- summary", err)
        self.assertIn("external_id <- key", err)
        self.assertIn("metadata <- plan", err)
        clusters = self.json_("clusters")
        self.assertEqual(sum(k["count"] for k in clusters["items"]), len(REPORTS))
        again, _ = self.counts(self.path("t.jsonl"))
        self.assertEqual((again["new"], again["duplicate"]), (0, len(REPORTS)))

    def test_every_format_gives_the_same_reports(self):
        out = io.StringIO()
        table = csv.DictWriter(out, list(REPORTS[0]), lineterminator="\r\n")
        table.writeheader()
        table.writerows(REPORTS)
        forms = {"a.jsonl": soul.ndjson(REPORTS).encode(), "a.json": json.dumps(REPORTS).encode(), "pretty.json": json.dumps({"items": REPORTS}, indent=2).encode(),
                 "a.csv": b"\xef\xbb\xbf" + out.getvalue().encode(), "semi.csv": out.getvalue().replace(",", ";").encode(), "cr.jsonl": soul.ndjson(REPORTS).replace("\n", "\r\n").encode()}
        forms["a.jsonl.gz"] = gzip.compress(forms["a.jsonl"][:300]) + gzip.compress(forms["a.jsonl"][300:])
        forms["a.csv.gz"] = gzip.compress(forms["a.csv"])
        if shutil.which("zstd"):
            forms["a.jsonl.zst"] = subprocess.run(["zstd", "-c"], input=forms["a.jsonl"], capture_output=True, check=True).stdout
        with soul.Server() as s:
            for n, (name, content) in enumerate(forms.items()):
                got = soul.run("ingest", self.path(name, content), "--json", "--server", s.url, "--key", soul.KEY)
                told = json.loads(got.stdout)
                want = (len(REPORTS), 0, 0) if n == 0 else (0, len(REPORTS), 0)
                self.assertEqual((told["new"], told["duplicate"], told["rejected"]), want, (name, got.stderr))
            item = next(i for i in soul.every(s.client(), "/api/feedback") if i["external_id"] == "T-1")
            self.assertEqual((item["title"], item["created_at"][:10], item["metadata"]), (REPORTS[1]["summary"], "2026-10-02", {"plan": "team"}))

    def test_mapping_quotes_and_line_ends_in_csv(self):
        content = 'No,Head,"Long, text",Internal\r\n1,"A ""quoted"" head","line 1\nline 2",x\r\n2,Plain,,y\r\n'
        told, err = self.counts(self.path("m.csv", content), "--map", "title=Head,external_id=No", "--map", "Internal=")
        self.assertEqual(told["new"], 2, err)
        got = self.json_("search", "quoted head")["items"][0]["feedback"]
        self.assertEqual((got["title"], got["external_id"]), ('A "quoted" head', "1"))
        self.assertEqual(got["metadata"], {"Long, text": "line 1\nline 2"})

    def test_wrong_mapping_is_said_before_anything_is_stored(self):
        got = self.run_("ingest", self.path("t.jsonl", soul.ndjson(REPORTS)), "--map", "headline=summary", code=2)
        self.assertIn("headline", got.stderr)
        self.assertFalse(os.path.exists(self.data))
        self.run_("ingest", "nowhere.jsonl", code=1)
        self.run_("ingest", "t.jsonl", "--source", "pigeon", code=2)
        self.run_("ingest", "t.jsonl", "--format", "xml", code=2)

    def test_rejected_lines_are_kept_with_their_reasons(self):
        lines = [json.dumps(REPORTS[0]), '{"broken": ', '"a string"', json.dumps({"key": "none", "nothing": 1}), json.dumps({"key": "long", "summary": "x" * 2000}),
                 '{"key":"a","key":"b"}', json.dumps(REPORTS[1])]
        told, err = self.counts(self.path("r.jsonl", "\n".join(lines)), code=3)
        self.assertEqual((told["new"], told["rejected"], told["lines"]), (2, 5, 7))
        with open(self.path("r.jsonl.rejects.jsonl"), encoding="utf-8") as f:
            rejects = sorted(map(json.loads, f), key=lambda r: r["line"])
        self.assertEqual([r["line"] for r in rejects], [2, 3, 4, 5, 6])
        self.assertEqual([r["input"] for r in rejects], lines[1:6])
        self.assertTrue(all(r["reason"] for r in rejects))
        self.assertIn("r.jsonl:2:", err)
        self.counts(self.path("r.jsonl"), "--rejects", self.path("elsewhere"), code=3)
        self.assertTrue(os.path.exists(self.path("elsewhere")))

    def test_hostile_csv(self):
        rows = b"id,title\n1,fine\n2,\"open\n3,fine too\n4,\"a\"b\n5,\xff\xfe\n6,nul\x00here\n7,too,many,fields\n\n8,last"
        told, _ = self.counts(self.path("h.csv", rows), code=3)
        self.assertEqual((told["new"], told["rejected"]), (3, 5))

    def test_lines_without_an_id_are_known_by_their_content(self):
        path = self.path("plain.jsonl", soul.ndjson({"text": f"Report about thing {n}"} for n in range(5)))
        self.assertEqual(self.counts(path)[0]["new"], 5)
        with open(path, "a", encoding="utf-8") as f:
            f.write(json.dumps({"text": "one more"}) + "\n")
        again, _ = self.counts(path)
        self.assertEqual((again["new"], again["duplicate"]), (1, 5))

    def test_standard_input_and_damaged_gzip(self):
        got = self.run_("ingest", "-", "--json", stdin=soul.ndjson(REPORTS))
        self.assertEqual(json.loads(got.stdout)["new"], len(REPORTS))
        broken = gzip.compress(soul.ndjson(REPORTS * 50).encode())[:-200]
        got = self.run_("ingest", self.path("b.jsonl.gz", broken), code=1)
        self.assertIn("cut short", got.stderr)

    def test_it_waits_where_the_server_says_later(self):
        """A server that is away for a moment: the same command goes on by itself."""
        with soul.Server(port=soul.free_port()) as s:
            port = s.port
            s.stop(signal.SIGKILL)
            with socket.create_server(("127.0.0.1", port)) as nobody:
                process = subprocess.Popen([soul.BIN, "ingest", self.path("t.jsonl", soul.ndjson(REPORTS)), "--server", f"http://127.0.0.1:{port}", "--key", soul.KEY],
                                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=soul.clean_env(), text=True)
                nobody.settimeout(soul.PATIENCE_S)
                nobody.accept()[0].close()  # it has asked
            s.start()
            out, _ = process.communicate(timeout=soul.PATIENCE_S)
            self.assertEqual(process.returncode, 0)
            self.assertIn(f"{len(REPORTS)} new", out)

    @unittest.skipUnless(os.path.exists(STREAM), "no ../shared/data here")
    def test_the_titanium_stream_goes_in_without_any_option(self):
        with open(STREAM, encoding="utf-8") as f:
            head = "".join(next(f) for _ in range(300))
        told, err = self.counts(self.path("stream.jsonl", head))
        self.assertEqual((told["new"], told["rejected"]), (300, 0), err)
        item = self.json_("search", "android activity relaunch")["items"][0]["feedback"]
        self.assertTrue(item["external_id"].startswith(("TIMOB-", "ALOY-", "TISTUD-", "AC-", "MOD-", "DAEMON-", "CLI-", "TIDOC-")), item)
        self.assertFalse(item["body"].startswith(item["title"]))
        self.assertNotIn("text", item["metadata"])


class Look(Folder):
    def test_the_story_of_a_report(self):
        self.fill()
        clusters = self.json_("clusters", "--sort", "size")["items"]
        one = clusters[0]
        self.assertEqual(self.json_("show", one["id"])["id"], one["id"])
        report = self.json_("show", one["id"])["feedback_items"][0]
        self.assertEqual(self.json_("show", report["id"][-8:])["title"], report["title"])
        trace = self.json_("trace", report["id"])
        self.assertTrue(trace["steps"])
        words = self.run_("trace", report["id"]).stdout
        self.assertIn(report["title"], words)
        hits = self.json_("search", "PDF", "export", "Safari")
        self.assertIn("PDF", hits["items"][0]["feedback"]["title"])
        self.assertIn("PDF", self.run_("search", "PDF export").stdout)
        self.assertEqual(len(self.run_("clusters", "--all", "--json").stdout.splitlines()), len(clusters))
        self.run_("show", "00000000-0000-7000-8000-000000000000", code=1)
        self.run_("show", "xyz", code=2)

    def test_correcting(self):
        self.fill()
        by_title = {i["title"]: i for k in self.json_("clusters")["items"] for i in self.json_("show", k["id"])["feedback_items"]}
        a, b = by_title[soul.TOPICS["pdf"][0]], by_title[soul.TOPICS["dark"][0]]
        merged = self.json_("merge", a["cluster_id"], b["cluster_id"])
        self.assertGreaterEqual(merged["moved"], 1)
        split = self.json_("split", a["cluster_id"], b["id"])
        self.assertEqual(self.json_("show", b["id"])["cluster_id"], split["cluster_id"])
        self.run_("undo", split["action_id"])
        self.assertEqual(self.json_("show", b["id"])["cluster_id"], a["cluster_id"])
        self.assertIn("soulcaster undo", self.run_("move", b["id"], "new").stdout)
        self.assertNotEqual(self.json_("show", b["id"])["cluster_id"], a["cluster_id"])
        self.run_("undo", "nothing", code=2)

    def test_a_running_server_is_found_and_used(self):
        with soul.Server(data=self.data) as s:
            s.client().post("/api/ingest/manual", soul.report(1))
            soul.grouped(s.client())
            self.assertEqual(self.json_("clusters")["total"], 1)
            s.stop(signal.SIGKILL)  # serve.json is stale now
            self.assertEqual(self.json_("clusters")["total"], 1)
            s.start()

    def test_nothing_stored_is_said(self):
        self.assertIn("--data", self.run_("clusters", code=1).stderr)
        self.assertFalse(os.path.exists(self.data))

    def test_a_server_needs_a_key_and_says_no_clearly(self):
        with soul.Server() as s:
            got = soul.run("clusters", env={"SOULCASTER_URL": s.url})
            self.assertEqual(got.returncode, 2)
            self.assertIn("SOULCASTER_KEY", got.stderr)
            got = soul.run("clusters", env={"SOULCASTER_URL": s.url, "SOULCASTER_KEY": "sc_wrong"})
            self.assertEqual(got.returncode, 1)
            got = soul.run("clusters", "--json", env={"SOULCASTER_URL": s.url, "SOULCASTER_KEY": soul.KEY})
            self.assertEqual(json.loads(got.stdout)["total"], 0)
            env_file = self.path("soul.env", f"# comment\nSOULCASTER_URL={s.url}\nexport SOULCASTER_KEY=\"{soul.KEY}\"\n")
            self.assertEqual(soul.run("clusters", "--env-file", env_file).returncode, 0)
        self.assertEqual(soul.run("clusters", "--server", "http://127.0.0.1:9", "--key", "x").returncode, 1)

    def test_tables_on_a_terminal_are_safe_and_fit(self):
        evil = {"id": "evil", "title": "\x1b[31mRed\x1b[0m \x07\u202eevil \x1b]0;owned\x07" + "wide \u6f22\u5b57 " * 30, "body": "\x1b[2Jclear\nnext"}
        self.run_("ingest", self.path("e.jsonl", soul.ndjson([evil])))
        shown = on_terminal("clusters", "--data", self.data, columns=60)
        plain = re.sub(r"\x1b\[\d*m", "", shown)
        self.assertNotIn("\x1b", plain)
        self.assertNotIn("\x07", shown)
        self.assertNotIn("\u202e", shown)
        self.assertIn("\x1b[", shown, "colours on a terminal")
        width = lambda line: sum(2 if ord(ch) >= 0x1100 and ch not in "…" else 1 for ch in line)
        self.assertLessEqual(max(width(line.rstrip("\r")) for line in plain.split("\n")), 60, plain)
        self.assertNotIn("\x1b", on_terminal("clusters", "--data", self.data, env={"NO_COLOR": "1"}))
        self.assertNotIn("\x1b", self.run_("clusters").stdout)
        self.assertIn("\x1b", self.run_("clusters", "--color", "always").stdout)
        report = self.json_("clusters")["items"][0]["representative_ids"][0]
        self.assertNotIn("\x1b", self.run_("show", report).stdout)


    def test_a_narrow_terminal_keeps_the_title_readable(self):
        self.fill()
        title = max((i["title"] for i in self.json_("clusters")["items"]), key=len)
        heads = {}
        for columns in 200, 100, 80, 60, 40:
            shown = on_terminal("clusters", "--data", self.data, columns=columns, env={"NO_COLOR": "1"}).replace("\r", "").splitlines()
            heads[columns] = shown[0].split("  ")
            self.assertTrue(all(len(line) <= columns for line in shown), shown)
            room = min(len(title), 40, columns - 20)
            self.assertTrue(any(title[:room - 1] in line for line in shown), (columns, shown))
            self.assertIn("TITLE", shown[0])
            self.assertIn("REPORTS", shown[0])
        words = {n: {h.strip() for h in head if h.strip()} for n, head in heads.items()}
        self.assertEqual(words[200], {"ID", "REPORTS", "STATUS", "LAST SEEN", "FITS", "SOURCES", "TITLE"})
        self.assertTrue(words[40] <= words[60] <= words[80] <= words[100] <= words[200], words)
        self.assertNotIn("FITS", words[60])
        whole = self.run_("clusters").stdout.splitlines()[0]
        self.assertIn("FITS", whole)  # not to a terminal: all of it

class Keep(Folder):
    def test_projects(self):
        made = json.loads(soul.run("projects", "create", "mobile-app", "--json", "--data", self.data).stdout)
        self.assertEqual(made["name"], "mobile-app")
        got = self.run_("projects", "create", "web-shop")
        self.assertIn("web-shop: ", got.stdout)
        self.assertIn("--project web-shop", got.stderr)
        listed = {p["name"]: p["id"] for p in self.json_("projects")["items"]}
        self.assertEqual(listed["mobile-app"], made["id"])
        self.assertIn("web-shop", self.run_("projects", "list").stdout)
        self.assertIn("exists already", self.run_("projects", "create", "web-shop", code=1).stderr)
        self.run_("projects", "create", "Web Shop", code=1)
        self.run_("projects", "create", code=2)
        self.run_("projects", "drop", code=2)
        with soul.Server(data=self.data):
            self.json_("projects", "create", "third")
            self.assertIn("third", self.run_("projects").stdout)
        self.assertIn("--data", soul.run("projects", "--data", self.path("nowhere")).stderr)
        self.assertFalse(os.path.exists(self.path("nowhere")))

    def test_keys(self):
        self.fill()
        made = self.json_("keys", "create", "--name", "form", "--scopes", "ingest,read")
        self.assertTrue(made["key"].startswith("sc_"))
        self.assertIn("form", self.run_("keys").stdout)
        self.assertEqual(self.run_("keys", "create", "--name", "x").stdout.count("\n"), 1)
        self.run_("keys", "revoke", made["id"])
        self.assertTrue(next(k for k in self.json_("keys", "list")["items"] if k["id"] == made["id"])["revoked_at"])
        with soul.Server(data=self.data) as s:
            url = self.json_("keys", "login")["login_url"]
            self.assertEqual(s.client(key=None).get(url[len(s.url):]).status, 303)

    def test_jobs(self):
        self.fill()
        self.assertIn("group", self.run_("jobs").stdout)
        self.assertEqual(self.json_("jobs", "dead")["items"], [])
        self.assertIn("No dead letters", self.run_("jobs", "dead").stdout)
        self.run_("jobs", "retry", "00000000-0000-7000-8000-000000000000", code=1)

    def test_sources(self):
        self.fill()
        told = {s["source"]: s for s in self.json_("sources")["items"]}
        self.assertFalse(told["github"]["configured"])
        self.assertIn("no secret is set", self.run_("sources", "list").stdout)
        self.run_("sources", "test", "github", code=1)
        self.run_("sources", "test", "fax", code=1)
        self.run_("sources", "try", code=2)
        made = self.json_("sources", "test", "manual")
        self.assertEqual(made["status"], "ok")
        self.assertIn("remove", self.run_("sources", "test", "reddit").stdout)
        self.assertEqual(self.json_("remove", made["id"]), {"removed": made["id"]})
        self.run_("remove", made["id"], code=1)

    def test_doctor(self):
        self.assertEqual(self.run_("doctor", "--listen", "127.0.0.1:0").returncode, 0)
        self.fill()
        told = self.json_("doctor", "--listen", "127.0.0.1:0")
        self.assertTrue(told["ok"], told)
        self.assertTrue({"store", "write", "integrity", "fsync", "clock", "embedder", "webhooks", "port"} <= {k["check"] for k in told["checks"]})
        with open(os.path.join(self.data, "soulcaster.db"), "r+b") as f:
            f.write(b"this is no database" * 100)
        got = self.run_("doctor", "--listen", "127.0.0.1:0", code=1)
        self.assertIn("BAD", got.stdout)

    def test_backup_and_restore(self):
        self.fill()
        with soul.Server(data=self.data) as s:
            self.run_("backup", "b.db")
            s.client().post("/api/ingest/manual", soul.report("later"))
            self.run_("restore", "b.db", "--force", code=1)  # a server runs on it
        self.run_("backup", "b.db", code=1)
        self.run_("backup", "b.db", "--force")
        copy = os.path.join(self.dir, "copy")
        got = soul.run("restore", "b.db", "--data", copy, cwd=self.dir)
        self.assertEqual(got.returncode, 0, got)
        here, there = (json.loads(soul.run("clusters", "--json", "--data", d).stdout) for d in (self.data, copy))
        self.assertEqual(here["items"], there["items"])
        self.assertEqual(soul.run("restore", "b.db", "--data", copy, cwd=self.dir).returncode, 1)
        self.assertEqual(soul.run("restore", "b.db", "--data", copy, "--force", cwd=self.dir).returncode, 0)
        self.path("junk.db", b"junk" * 1000)
        got = soul.run("restore", "junk.db", "--data", copy, "--force", cwd=self.dir)
        self.assertEqual(got.returncode, 1, got)
        self.assertEqual(json.loads(soul.run("clusters", "--json", "--data", copy).stdout)["items"], here["items"])
        self.assertEqual([n for n in os.listdir(copy) if n.startswith("restore-")], [])

    def test_export_and_import(self):
        self.fill()
        self.run_("export", "all.ndjson")
        with open(self.path("all.ndjson"), encoding="utf-8") as f:
            lines = [json.loads(line) for line in f]
        self.assertEqual(lines[0]["kind"], "soulcaster-export")
        self.assertEqual(len([k for k in lines if k["kind"] == "feedback"]), len(REPORTS))
        self.assertEqual(self.run_("export").stdout.count("\n"), len(lines))
        copy = os.path.join(self.dir, "copy")
        for _ in range(2):
            got = soul.run("import", "all.ndjson", "--data", copy, cwd=self.dir)
            self.assertEqual(got.returncode, 0, got)
            stored = json.loads(soul.run("clusters", "--json", "--data", copy, "--project", "default").stdout)
            self.assertEqual(sum(k["count"] for k in stored["items"]), len(REPORTS))
        self.run_("import", self.path("bad.ndjson", '{"kind":"soulcaster-export","version":1}\n{"kind":"feedback"}\n'), code=1)
        # A line about what is not there ends the import, and not as the end of the file would.
        issue, late = "01890000-0000-7000-8000-000000000001", {"kind": "project", "id": "01890000-0000-7000-8000-000000000002", "name": "late"}
        pair = {"kind": "pair", "project_id": lines[1]["id"], "state": "two", "a": issue, "b": lines[1]["id"], "model": "m"}
        got = soul.run("import", self.path("gap.ndjson", soul.ndjson([*lines[:2], pair, late])), "--data", os.path.join(self.dir, "gap"))
        self.assertEqual(got.returncode, 1, got)
        self.assertIn("line 3", got.stderr)

    def test_eval(self):
        labelled = [{**r, "label": r["summary"].split()[0]} for r in REPORTS]
        path = self.path("l.jsonl", soul.ndjson(labelled + [{"summary": "no label"}]))
        got = soul.run("eval", path, "--json")
        told = json.loads(got.stdout)
        self.assertEqual((told["reports"], told["unlabelled"]), (len(REPORTS), 1))
        for name in "ari", "pair_precision", "pair_recall", "pair_f1", "v_measure", "recall_at_1", "recall_at_5":
            self.assertTrue(-1 <= told[name] <= 1, name)
        table = soul.run("eval", path, path, "--seed", "3", "--sample", "6").stdout
        self.assertEqual(table.count("l.jsonl"), 2)
        self.assertEqual(soul.run("eval", self.path("n.jsonl", '{"text":"x"}\n')).returncode, 2)

    def test_demo_once_and_again(self):
        first = self.run_("demo", "--once", "--listen", "127.0.0.1:0").stdout
        self.assertRegex(first, r"229 reports, 229 of them new")
        self.assertRegex(first, r"Agreement \(adjusted Rand index\): 0\.\d\d")
        again = self.run_("demo", "--once", "--listen", "127.0.0.1:0").stdout
        self.assertIn("0 of them new", again)
        self.assertEqual([line for line in again.splitlines() if "Agreement" in line], [line for line in first.splitlines() if "Agreement" in line])

    def test_demo_serves_on_and_the_link_works(self):
        process = subprocess.Popen([soul.BIN, "demo", "--data", self.data, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   env=soul.clean_env(), text=True)
        link = next(m for m in (re.search(r"(http://127\.0\.0\.1:\d+)(/login\?token=\S+)", line) for line in process.stdout) if m)
        host = link[1].removeprefix("http://")
        reply = soul.http.client.HTTPConnection(host, timeout=10)
        reply.request("GET", link[2])
        self.assertEqual(reply.getresponse().status, 303)
        reply.close()
        self.assertGreater(self.json_("clusters", "--project", "demo")["total"], 10)
        taken = soul.run("demo", "--data", os.path.join(self.dir, "other"), "--listen", host)
        self.assertEqual(taken.returncode, 1)
        self.assertIn("--listen", taken.stderr)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        self.assertEqual(process.wait(30), 0)
        process.stdout.close()


if __name__ == "__main__":
    soul.main()
