"""Fixes: one of the demo's repository from the click to its pull request, beside the same steps by hand and without a sandbox; and 20 asked
for at once, one and four of them at work, while reports come as they did before."""
import json
import os
import shutil
import subprocess
import threading
import time

from harness import ROOT, Http, Server, median, percentile

REPORTS = ["Pantry CSV export drops the last row: the file is one item short",
           "The exported CSV is missing one item, it is always the last row of the pantry"]
TESTS = ["python3", "-m", "unittest", "-q"]
JOBS, AT_ONCE, RATE = 20, 4, 100
ENDED = "success", "failed", "cancelled", "timed_out", "dead"


def git(*words, cwd=None, data=None):
    who = {f"GIT_{who}_{what}": "bench@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", **who}
    subprocess.run(["git", *words], cwd=cwd, env=env, input=data, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_repository(folder):
    work, bare = folder / "work", folder / "repositories" / "app"
    shutil.copytree(ROOT / "demo/repo", work)
    git("init", "-q", "-b", "main", str(work))
    git("add", "-A", cwd=work)
    git("commit", "-qm", "what there is", cwd=work)
    git("clone", "-q", "--bare", str(work), str(bare))
    return bare


def ask(http, method, path, **body):
    status, reply = http.call(method, path, json.dumps(body).encode())
    if status >= 300:
        raise RuntimeError(f"{method} {path}: {status} {reply[:300]!r}")
    return json.loads(reply)


def put_report(http, text):
    return ask(http, "POST", "/api/ingest/manual", text=text)["id"]


def issue_of(http, report):
    while not (found := http.get_json(f"/api/feedback/{report}")["cluster_id"]):
        time.sleep(0.02)
    return found


def ended(http, job):
    while (fix := http.get_json(f"/api/jobs/{job}"))["status"] not in ENDED:
        time.sleep(0.005)
    return fix


def one_fix(http, issue):
    started = time.perf_counter()
    job = ask(http, "POST", f"/api/clusters/{issue}/start_fix")["id"]
    fix = ended(http, job)
    took = time.perf_counter() - started
    if fix["status"] != "success":
        raise RuntimeError(f"the fix ended otherwise: {fix['status']} {fix['error']}")
    patch = http.get(f"/api/jobs/{job}/patch")
    ask(http, "POST", f"/api/jobs/{job}/pull_request", action="close")
    return took, patch


def by_hand(bare, folder, patch, n):
    started = time.perf_counter()
    work = folder / f"hand-{n}"
    git("clone", "-q", str(bare), str(work))
    subprocess.run(TESTS, cwd=work, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    git("apply", "-", cwd=work, data=patch)
    subprocess.run(TESTS, cwd=work, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    git("commit", "-qam", "by hand", cwd=work)
    git("push", "-q", "origin", f"HEAD:refs/heads/hand-{n}", cwd=work)
    took = time.perf_counter() - started
    shutil.rmtree(work)
    return took


class Posts(threading.Thread):
    """RATE reports a second, one after the other; how long each took from the moment it was due."""

    def __init__(self, url, name):
        super().__init__(daemon=True)
        self.link, self.name_, self.took, self.on = Http(url), name, [], True

    def run(self):
        begun = time.perf_counter()
        while self.on:
            due = begun + len(self.took) / RATE
            wait = due - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            put_report(self.link, f"{self.name_} {len(self.took)}: something is slow on page {len(self.took) % 97}")
            self.took.append(time.perf_counter() - due)
        self.link.close()

    def stop(self):
        self.on = False
        self.join()
        return percentile(self.took, 50) * 1e3, percentile(self.took, 99) * 1e3


def queued_at_once(ctx, server, workers):
    http = server.http
    issues = []
    for n in range(JOBS):
        report = put_report(http, f"Walrus {n} quill {n * n} ember")
        issue_of(http, report)
        ask(http, "POST", f"/api/feedback/{report}/move", cluster_id=None)
        issues.append(http.get_json(f"/api/feedback/{report}")["cluster_id"])
    settings = http.get_json("/api/config/fix")
    ask(http, "PUT", "/api/config/fix", **{**settings, "agent": "custom", "command": ["sh", "-c", "date > note-$(cat /proc/sys/kernel/random/uuid)"],
                                           "concurrency": workers})
    idle = Posts(server.url, "idle")
    idle.start()
    time.sleep(5 if ctx.quick else 20)
    idle_p50, idle_p99 = idle.stop()
    busy = Posts(server.url, "busy")
    busy.start()
    begun = time.perf_counter()
    jobs = [ask(http, "POST", f"/api/clusters/{issue}/start_fix", force=True)["id"] for issue in issues]
    well = sum(ended(http, job)["status"] == "success" for job in jobs)
    took = time.perf_counter() - begun
    busy_p50, busy_p99 = busy.stop()
    if well != JOBS:
        raise RuntimeError(f"{well} of {JOBS} fixes ended well")
    ctx.row(f"{JOBS} fixes asked for at once, {workers} at work: all ended", took, "s")
    ctx.row(f"  POST p99 meanwhile, {RATE}/s", busy_p99, "ms", ("<", 2) if workers == 1 else None, "idle", idle_p99, busy_p99 / idle_p99)
    ctx.row("  POST p50 meanwhile", busy_p50, "ms", None, "idle", idle_p50, busy_p50 / idle_p50)


def served(ctx, folder, workers):
    return Server(ctx.binary, folder / f"data{workers}", "--repositories", str(folder / "repositories"), "--embedder", "builtin",
                  "--fix-workers", str(workers))


def set_up(http):
    ask(http, "PUT", "/api/config/fix", forge="local", repository="app", agent="scripted", test_command=" ".join(TESTS))


def run(ctx):
    """One fix at a time is what a server does unless it is told otherwise (--fix-workers)."""
    ctx.program("git", "git")
    ctx.program("bwrap", "bubblewrap")
    with ctx.folder() as folder:
        bare = make_repository(folder)
        with served(ctx, folder, 1) as server:
            http = server.http
            set_up(http)
            reports = [put_report(http, text) for text in REPORTS]
            issue = issue_of(http, reports[0])
            rounds = [one_fix(http, issue) for _ in range(3 if ctx.quick else 11)]
            hand = [by_hand(bare, folder, rounds[0][1], n) for n in range(len(rounds))]
            ours = median([took for took, _ in rounds])
            ctx.row("a scripted fix, click to pull request, median", ours, "s", ("<", 3), slowest=max(took for took, _ in rounds))
            ctx.row("  of it the work", ours, "s", None, "the same steps by hand", median(hand), ours / median(hand))
            queued_at_once(ctx, server, 1)
        with served(ctx, folder, AT_ONCE) as server:
            set_up(server.http)
            queued_at_once(ctx, server, AT_ONCE)
