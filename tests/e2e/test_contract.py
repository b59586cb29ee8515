"""Every operation answers as the contract says: status, content type, and body against its schema."""

import json
import re
import unittest
import uuid

import soul


class Schema:
    """As much of JSON Schema (2020-12) as the contract uses; an unknown keyword is an error."""

    IGNORED = {"description", "example", "examples", "default", "title", "$comment"}

    def __init__(self, root):
        self.root = root

    def resolve(self, s):
        while "$ref" in s:
            at = self.root
            for part in s["$ref"].lstrip("#/").split("/"):
                at = at[part]
            s = at
        return s

    def faults(self, s, v, at="$"):
        s = self.resolve(s)
        for word, want in s.items():
            if word in self.IGNORED:
                continue
            check = getattr(self, "k_" + word, None)
            if check is None:
                yield f"{at}: the contract uses '{word}', which this validator does not know"
            else:
                yield from check(want, v, at, s)

    TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}

    def is_type(self, name, v):
        if name in ("integer", "number"):
            return isinstance(v, (int, float) if name == "number" else int) and not isinstance(v, bool)
        return isinstance(v, self.TYPES[name])

    def k_type(self, want, v, at, _):
        names = want if isinstance(want, list) else [want]
        if not any(self.is_type(n, v) for n in names):
            yield f"{at}: {v!r} is not {names}"

    def k_properties(self, want, v, at, _):
        for name, sub in want.items() if isinstance(v, dict) else ():
            if name in v:
                yield from self.faults(sub, v[name], f"{at}.{name}")

    def k_additionalProperties(self, want, v, at, s):
        for name in v if isinstance(v, dict) else ():
            if name in s.get("properties", {}):
                continue
            if want is False:
                yield f"{at}.{name}: not in the contract"
            elif isinstance(want, dict):
                yield from self.faults(want, v[name], f"{at}.{name}")

    def k_required(self, want, v, at, _):
        for name in want if isinstance(v, dict) else ():
            if name not in v:
                yield f"{at}.{name}: missing"

    def k_items(self, want, v, at, _):
        for i, item in enumerate(v if isinstance(v, list) else ()):
            yield from self.faults(want, item, f"{at}[{i}]")

    def k_enum(self, want, v, at, _):
        if v not in want:
            yield f"{at}: {v!r} is not one of {want}"

    def k_const(self, want, v, at, _):
        if v != want:
            yield f"{at}: {v!r} is not {want!r}"

    def k_allOf(self, want, v, at, _):
        for sub in want:
            yield from self.faults(sub, v, at)

    def k_oneOf(self, want, v, at, _):
        fits = [sub for sub in want if not list(self.faults(sub, v, at))]
        if len(fits) != 1:
            yield f"{at}: fits {len(fits)} of oneOf"

    def k_anyOf(self, want, v, at, _):
        if all(list(self.faults(sub, v, at)) for sub in want):
            yield f"{at}: fits none of anyOf"

    def k_if(self, want, v, at, s):
        branch = s.get("else" if list(self.faults(want, v, at)) else "then")
        if branch is not None:
            yield from self.faults(branch, v, at)

    def k_then(self, *_):
        return ()

    k_else = k_then

    def k_format(self, want, v, at, _):
        if not isinstance(v, str):
            return
        if want == "uuid":
            ok = str(uuid.UUID(v)) == v if re.fullmatch(r"[0-9a-f-]{36}", v) else False
        elif want == "date-time":
            ok = bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", v))
        else:
            ok = True
        if not ok:
            yield f"{at}: {v!r} is no {want}"

    def _limit(self, ok, at, word, want):
        return [] if ok else [f"{at}: {word} {want}"]

    def k_minimum(self, want, v, at, _):
        return self._limit(not isinstance(v, (int, float)) or v >= want, at, "minimum", want)

    def k_maximum(self, want, v, at, _):
        return self._limit(not isinstance(v, (int, float)) or v <= want, at, "maximum", want)

    def k_minLength(self, want, v, at, _):
        return self._limit(not isinstance(v, str) or len(v) >= want, at, "minLength", want)

    def k_maxLength(self, want, v, at, _):
        return self._limit(not isinstance(v, str) or len(v) <= want, at, "maxLength", want)

    def k_minItems(self, want, v, at, _):
        return self._limit(not isinstance(v, list) or len(v) >= want, at, "minItems", want)

    def k_maxItems(self, want, v, at, _):
        return self._limit(not isinstance(v, list) or len(v) <= want, at, "maxItems", want)

    def k_pattern(self, want, v, at, _):
        return self._limit(not isinstance(v, str) or re.search(want, v), at, "pattern", want)


class Contract(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = soul.Server("--login-link")
        cls.addClassCleanup(cls.server.close)
        cls.c = cls.server.client()
        reply = cls.c.get("/api/openapi.json")
        cls.contract = reply.json
        cls.schema = Schema(cls.contract)
        cls.operations = {op["operationId"]: (method.upper(), path, op)
                          for path, item in cls.contract["paths"].items() for method, op in item.items()
                          if method in ("get", "post", "put", "patch", "delete")}
        cls.met = set()
        ids = soul.feed_topics(cls.c)
        cls.reports = [i for topic in ids.values() for i in topic]
        cls.cluster = lambda self, n: self.c.get(f"/api/feedback/{self.reports[n]}").json["cluster_id"]

    def check(self, name, reply, status=None):
        """The reply is one that the contract names for the operation."""
        op = self.operations[name][2]
        if status:
            self.assertEqual(reply.status, status, (name, reply))
        said = op["responses"].get(str(reply.status)) or op["responses"].get("default")
        self.assertIsNotNone(said, f"{name}: {reply.status} is not in the contract")
        said = self.schema.resolve(said)
        content = said.get("content")
        if not content:
            self.assertEqual(reply.body, b"", name)
            return None
        self.assertIn(reply.type, content, (name, reply.status))
        self.assertTrue(reply.headers["X-Request-ID"], name)
        if reply.type.endswith("ndjson"):
            values = reply.lines
        elif reply.type.endswith("json"):
            values = [reply.json]
        else:
            return None
        for value in values:
            self.assertEqual(list(self.schema.faults(content[reply.type].get("schema", {}), value)), [], name)
        return values[0]

    def call(self, name, body=None, expect=200, path=None, key=..., headers=None, **query):
        method, template, _ = self.operations[name]
        for k, v in (path or {}).items():
            template = template.replace("{%s}" % k, v)
        type(self).met.add(name)
        return self.check(name, self.c.call(method, template, body, headers, key, **query), expect)

    def refused(self, name, status, body=None, path=None, key=..., headers=None, **query):
        problem = self.call(name, body, status, path, key, headers, **query)
        self.assertEqual(problem["status"], status)
        return problem

    def test_all_operations(self):
        """One long conversation that meets every operation; the last step counts them."""
        self.ingest()
        self.reading()
        self.correcting()
        self.views()
        self.sources()
        self.map()
        self.administration()
        self.fixes()
        self.form()
        self.pages()
        self.assertEqual(set(self.operations) - self.met, set(), "operations that no test calls")

    def ingest(self):
        self.call("ingestManual", {"external_id": 5, "title": "Numbers are ids too", "body": None})
        self.call("ingestManual", {"external_id": 5, "title": "Numbers are ids too"})
        self.call("ingestReddit", {"kind": "t3", "data": {"name": "t3_1", "title": "Dark mode", "selftext": "x"}})
        self.call("ingestReddit", {"kind": "Listing", "data": {"children": []}})
        self.refused("ingestManual", 422, {"title": None})
        self.refused("ingestManual", 400, b"{", headers={"Content-Type": "application/json"})
        self.refused("ingestSentry", 403, {"data": {}}, key=None)
        self.refused("ingestGithubWebhook", 403, {"zen": "x"}, key=None)
        self.refused("ingestDatadogWebhook", 403, {"title": "x"}, key=None)
        self.refused("ingestPosthogWebhook", 403, {"event": "x"}, key=None)
        self.refused("ingestSplunkWebhook", 403, {"sid": "x"}, key=None, token="a-wrong-one")
        body = soul.ndjson([{"source": "generic", "title": "one"}, {"source": "pigeon"}, {"source": "manual", "title": "two"}])
        self.call("ingestBatch", body, headers={"Content-Type": "application/x-ndjson"})
        soul.grouped(self.c)

    def reading(self):
        report = {"id": self.reports[0]}
        for query in ({}, {"limit": 2}, {"source": "manual", "state": "grouped"}, {"q": "export"}, {"unclustered": "true"},
                      {"since": "2020-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}, {"cluster_id": self.cluster(0)}):
            self.call("listFeedback", **query)
        self.refused("listFeedback", 400, limit=0)
        self.call("getFeedback", path=report)
        self.refused("getFeedback", 404, path={"id": str(uuid.uuid4())})
        self.call("updateFeedback", {"status": "open"}, path=report)
        self.refused("updateFeedback", 422, {"id": "x"}, path=report)
        for query in {}, {"sort": "size", "limit": 1}, {"status": "new,triaged"}, {"q": "export pdf"}, {"sort": "trend", "min_count": 2}, {"source": "manual"}:
            self.call("listClusters", **query)
        self.call("getCluster", path={"id": self.cluster(0)})
        self.call("listClusterFeedback", path={"id": self.cluster(0)}, limit=1)
        self.call("listMergeCandidates", path={"id": self.cluster(0)})
        self.call("getClusteringStatus")
        self.call("startClusterJob", expect=202)
        jobs = self.call("listClusterJobs")["items"]
        self.call("listWork", kind="group", status="success")
        self.assertEqual(self.call("listWork", kind="Robert'); --")["items"], [])
        self.assertIn(jobs[0]["id"], [j["id"] for j in self.call("listWork")["items"]])
        self.call("getClusterJob", path={"id": jobs[0]["id"]})
        self.assertTrue(self.call("search", q="safari crashes while exporting")["items"])
        self.refused("search", 400)
        self.call("traceFeedback", path=report)
        self.call("getStats")
        self.assertGreater(self.call("getSystem")["store"]["free_bytes"], 0)
        self.call("listProjects")
        self.call("getMetrics")
        for name in "getHealth", "getApiHealth", "getContract":
            self.call(name, key=None)
        events = soul.Events(self.server)
        self.assertEqual((events.response.status, events.response.headers["Content-Type"].split(";")[0]), (200, "text/event-stream"))
        events.close()
        self.met.add("streamEvents")

    def correcting(self):
        a, b = self.cluster(0), self.cluster(-1)
        merged = self.call("mergeClusters", {"cluster_ids": [b]}, path={"id": a})
        self.assertEqual(self.call("getCluster", path={"id": b})["moved_from"], b)
        self.call("splitCluster", {"feedback_ids": [self.reports[-1]]}, path={"id": a})
        self.call("undoAction", path={"id": merged["action_id"]})
        self.refused("undoAction", 404, path={"id": str(uuid.uuid4())})
        self.call("analyzeClusters", limit=10)
        self.call("cleanupClusters", {"apply": True, "limit": 1})
        self.call("moveFeedback", {"cluster_id": None}, path={"id": self.reports[1]})
        self.call("keepApart", {"cluster_id": self.cluster(1)}, path={"id": self.cluster(0)})
        self.call("patchCluster", {"title": "A title", "status": "triaged"}, path={"id": self.cluster(0)})
        self.call("patchCluster", {"status": "snoozed", "snooze_until": "2100-01-01T00:00:00Z"}, path={"id": self.cluster(0)})
        self.call("patchCluster", {"restore": "new"}, path={"id": self.cluster(0)})
        self.refused("patchCluster", 422, {"restore": "fixing"}, path={"id": self.cluster(0)})
        self.refused("patchCluster", 422, {"restore": "new", "status": "triaged"}, path={"id": self.cluster(0)})
        self.refused("patchCluster", 409, {"title": "x", "version": 1}, path={"id": self.cluster(0)})
        self.refused("patchCluster", 422, {"status": "happy"}, path={"id": self.cluster(0)})

    def form(self):
        self.call("formPage", None, 404, path={"project": "second"}, key=None)
        self.call("putConfig", {"enabled": True}, path={"source": "form"}, project_id="second")
        self.call("formPage", path={"project": "second"}, key=None)
        self.call("submitForm", b"message=hello", 422, path={"project": "second"}, key=None,
                  headers={"Content-Type": "application/x-www-form-urlencoded"})
        self.call("widget", key=None)

    def map(self):
        for query in {}, {"limit": 2}, {"status": "new,resolved"}, {"since": "2020-01-01T00:00:00Z"}, {"source": "sentry"}:
            seen = self.call("getMap", **query)
            self.assertEqual(len({len(column) for column in seen["points"].values()}), 1)
        self.refused("getMap", 400, limit=0)

    def sources(self):
        self.refused("testSource", 422, path={"source": "sentry"})
        self.refused("testSource", 404, path={"source": "fax"})
        states = {s["source"]: s for s in self.call("listSources")["items"]}
        self.assertIn("secret", states["sentry"]["refused"]["detail"])
        self.assertFalse(states["sentry"]["configured"])
        self.assertEqual(states["sentry"]["webhook_path"], "/api/ingest/sentry")
        self.assertEqual(states["splunk"]["webhook_path"], "/api/ingest/splunk/webhook")
        self.assertEqual([name for name, s in states.items() if s["webhook_token"]], ["splunk"])
        settings = {s["key"]: s for s in states["sentry"]["settings"]}
        self.assertEqual((settings["min_level"]["type"], settings["min_level"]["choices"][0]), ("choice", "debug"))
        test = self.call("testSource", path={"source": "manual"})
        soul.grouped(self.c)
        self.assertTrue(self.call("traceFeedback", path={"id": test["id"]})["feedback"]["metadata"]["soulcaster_test"])
        self.call("removeFeedback", None, 204, path={"id": test["id"]})
        self.refused("removeFeedback", 404, path={"id": test["id"]})
        self.refused("getFeedback", 404, path={"id": test["id"]})

    def views(self):
        view = self.call("saveView", {"name": "Fresh", "query": {"status": ["new"], "days": 7, "sort": "size"}}, 201)
        self.assertEqual(self.call("saveView", {"name": "Fresh", "query": {}})["id"], view["id"])
        self.refused("saveView", 422, {"name": "Fresh", "query": {"colour": "red"}})
        self.assertEqual(self.call("listViews")["total"], 1)
        self.call("dropView", None, 204, path={"id": view["id"]})
        self.refused("dropView", 404, path={"id": view["id"]})

    def fixes(self):
        """What can be said of fixes where none can run: no repository is set. test_fix.py has the others."""
        issue = {"id": self.cluster(0)}
        state = self.call("getFixState")
        self.assertFalse(state["ready"])
        self.assertIn("repository", " ".join(state["missing"]))
        config = self.call("getFixConfig")
        self.assertEqual((config["agent"], config["max_minutes"], config["policy"]["enabled"]), ("builtin", 30, False))
        self.call("putFixConfig", config)
        for wrong in {"agent": "nobody"}, {"rules_off": ["git"]}, {"base_branch": "-x"}, {"deny": ["["]}, {"colour": 1}, \
                {"command": ["x"]}, {"max_files": 0}:
            self.refused("putFixConfig", 422, wrong)
        self.refused("startFix", 422, path=issue)
        self.refused("startFix", 404, path={"id": str(uuid.uuid4())})
        self.refused("createFix", 422, {"cluster_id": issue["id"]})
        self.refused("getPlan", 404, path=issue)
        plan = self.call("savePlan", path=issue)
        self.assertEqual((plan["version"], plan["by"]), (1, "template"))
        self.assertIn("```", plan["evidence"])
        self.assertEqual(self.call("savePlan", {"expected": "It works.", "version": 1}, path=issue)["version"], 2)
        self.refused("savePlan", 409, {"expected": "It flies.", "version": 1}, path=issue)
        self.assertEqual(self.call("getPlan", path=issue)["expected"], "It works.")
        self.assertEqual(self.call("getPlan", path=issue, version=1)["by"], "template")
        self.assertEqual(self.call("listFixes", status="running", pr_state="open", cluster_id=issue["id"])["items"], [])
        self.assertEqual(self.call("listClusterFixes", path=issue)["total"], 0)
        nothing = {"id": str(uuid.uuid4())}
        for name in "getFix", "cancelFix", "retryFix", "getFixLog", "followFixLog", "getFixPatch", "getFixPull":
            self.refused(name, 404, path=nothing)
        self.refused("patchFix", 404, {"status": "cancelled"}, path=nothing)
        self.refused("patchFix", 422, {"status": "success"}, path=nothing)
        self.refused("actOnFixPull", 404, {"action": "merge"}, path=nothing)

    def administration(self):
        self.call("createProject", {"name": "second"}, 201)
        self.refused("createProject", 409, {"name": "second"})
        self.refused("createProject", 422, {"name": "Ümlaut"})
        self.call("putConfig", {"secret": "12345678901234567890"}, path={"source": "sentry"}, project_id="second")
        self.call("getConfig", path={"source": "sentry"}, project_id="second")
        limits = self.call("putLimits", {"max_reports": 1000}, project_id="second")
        self.assertEqual(self.call("getLimits", project_id="second"), limits)
        self.assertEqual((limits["max_reports"], limits["keep_days"]), (1000, 0))
        self.refused("putLimits", 422, {"max_reports": -1}, project_id="second")
        rows = self.call("listAudit", project_id="second")["items"]
        self.assertIn("putLimits", [r["action"] for r in rows])
        self.refused("applyRetention", 422, project_id="second")
        self.call("putLimits", {"keep_days": 30}, project_id="second")
        self.assertEqual(self.call("getRetention", project_id="second")["keep_days"], 30)
        self.assertEqual(self.call("applyRetention", project_id="second"), {"reports": 0, "issues": 0, "more": False, "next_cursor": None})
        self.refused("applyRetention", 400, project_id="second", cursor="nonsense")
        self.call("getModel", project_id="second")
        self.call("useModel", {"use": "builtin"}, project_id="second")
        self.refused("useModel", 422, {"use": "nonsense"}, project_id="second")
        self.call("useModel", {"use": "auto"}, project_id="second")
        key = self.call("createKey", {"name": "k", "scopes": ["read", "ingest"]}, 201, project_id="second")
        self.call("listKeys")
        self.assertEqual(self.call("getSession")["scopes"], ["admin"])
        self.assertEqual(self.call("getSession", key=key["key"]), {"name": "k", "by": "key", "scopes": ["ingest", "read"], "project_id": key["project_id"]})
        self.call("revokeKey", None, 204, path={"id": key["id"]}, project_id="second")
        self.call("listDeadLetters")
        self.refused("retryDeadLetter", 404, path={"id": str(uuid.uuid4())})
        self.refused("dropDeadLetter", 404, path={"id": str(uuid.uuid4())})

    def pages(self):
        self.call("homePage", key=None, any="query")
        self.call("issuePage", path={"id": self.cluster(0)})
        self.call("issuePage", None, 404, path={"id": "x"})
        self.call("fixPage", path={"id": self.cluster(0)})
        self.call("fixPage", None, 404, path={"id": "x"})
        for name in "fixesPage", "inboxPage", "mapPage", "sourcesPage", "workPage", "settingsPage", "statusPage":
            self.call(name, key=None, any="query")
        self.call("getAsset", None, 404, path={"name": "nothing.js"})
        self.call("loginPage", key=None)
        token = json.loads(self.server.line)["login_url"].split("token=")[1]
        self.call("login", {"token": "sc_" + "0" * 48}, 401, key=None)
        self.call("login", {"token": token}, key=None)
        self.call("logout", None, 303, key=None)

    def test_unknown_parameters_and_members_are_named(self):
        problem = self.c.call("PATCH", f"/api/clusters/{self.cluster(0)}", {"colour": "red"})
        self.assertEqual(problem.status, 422, problem)
        self.assertIn("colour", problem.body.decode())

    def test_lists_page_through_everything_once(self):
        whole = [i["id"] for i in soul.every(self.c, "/api/feedback")]
        pages, cursor = [], None
        while True:
            page = self.c.get("/api/feedback", limit=2, **({"cursor": cursor} if cursor else {})).json
            self.assertLessEqual(len(page["items"]), 2)
            pages += [i["id"] for i in page["items"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        self.assertEqual(pages, whole)
        first = self.c.get("/api/clusters", limit=1).json["next_cursor"]
        if first:
            self.assertIn(self.c.get("/api/feedback", cursor=first).status, (400, 422), "a cursor of another list")


if __name__ == "__main__":
    soul.main()
