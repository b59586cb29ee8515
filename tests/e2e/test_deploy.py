"""deploy/: the alert rules and the dashboard speak of metrics that there are. With promtool, it reads the rules, and our /metrics."""

import json
import re
import shutil
import subprocess
import tempfile
import unittest

import soul

RULES, DASHBOARD = "deploy/prometheus/soulcaster.rules.yml", "deploy/grafana/soulcaster.json"
NAME = re.compile(r"\b(?:soulcaster|process)_[a-z_]+")
LABELS = re.compile(r"\b(soulcaster_[a-z_]+)\{([^}]*)\}")
SUMMED = re.compile(r"\bsum\b(?:\s*by\s*\([^)]*\))?\s*\(\s*(\w+)")
# A server that would ask a remote embedder, a language model and a collector tells of them, too; nobody answers there.
NOWHERE = "http://127.0.0.1:9/v1"
SERVICES = ("--embedder", "openai", "--openai-base", NOWHERE, "--openai-model", "toy", "--openai-dims", "8",
            "--llm", "openai", "--llm-base", NOWHERE, "--llm-model", "toy")
ENVIRONMENT = {"OPENAI_API_KEY": "a-key", "OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE, "no_proxy": "*"}


class Deploy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with soul.Server(*SERVICES, env=ENVIRONMENT) as server:
            server.client().get("/health")
            cls.text = server.client().get("/metrics").body.decode()
        cls.types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", cls.text, re.M))

    def family(self, name):
        return re.sub("_(bucket|sum|count)$", "", name) if name not in self.types else name

    def test_every_family_has_help_type_and_once(self):
        names = re.findall(r"^# TYPE (\S+)", self.text, re.M)
        self.assertEqual(len(names), len(set(names)))
        for name, kind in self.types.items():
            self.assertIn(f"# HELP {name} ", self.text)
            if name.startswith("soulcaster_"):
                self.assertEqual(name.endswith("_total"), kind == "counter", name)

    def check(self, text):
        found = NAME.findall(text)
        self.assertTrue(found)
        for name in found:
            self.assertIn(self.family(name), self.types, name)
        for name, labels in LABELS.findall(text):
            for label in re.findall(r"(\w+) *[=!]", labels):
                if label not in ("instance", "le"):
                    self.assertRegex(self.text, rf'{name}{{[^}}]*{label}="', name)

    def test_only_what_a_process_counts_by_itself_is_summed(self):
        """Jobs, dead letters and the store are told by every server alike: a sum of them counts each as often as there are servers."""
        for path in RULES, DASHBOARD:
            with open(path, encoding="utf-8") as f:
                summed = SUMMED.findall(f.read())
            self.assertTrue(summed)
            self.assertEqual(set(summed) - {"rate", "increase"}, set(), path)

    def test_rules_and_dashboard_speak_of_what_there_is(self):
        with open(RULES, encoding="utf-8") as f:
            self.check(f.read())
        with open(DASHBOARD, encoding="utf-8") as f:
            text = f.read()
        board = json.loads(text)
        queries = [t["expr"] for p in board["panels"] for t in p.get("targets", ())]
        self.check("\n".join(queries))
        self.assertEqual(len({p["id"] for p in board["panels"]}), len(board["panels"]))
        places = set()
        for p in board["panels"]:
            g = p["gridPos"]
            cells = {(x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])}
            self.assertFalse(cells & places, p["title"])
            self.assertLessEqual(g["x"] + g["w"], 24)
            places |= cells

    @unittest.skipUnless(shutil.which("promtool"), "no promtool here (Debian's package prometheus brings it)")
    def test_promtool_reads_the_rules_the_queries_and_our_metrics(self):
        done = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = subprocess.run(["promtool", "check", "metrics"], input=self.text, capture_output=True, text=True, check=False)
        self.assertNotIn("error", done.stderr, done.stderr)
        with open(DASHBOARD, encoding="utf-8") as f:
            queries = [t["expr"] for p in json.load(f)["panels"] for t in p.get("targets", ())]
        rules = {"groups": [{"name": "queries", "rules": [
            {"record": f"q:{i}", "expr": q.replace("$__rate_interval", "5m")} for i, q in enumerate(queries)]}]}
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as f:
            json.dump(rules, f)  # JSON is YAML
            f.flush()
            done = subprocess.run(["promtool", "check", "rules", f.name], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
