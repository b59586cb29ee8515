"""What `soulcaster demo` sets up: issues of the sample feed are fixed by the scripted agent, and hidden tests agree."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

import soul
from fix_world import ENDED, git

with open("demo/edits.json", encoding="utf-8") as f:
    EDITS = [e["name"] for e in json.load(f)["edits"]]
with open("demo/truth.tsv", encoding="utf-8") as f:
    GROUPS = {tuple(line.split("\t")[:2]): line.split("\t")[2].strip() for line in f}


class Demo(unittest.TestCase):
    def test_planted_faults_are_mended_from_report_to_main(self):
        with tempfile.TemporaryDirectory(prefix="demo-") as top:
            data = os.path.join(top, "data")
            done = soul.run("demo", "--once", "--data", data, "--listen", "127.0.0.1:0")
            self.assertEqual(done.returncode, 0, done)
            with soul.Server(data=data) as server:
                self.mend(server.client(), os.path.join(data, "repositories", "larderlark"), top)

    def mend(self, c, bare, top):
        inside = {}
        for report in soul.every(c, "/api/feedback", project_id="demo"):
            group = GROUPS.get((report["source"], report["external_id"]))
            if group in EDITS and report["cluster_id"]:
                inside.setdefault(group, []).append(report["cluster_id"])
        self.assertEqual(set(inside), set(EDITS))
        for name, clusters in inside.items():
            issue = max(clusters, key=clusters.count)  # of several as large, that of the newest report
            got = c.post(f"/api/clusters/{issue}/start_fix", project_id="demo")
            self.assertEqual(got.status, 202, (name, got))
            job = f"/api/jobs/{got.json['id']}"
            fix = soul.wait_for("a fix", lambda: (f := c.get(job, project_id="demo").json)["status"] in ENDED and f)
            log = c.get(job + "/logs", project_id="demo").body.decode()
            self.assertEqual((fix["status"], fix["agent"]), ("success", "scripted"), (name, log))
            self.assertIn(f"prepared edit ({name})", log)
            merged = c.post(job + "/pull_request", {"action": "merge"}, project_id="demo")
            self.assertEqual(merged.status, 200, (name, merged))
            self.assertEqual(c.get(f"/api/clusters/{issue}", project_id="demo").json["status"], "resolved")
        work = os.path.join(top, "work")
        git("clone", "-q", bare, work)
        for name in EDITS:
            test = f"test_{name.replace('-', '_')}"
            shutil.copy(f"demo/hidden/{test}.py", work)
            ran = subprocess.run(["python3", "-m", "unittest", "-q", test], cwd=work, capture_output=True, text=True)
            self.assertEqual(ran.returncode, 0, (name, ran.stderr))


if __name__ == "__main__":
    soul.main()
