"""What the tests of fixes share: a server with a repository of the local forge, made of demo/repo or of given files."""

import os
import shutil
import subprocess
import tempfile

import soul

ENDED = "success", "failed", "cancelled", "timed_out", "dead"


def git(*words, cwd=None, **more):
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
           **{f"GIT_{who}_{what}": "x@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}}
    done = subprocess.run(["git", *words], cwd=cwd, env=env, capture_output=True, text=True, **more)
    if done.returncode:
        raise AssertionError(f"git {words}: {done.stderr}")
    return done.stdout


class World:
    """A server whose project has a repository, an agent and a test command."""

    def __init__(self, files=None, options=(), env=None, **settings):
        self.folder = tempfile.TemporaryDirectory(prefix="fix-")
        self.repositories = os.path.join(self.folder.name, "repositories")
        self.bare = os.path.join(self.repositories, "app")
        self.make_repository(files)
        self.server = soul.Server("--repositories", self.repositories, "--fix-watch-ms", "200", *options,
                                  data=os.path.join(self.folder.name, "data"), env=env)
        self.c = self.server.client()
        self.settings = {"forge": "local", "repository": "app", "agent": "scripted",
                         "test_command": "python3 -m unittest -q", **settings}
        self.configure()

    def make_repository(self, files):
        work = os.path.join(self.folder.name, "work")
        os.makedirs(self.repositories)
        if files is None:
            shutil.copytree("demo/repo", work)
        else:
            for path, text in files.items():
                os.makedirs(os.path.dirname(os.path.join(work, path)) or work, exist_ok=True)
                with open(os.path.join(work, path), "w", encoding="utf-8") as f:
                    f.write(text)
        git("init", "-q", "-b", "main", work)
        git("add", "-A", cwd=work)
        git("commit", "-qm", "what there is", cwd=work)
        git("clone", "-q", "--bare", work, self.bare)

    def configure(self, **more):
        self.settings.update(more)
        got = self.c.call("PUT", "/api/config/fix", self.settings)
        if got.status != 200:
            raise AssertionError(got)

    def issue(self, *reports):
        """An issue that these reports are in (titles, or whole reports)."""
        ids = []
        for r in reports:
            got = self.c.post("/api/ingest/manual", r if isinstance(r, dict) else {"text": r})
            if got.status != 200:
                raise AssertionError(got)
            ids.append(got.json["id"])
        soul.grouped(self.c)
        clusters = [self.c.get(f"/api/feedback/{i}").json["cluster_id"] for i in ids]
        for other in set(clusters[1:]) - {clusters[0]}:
            self.c.post(f"/api/clusters/{clusters[0]}/merge", {"cluster_ids": [other]})
        return clusters[0]

    def own_issue(self, text):
        """An issue that this report is alone in."""
        report = self.c.post("/api/ingest/manual", {"text": text}).json["id"]
        soul.grouped(self.c)
        self.c.post(f"/api/feedback/{report}/move", {"cluster_id": None})
        return self.c.get(f"/api/feedback/{report}").json["cluster_id"]

    def start(self, issue, **body):
        got = self.c.post(f"/api/clusters/{issue}/start_fix", body or None)
        if got.status != 202:
            raise AssertionError(got)
        return got.json["id"]

    def fix(self, job):
        return self.c.get(f"/api/jobs/{job}").json

    def ended(self, job):
        """The fix, once it is over."""
        def look():
            got = self.fix(job)
            return got if got["status"] in ENDED else None
        try:
            return soul.wait_for("the end of a fix", look)
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.log(job)}\n{self.server.logged()[-3000:]}") from None

    def log(self, job):
        rows = self.c.get(f"/api/jobs/{job}/logs", limit=200).json["items"]
        return "".join(f"{r['stream']}: {r['text']}" for r in rows)

    def status(self, issue):
        return self.c.get(f"/api/clusters/{issue}").json["status"]

    def folders(self, job):
        """What of a fix is left on disk."""
        return [d for d in os.listdir(os.path.join(self.server.data, "fix", "jobs")) if d.startswith(job)]

    def branches(self):
        return git("--git-dir", self.bare, "for-each-ref", "--format=%(refname:short)", "refs/heads").split()

    def files_of(self, ref):
        """A checkout of it, in a folder that lives as long as the world."""
        to = tempfile.mkdtemp(dir=self.folder.name)
        git("clone", "-q", "-b", ref, self.bare, to)
        return to

    def close(self):
        self.server.close()
        self.folder.cleanup()
