"""Which embedder is at work: the encoder as soon as a model of it is installed, else the builtin one."""

import os
import tempfile
import unittest

import soul
import tiny_model


def install(data, name="tiny", seed=1):
    """Makes a tiny model and installs it; returns the file."""
    with tempfile.TemporaryDirectory(prefix="soul-model-") as folder:
        tiny_model.write(folder, seed)
        got = soul.run("model", "install", "--from", folder, "--name", name, "--data", data)
    assert got.returncode == 0, got
    return os.path.join(data, "models", f"{name}.encoder")


class Selection(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="soul-")
        self.addCleanup(folder.cleanup)
        self.data = folder.name

    def status(self, *options, env=None):
        with soul.Server(*options, data=self.data, env=env) as s:
            got = s.client().get("/api/clustering/status").json
            log = s.logged()
        return got, log

    def test_builtin_where_no_model_is_installed_and_how_to_get_one(self):
        got, log = self.status()
        self.assertTrue(got["model"].startswith("builtin-"), got)
        self.assertIn("model install", got["hint"])
        self.assertEqual(log.count("no encoder model is installed"), 1, log)

    def test_the_encoder_once_a_model_is_installed(self):
        install(self.data)
        got, log = self.status()
        self.assertTrue(got["model"].startswith("encoder-1/tiny-"), got)
        self.assertNotIn("hint", got)
        self.assertIn("encoder-1/tiny-", log)

    def test_the_model_that_was_installed_last(self):
        install(self.data, "b", 1)
        os.utime(os.path.join(self.data, "models", "b.encoder"), (1, 1))
        install(self.data, "a", 2)
        self.assertTrue(self.status()[0]["model"].startswith("encoder-1/a-"))

    def test_builtin_when_it_is_asked_for(self):
        install(self.data)
        got, _ = self.status("--embedder", "builtin")
        self.assertTrue(got["model"].startswith("builtin-"), got)
        self.assertNotIn("hint", got)

    def test_a_damaged_model_does_not_stop_grouping(self):
        path = install(self.data)
        with open(path, "r+b") as f:
            f.seek(5000)
            f.write(b"garbage")
        got, log = self.status()
        self.assertTrue(got["model"].startswith("builtin-"), got)
        self.assertIn("model verify", got["hint"])
        self.assertIn("warn", log)

    def test_the_encoder_asked_for_without_a_model_says_what_to_do(self):
        got = soul.run("serve", "--embedder", "encoder", "--data", self.data, "--listen", "127.0.0.1:0")
        self.assertEqual(got.returncode, 2, got)
        self.assertIn("model install", got.stderr)

    def test_verbs_that_run_the_stack_and_eval_follow_the_same_rule(self):
        file = os.path.join(self.data, "r.jsonl")
        with open(file, "w", encoding="ascii") as f:
            f.write(soul.ndjson({"title": t, "label": k} for k, titles in soul.TOPICS.items() for t in titles))
        path = install(self.data)
        self.assertIn("encoder-1/tiny-", soul.run("doctor", "--data", self.data).stdout)
        self.assertEqual(soul.run("eval", file, "--data", self.data).returncode, 0)
        self.assertEqual(soul.run("ingest", file, "--data", self.data).returncode, 0)
        elsewhere = os.path.join(self.data, "elsewhere")
        os.mkdir(elsewhere)
        os.rename(path, os.path.join(elsewhere, "tiny.encoder"))
        self.assertIn("builtin-", soul.run("doctor", "--data", self.data).stdout)
        there = {"SOULCASTER_MODELS": elsewhere}
        self.assertIn("encoder-1/tiny-", soul.run("doctor", "--data", self.data, env=there).stdout)


if __name__ == "__main__":
    soul.main()
