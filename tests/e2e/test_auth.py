"""Who may do what: the matrix of all operations in the contract, and the edges of keys and sessions."""

import json
import unittest

import soul

SOME_ID = "01932e5c-1f2a-7abc-8def-0123456789ab"
OTHER_ID = "01932e5c-1f2a-7abc-8def-ba9876543210"
SCOPES = "ingest", "read", "triage", "fix", "admin"
PARAMETERS = {"{source}": "sentry", "{id}": SOME_ID}


def operations(contract):
    """(id, method, path, scope, operation) of all operations, with made-up path parameters."""
    for path, item in contract["paths"].items():
        for method, op in item.items():
            if method in ("get", "post", "put", "patch", "delete"):
                real = path
                for name, value in PARAMETERS.items():
                    real = real.replace(name, value)
                yield op["operationId"], method.upper(), real, op["x-scope"], op


def example_of(op):
    content = op.get("requestBody", {}).get("content", {})
    for kind, media in content.items():
        for example in media.get("examples", {}).values():
            return kind, example["value"]
    return (next(iter(content)), {}) if content else (None, None)


class Auth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = soul.Server()
        cls.addClassCleanup(cls.server.close)
        cls.admin = cls.server.client()
        cls.contract = cls.admin.get("/api/openapi.json", key=None).json

    def key(self, *scopes, **more):
        got = self.admin.post("/api/keys", {"name": "+".join(scopes), "scopes": list(scopes), **more})
        self.assertEqual(got.status, 201, got)
        return got.json["key"]

    def send(self, key, method, path, op, **headers):
        kind, body = example_of(op)
        if body is not None:
            headers["Content-Type"] = kind
            body = json.dumps(body).encode()
        if "/search" in path:
            path += "?q=x"
        return self.server.client(key=key).call(method, path, body, headers)

    def test_no_key_is_401_everywhere_but_where_the_contract_says_none(self):
        for name, method, path, scope, op in operations(self.contract):
            if scope in ("none", "webhook"):
                continue
            for key in None, "sc_" + "0" * 48, "nonsense":
                got = self.send(key, method, path, op)
                self.assertEqual(got.status, 401, (name, got))
                self.assertEqual(got.type, "application/problem+json", name)
                self.assertTrue(got.headers["WWW-Authenticate"], name)

    def test_the_wrong_scope_is_403(self):
        keys = {scope: self.key(scope) for scope in SCOPES if scope != "admin"}
        for name, method, path, scope, op in operations(self.contract):
            if scope in ("none", "webhook"):
                continue
            for have, key in keys.items():
                if have == scope:
                    continue
                got = self.send(key, method, path, op)
                self.assertEqual(got.status, 403, (name, have, got))

    def test_the_right_scope_is_neither_401_nor_403(self):
        for name, method, path, scope, op in operations(self.contract):
            if scope in ("none", "webhook") or name == "streamEvents":
                continue
            for have in scope, "admin":
                got = self.send(self.key(have), method, path, op)
                if name == "createProject":  # needs a key that is bound to no project
                    self.assertEqual(got.status, 403, got)
                else:
                    self.assertNotIn(got.status, (401, 403), (name, got))

    def test_ids_of_another_project_are_404_without_a_hint(self):
        c = self.admin
        self.assertEqual(c.post("/api/projects", {"name": "theirs"}).status, 201)
        ids = soul.feed_topics(c, project_id="theirs")
        feedback = ids["pdf"][0]
        cluster = c.get(f"/api/feedback/{feedback}", project_id="theirs").json["cluster_id"]
        action = c.post(f"/api/feedback/{feedback}/move", {"cluster_id": None}, project_id="theirs").json["action_id"]
        job = c.get("/api/cluster-jobs", project_id="theirs").json["items"][0]["id"]
        mine = c.post("/api/projects", {"name": "mine"}).json["id"]
        mine_key = c.post("/api/keys", {"name": "mine", "scopes": ["admin"]}, project_id=mine).json["key"]
        m = self.server.client(key=mine_key)
        known = {"/api/feedback/": feedback, "/api/trace/": feedback, "/api/clusters/": cluster, "/api/actions/": action,
                 "/api/cluster-jobs/": job, "/api/dead-letters/": job, "/api/keys/": self.admin.get("/api/keys").json["items"][0]["id"]}
        for name, method, path, scope, op in operations(self.contract):
            start = next((p for p in known if path.startswith(p)), None)
            if not start or SOME_ID not in path:
                continue
            kind, body = example_of(op)
            headers = {"Content-Type": kind} if kind else {}
            answers = []
            for id_ in known[start], SOME_ID:
                got = m.call(method, path.replace(SOME_ID, id_), json.dumps(body).replace(SOME_ID, OTHER_ID).encode() if kind else None, headers)
                self.assertEqual(got.status, 404, (name, got))
                answers.append({k: v for k, v in got.json.items() if k != "request_id"})
            self.assertEqual(len({json.dumps(a, sort_keys=True).replace(known[start], SOME_ID) for a in answers}), min(len(answers), 1), answers)
        for path in "/api/feedback", "/api/clusters", "/api/stats", "/api/keys":
            self.assertEqual(m.get(path, project_id="theirs").status, 404, path)
        self.assertEqual(m.get("/api/feedback").json["items"], [])
        self.assertEqual([p["name"] for p in m.get("/api/projects").json["items"]], ["mine"])
        self.assertEqual(m.get("/api/search", q="export").json["items"], [])

    def test_foreign_ids_inside_a_body(self):
        c = self.admin
        c.post("/api/projects", {"name": "inner-a"})
        c.post("/api/projects", {"name": "inner-b"})
        a, b = soul.feed_topics(c, project_id="inner-a"), soul.feed_topics(c, project_id="inner-b")
        of = lambda i, p: c.get(f"/api/feedback/{i}", project_id=p).json["cluster_id"]
        ca, cb = of(a["pdf"][0], "inner-a"), of(b["pdf"][0], "inner-b")
        for path, body in ((f"/api/clusters/{ca}/merge", {"cluster_ids": [cb]}), (f"/api/clusters/{ca}/apart", {"cluster_id": cb}),
                           (f"/api/clusters/{ca}/split", {"feedback_ids": [b["pdf"][0]]}), (f"/api/feedback/{a['pdf'][0]}/move", {"cluster_id": cb})):
            got = c.post(path, body, project_id="inner-a")
            self.assertIn(got.status, (404, 422), (path, got))
        self.assertEqual(of(b["pdf"][0], "inner-b"), cb)

    def test_a_revoked_key_ends(self):
        made = self.admin.post("/api/keys", {"name": "short", "scopes": ["read"]}).json
        c = self.server.client(key=made["key"])
        self.assertEqual(c.get("/api/stats").status, 200)
        self.assertEqual(self.admin.call("DELETE", f"/api/keys/{made['id']}").status, 204)
        soul.wait_for("the key's end", lambda: c.get("/api/stats").status == 401)

    def test_an_expired_key_is_no_key(self):
        made = self.admin.post("/api/keys", {"name": "old", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"})
        if made.status == 201:
            self.assertEqual(self.server.client(key=made.json["key"]).get("/api/stats").status, 401)
        else:
            self.assertEqual(made.status, 422, made)

    def test_secrets_are_shown_once(self):
        made = self.admin.post("/api/keys", {"name": "secretive", "scopes": ["read"]}).json
        listed = self.admin.get("/api/keys").body.decode()
        self.assertNotIn(made["key"], listed)
        self.assertIn(made["prefix"], listed)
        self.assertTrue(made["key"].startswith(made["prefix"]))
        self.assertNotIn(made["key"], self.server.logged())
        self.assertNotIn(soul.KEY, self.server.logged())

    def test_bearer_works_too(self):
        c = self.server.client(key=None)
        self.assertEqual(c.call("GET", "/api/stats", headers={"Authorization": f"Bearer {soul.KEY}"}).status, 200)
        self.assertEqual(c.call("GET", "/api/stats", headers={"Authorization": "Bearer x"}).status, 401)

    def test_a_session_changes_nothing_without_the_header(self):
        with soul.Server("--login-link") as s:
            url = json.loads(s.line)["login_url"]
            c = s.client(key=None)
            got = c.post("/login", {"token": url.split("token=")[1]})
            self.assertEqual(got.status, 200, got)
            cookie = {"Cookie": got.headers["Set-Cookie"].split(";")[0]}
            self.assertEqual(c.call("GET", "/api/stats", headers=cookie).status, 200)
            report = json.dumps(soul.report(1))
            refused = c.call("POST", "/api/ingest/manual", report, {**cookie, "Content-Type": "application/json"})
            self.assertEqual(refused.status, 403, refused)
            taken = c.call("POST", "/api/ingest/manual", report,
                           {**cookie, "Content-Type": "application/json", "X-Requested-With": "soulcaster"})
            self.assertEqual(taken.status, 200, taken)
            c.call("POST", "/logout", headers=cookie)
            self.assertEqual(c.call("GET", "/api/stats", headers=cookie).status, 401)


if __name__ == "__main__":
    soul.main()
