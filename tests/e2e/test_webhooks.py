"""Webhooks: signatures and secrets first, then content; filters; rotation of secrets; recurrences."""

import hashlib
import hmac
import json
import time
import unittest

import soul

SECRET = "3f6a2cb22c074f088c0f90f1ae1f0c75"

EVENT = {
    "event_id": "e4874d664c3540c1a32eab185f12c5ab", "issue_id": "1170820242", "title": "TypeError: Cannot read properties of undefined",
    "level": "error", "platform": "javascript", "project": 1, "environment": "production", "culprit": "app.checkout",
    "datetime": "2026-10-01T10:00:00.000000Z", "web_url": "https://sentry.example.com/issues/1170820242/",
    "exception": {"values": [{"type": "TypeError", "value": "Cannot read properties of undefined (reading 'total')", "stacktrace": {"frames": [
        {"function": "render", "filename": "node_modules/react-dom/index.js", "in_app": False},
        {"function": "checkout", "filename": "app/checkout.ts", "lineno": 63, "in_app": True}]}}]},
}


def sentry_alert(**more):
    return {"action": "triggered", "data": {"event": {**EVENT, **more}, "triggered_rule": "rule"},
            "installation": {"uuid": "a8e5d37a-696c-4c54-adb5-b3f28d64c7de"}, "actor": {"type": "application", "id": "sentry", "name": "Sentry"}}


def github_issue(number=7, action="opened"):
    return {"action": action, "issue": {"number": number, "id": 100 + number, "title": "Export fails", "body": "Saving fails.", "state": "open",
                                        "html_url": f"https://github.com/acme/app/issues/{number}", "user": {"login": "someone"},
                                        "created_at": "2026-10-01T10:00:00Z", "labels": []},
            "repository": {"full_name": "acme/app", "name": "app", "owner": {"login": "acme"}}, "sender": {"login": "someone"}}


class Webhooks(unittest.TestCase):
    def setUp(self):
        self.server = soul.Server()
        self.addCleanup(self.server.close)
        self.c = self.server.client()
        self.hook = self.server.client(key=None)

    def sentry(self, payload, secret=SECRET, resource="event_alert", raw=None):
        body = raw if raw is not None else json.dumps(payload).encode()
        headers = {"Content-Type": "application/json", "Sentry-Hook-Resource": resource}
        if secret is not None:
            headers["Sentry-Hook-Signature"] = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return self.hook.call("POST", "/api/ingest/sentry", body, headers)

    def github(self, payload, secret=SECRET, event="issues", signature=None):
        body = json.dumps(payload).encode()
        headers = {"Content-Type": "application/json", "X-GitHub-Event": event, "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"}
        if secret is not None:
            headers["X-Hub-Signature-256"] = signature or "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return self.hook.call("POST", "/api/ingest/github/webhook", body, headers)

    def config(self, source, settings):
        got = self.c.call("PUT", f"/api/config/{source}", settings)
        self.assertEqual(got.status, 200, got)
        return got.json

    def test_without_a_configured_secret_every_call_is_refused(self):
        for got in self.sentry(sentry_alert()), self.github(github_issue()):
            self.assertEqual(got.status, 403, got)
            self.assertIn("secret", got.json["detail"])
        self.assertEqual(self.c.get("/api/stats").json["total_feedback"], 0)

    def test_a_wrong_or_missing_signature_is_refused(self):
        self.config("sentry", {"secret": SECRET})
        self.config("github", {"secret": SECRET})
        for got in (self.sentry(sentry_alert(), "another-secret"), self.sentry(sentry_alert(), None), self.github(github_issue(), "another-secret"),
                    self.github(github_issue(), None), self.github(github_issue(), signature="sha256=zz"), self.github(github_issue(), signature="sha1=00")):
            self.assertEqual(got.status, 401, got)
        self.assertEqual(self.c.get("/api/stats").json["total_feedback"], 0)

    def test_sentry_event(self):
        self.config("sentry", {"secret": SECRET})
        got = self.sentry(sentry_alert())
        self.assertEqual((got.status, got.json["status"]), (200, "ok"), got)
        item = self.c.get(f"/api/feedback/{got.json['id']}").json
        self.assertEqual(item["source"], "sentry")
        self.assertIn("TypeError", item["title"])
        self.assertIn("checkout", item["stack"])
        self.assertNotIn("react-dom", item["stack"])
        self.assertEqual(self.sentry(sentry_alert()).json["status"], "duplicate")

    def test_the_signature_covers_the_raw_bytes(self):
        self.config("sentry", {"secret": SECRET})
        spaced = json.dumps(sentry_alert(), indent=3).encode() + b"\n"
        self.assertEqual(self.sentry(None, raw=spaced).status, 200)

    def test_filters_say_why(self):
        self.config("sentry", {"secret": SECRET, "environments": ["staging"]})
        got = self.sentry(sentry_alert())
        self.assertEqual((got.status, got.json["status"]), (200, "filtered"), got)
        self.assertTrue(got.json["reason"])
        self.assertIsNone(got.json["id"])

    def test_secrets_are_never_given_back_and_can_be_rotated(self):
        told = self.config("sentry", {"secrets": ["old-secret-0", SECRET]})
        self.assertNotIn("old-secret", json.dumps(told))
        self.assertTrue(told["secret_set"])
        self.assertNotIn("old-secret", self.c.get("/api/config/sentry").body.decode())
        self.assertEqual(self.sentry(sentry_alert(event_id="a" * 32, issue_id="1"), "old-secret-0").status, 200)
        self.assertEqual(self.sentry(sentry_alert(event_id="b" * 32, issue_id="2"), SECRET).status, 200)
        self.config("sentry", {"secret_set": True, "levels": ["error"]})
        self.assertEqual(self.sentry(sentry_alert(event_id="c" * 32, issue_id="3")).status, 200)
        self.assertEqual(self.c.call("PUT", "/api/config/sentry", {"secret": SECRET, "colour": "red"}).status, 422)

    def test_github_issue_and_ping(self):
        self.config("github", {"secret": SECRET})
        got = self.github(github_issue())
        self.assertEqual((got.status, got.json["status"]), (200, "ok"), got)
        item = self.c.get(f"/api/feedback/{got.json['id']}").json
        self.assertEqual((item["source"], item["repo"], item["github_issue_number"]), ("github", "acme/app", 7))
        self.assertEqual(item["github_issue_url"], "https://github.com/acme/app/issues/7")
        ping = self.github({"zen": "Keep it logically awesome.", "hook_id": 1}, event="ping")
        self.assertEqual(ping.status, 200, ping)

    def test_broken_content_behind_a_good_signature(self):
        self.config("sentry", {"secret": SECRET})
        for raw in b"", b"{", b"[]", b'{"data": 5}', b'{"action": "triggered"}':
            got = self.sentry(None, raw=raw)
            self.assertIn(got.status, (200, 400, 422), (raw, got))
            self.assertNotEqual(got.json.get("status"), "ok", (raw, got))


def datadog_alert(cycle="c1", number=1, host="web-1", transition="Triggered", **more):
    """What Datadog makes of the template in docs/sources.md."""
    return {"id": f"ev{number}", "title": f"[{transition} on {{host:{host}}}] CPU of {host} is at 9{number % 10}%", "event_type": "query_alert_monitor",
            "body": f"%%%\nThe load of {host} was > 9{number % 10}.5 for 5 minutes\n%%%", "alert_id": "4711", "alert_cycle_key": cycle,
            "alert_transition": transition, "alert_scope": f"host:{host}", "hostname": host, "tags": f"host:{host},env:prod",
            "link": "https://app.datadoghq.example/event/1", "date": str(int(time.time() * 1000)), **more}


def splunk_alert(row, sid="scheduler__admin__search__RMD5_at_1772360430_1"):
    return {"sid": sid, "search_name": "Payment errors", "app": "search", "owner": "admin", "results_link": "http://splunk.example:8000/x", "result": row}


class SharedSecrets(unittest.TestCase):
    """Vendors that do not sign: Datadog and PostHog in a header, Splunk in the address."""

    def setUp(self):
        self.server = soul.Server()
        self.addCleanup(self.server.close)
        self.c = self.server.client()
        self.hook = self.server.client(key=None)
        for source in "datadog", "posthog", "splunk":
            self.assertEqual(self.c.call("PUT", f"/api/config/{source}", {"secret": SECRET}).status, 200)

    def send(self, source, payload, secret=SECRET, token=None):
        headers = {"Content-Type": "application/json", **({"X-Soulcaster-Secret": secret} if secret else {})}
        query = {"token": token} if token is not None else {}
        return self.hook.call("POST", f"/api/ingest/{source}/webhook", json.dumps(payload).encode(), headers, **query)

    def test_a_secret_is_told_nowhere(self):
        wrong = "3f6a2cb22c074f088c0f90f1ae1f0c76"
        for got in (self.send("datadog", datadog_alert(), None), self.send("datadog", datadog_alert(), wrong), self.send("splunk", splunk_alert({})),
                    self.send("splunk", splunk_alert({}), None, wrong), self.send("splunk", splunk_alert({}), None, wrong * 40)):
            self.assertIn(got.status, (401, 400, 422), got)
            self.assertNotIn(wrong, got.body.decode())
        self.assertEqual(self.send("splunk", splunk_alert({}), None, SECRET).json["status"], "ok")
        self.assertEqual(self.hook.call("POST", f"/api/ingest/splunk/webhok?token={SECRET}", b"{}").status, 404)
        self.assertEqual(self.send("splunk", {"sid": 1.5}, None, SECRET).status, 422)
        told = json.dumps(self.c.get("/api/sources").json) + self.c.get("/metrics").body.decode()
        self.server.stop()
        for text in told, self.server.logged():
            self.assertNotIn(SECRET, text)
            self.assertNotIn(wrong, text)
        self.assertIn("/api/ingest/splunk/webhook", self.server.logged())

    def test_two_hosts_of_one_monitor_are_one_issue(self):
        sent = [self.send("datadog", datadog_alert(f"c{n}", n, host)) for n, host in enumerate(("web-1", "web-27", "ip-10-0-3-17", "i-0af31bc2d9e84f10a"))]
        sent.append(self.send("datadog", datadog_alert("other", 9, "web-1", title="[Triggered on {host:web-1}] Disk is full", body="No space left on device")))
        sent += [self.send("splunk", splunk_alert({"host": host, "error": "card declined by the gateway"}), None, SECRET) for host in ("pay-1", "pay-2")]
        for got in sent:
            self.assertEqual((got.status, got.json["status"]), (200, "ok"), got)
        soul.grouped(self.c)
        homes = [self.c.get(f"/api/feedback/{got.json['id']}").json["cluster_id"] for got in sent]
        self.assertEqual(len(set(homes[:4])), 1, homes)
        self.assertNotIn(homes[4], homes[:4])
        self.assertEqual(homes[5], homes[6])

    def test_a_cycle_is_one_report_and_after_its_resolution_a_recurrence(self):
        first = self.send("datadog", datadog_alert()).json
        self.assertEqual(self.send("datadog", datadog_alert(number=2, transition="Re-Triggered")).json["status"], "duplicate")
        recovered = self.send("datadog", datadog_alert(number=3, transition="Recovered")).json
        self.assertEqual((recovered["status"], recovered["id"]), ("filtered", None))
        soul.grouped(self.c)
        issue = self.c.get(f"/api/feedback/{first['id']}").json["cluster_id"]
        self.assertEqual(self.c.call("PATCH", f"/api/clusters/{issue}", {"status": "resolved"}).status, 200)
        old = datadog_alert(number=4, date="1772360430000")  # from before the resolution
        self.assertEqual(self.send("datadog", old).json["status"], "duplicate")
        again = self.send("datadog", datadog_alert(number=5, date=str(int(time.time() * 1000) + 5000)))
        self.assertEqual(again.json["status"], "ok", again)
        self.assertEqual(self.send("datadog", datadog_alert(number=5, date=str(int(time.time() * 1000) + 5000))).json["status"], "duplicate")
        soul.grouped(self.c)
        self.assertEqual(self.c.get(f"/api/clusters/{issue}").json["status"], "regressed")
        self.assertEqual(self.c.call("PATCH", f"/api/clusters/{issue}", {"status": "resolved"}).status, 200)
        lines = [{"source": "datadog", "payload": datadog_alert(number=6, date=str(int(time.time() * 1000) + at))} for at in (-3_600_000, 9000, 9000)]
        got = self.c.call("POST", "/api/ingest/batch", soul.ndjson(lines), {"Content-Type": "application/x-ndjson"})
        self.assertEqual([line["status"] for line in got.lines[:3]], ["duplicate", "ok", "duplicate"], got)

    def test_posthog_knows_an_issue_and_takes_answers(self):
        frames = [{"resolved_name": "pay", "source": "shop/cart.ts", "in_app": True}]
        props = {"$exception_issue_id": "i1", "$exception_list": [{"type": "TypeError", "value": "total is undefined", "stacktrace": {"frames": frames}}]}
        def event(name, uuid, properties, who="someone"):
            return {"event": {"event": name, "uuid": uuid, "distinct_id": who, "timestamp": "2026-10-01T10:00:00Z", "properties": properties},
                    "person": {"id": "p", "properties": {"email": "mona@shop.example"}}}
        got = self.send("posthog", event("$exception", "u1", props))
        self.assertEqual(got.json["status"], "ok", got)
        item = self.c.get(f"/api/feedback/{got.json['id']}")
        self.assertEqual((item.json["title"], item.json["stack"]), ("TypeError: total is undefined", "pay (shop/cart.ts)"))
        self.assertNotIn("mona", item.body.decode())
        created = event("$error_tracking_issue_created", "u2", {"name": "TypeError", "description": "total is undefined"}, "i1")
        self.assertEqual(self.send("posthog", created).json["status"], "duplicate")
        self.assertEqual(self.send("posthog", event("survey sent", "u3", {"$survey_response": "Paying takes ages"})).json["status"], "ok")
        self.assertEqual(self.send("posthog", event("$pageview", "u4", {})).json["status"], "filtered")


if __name__ == "__main__":
    soul.main()
