"""Export to an OpenTelemetry collector: what is sent is the JSON mapping of opentelemetry-proto, a collector that is slow, away or
angry holds nobody up, and what is lost is counted. With SOULCASTER_OTLP_PROTO, a folder that has the Python packages
opentelemetry-proto and protobuf, each body is read by those as well."""

import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import unittest

import soul

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

# The messages as far as we use them: a member's kind. Anything else is refused, as a strict reader does.
HEX32, HEX16, I64, INT, STR, NUM, BOOL = "hex32", "hex16", "i64", "int", "str", "num", "bool"
ANY = {"stringValue": STR, "intValue": I64}
ATTRS = [{"key": STR, "value": ANY}]
RESOURCE, SCOPE = {"attributes": ATTRS}, {"name": STR, "version": STR}
SPAN = {"traceId": HEX32, "spanId": HEX16, "parentSpanId": HEX16, "flags": INT, "name": STR, "kind": INT, "startTimeUnixNano": I64,
        "endTimeUnixNano": I64, "attributes": ATTRS, "status": {"code": INT}}
LOG = {"timeUnixNano": I64, "observedTimeUnixNano": I64, "severityNumber": INT, "severityText": STR, "body": ANY, "attributes": ATTRS,
       "traceId": HEX32, "spanId": HEX16}
POINT = {"attributes": ATTRS, "startTimeUnixNano": I64, "timeUnixNano": I64, "asDouble": NUM}
BUCKETS = {"attributes": ATTRS, "startTimeUnixNano": I64, "timeUnixNano": I64, "count": I64, "sum": NUM, "bucketCounts": [I64],
           "explicitBounds": [NUM]}
METRIC = {"name": STR, "description": STR, "sum": {"aggregationTemporality": INT, "isMonotonic": BOOL, "dataPoints": [POINT]},
          "gauge": {"dataPoints": [POINT]}, "histogram": {"aggregationTemporality": INT, "dataPoints": [BUCKETS]}}


def request(name, items, item):
    return {f"resource{name}": [{"resource": RESOURCE, f"scope{name}": [{"scope": SCOPE, items: [item]}]}]}


SHAPES = {"/v1/traces": request("Spans", "spans", SPAN), "/v1/logs": request("Logs", "logRecords", LOG),
          "/v1/metrics": request("Metrics", "metrics", METRIC)}


def check(v, shape, where="body"):
    if isinstance(shape, dict):
        assert isinstance(v, dict), where
        for key, x in v.items():
            assert key in shape, f"{where}.{key} is not of the message"
            check(x, shape[key], f"{where}.{key}")
    elif isinstance(shape, list):
        assert isinstance(v, list), where
        for i, x in enumerate(v):
            check(x, shape[0], f"{where}[{i}]")
    else:
        fits = {HEX32: lambda: re.fullmatch("[0-9a-f]{32}", v), HEX16: lambda: re.fullmatch("[0-9a-f]{16}", v),
                I64: lambda: re.fullmatch("-?[0-9]+", v), INT: lambda: type(v) is int, STR: lambda: type(v) is str,
                NUM: lambda: type(v) in (int, float), BOOL: lambda: type(v) is bool}
        assert fits[shape](), f"{where}: {v!r} is no {shape}"


def by_protobuf(path, body):
    """Read by the published messages. Ids are hex in OTLP's JSON and base64 in protobuf's own, so they are left out."""
    folder = os.environ.get("SOULCASTER_OTLP_PROTO")
    if not folder:
        return
    if folder not in sys.path:
        sys.path.insert(0, folder)
    from google.protobuf import json_format
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
    message = {"/v1/traces": trace_service_pb2.ExportTraceServiceRequest, "/v1/logs": logs_service_pb2.ExportLogsServiceRequest,
               "/v1/metrics": metrics_service_pb2.ExportMetricsServiceRequest}[path]()
    json_format.Parse(re.sub(rb'"(traceId|spanId|parentSpanId)":"[0-9a-f]*",?', b"", body).replace(b",}", b"}"), message)


class Collector:
    def __init__(self):
        self.bodies, self.headers, self.wrong, self.mode = [], [], [], "well"
        self.asked, self.free = threading.Event(), threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.mode == "hung":
                    outer.asked.set()
                    outer.free.wait()
                status = {"busy": 503, "angry": 400}.get(outer.mode, 200)
                if status == 200:
                    outer.take(self.path, self.headers, body)
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"{}")
                except OSError:
                    pass  # it did not wait

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def take(self, path, headers, body):
        try:
            v = json.loads(body)
            check(v, SHAPES[path])
            by_protobuf(path, body)
            self.bodies.append((path, v))
            self.headers.append(headers)
        except Exception as e:  # told by the test, in its own thread
            self.wrong.append(f"{path}: {e}")

    def items(self, name, items):
        return [x for path, v in list(self.bodies) for r in v.get(f"resource{name}", ()) for s in r[f"scope{name}"] for x in s[items]]

    def spans(self, **attrs):
        return [s for s in self.items("Spans", "spans") if all(attr(s, k.replace("__", ".")) == v for k, v in attrs.items())]

    def close(self):
        self.free.set()
        self.server.shutdown()
        self.server.server_close()


def attr(x, key):
    for a in x["attributes"]:
        if a["key"] == key:
            return next(iter(a["value"].values()))
    return None


class Export(unittest.TestCase):
    def setUp(self):
        self.collector = Collector()
        self.addCleanup(self.collector.close)

    def serve(self, *options, **env):
        env = {"OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.url + "/", "OTEL_BSP_SCHEDULE_DELAY": "20", "no_proxy": "*",
               "OTEL_METRIC_EXPORT_INTERVAL": "200", **env}
        return soul.Server(*options, env=env)

    def fine(self):
        self.assertEqual(self.collector.wrong, [])

    def test_a_report_is_one_trace_from_its_post_to_its_issue(self):
        with self.serve(OTEL_SERVICE_NAME="feedback", OTEL_RESOURCE_ATTRIBUTES="deployment.environment=test%20one",
                        OTEL_EXPORTER_OTLP_HEADERS="X-Token=a%20b, X-Other = c") as server:
            client = server.client()
            parent = f"00-{TRACE}-00f067aa0ba902b7-01"
            report = client.post("/api/ingest/manual", {"text": "the map is upside down"}, headers={"traceparent": parent}).json["id"]
            client.call("GET", "/api/stats", headers={"traceparent": parent.replace("-01", "-00").replace("4bf9", "5bf9")})
            soul.grouped(client)
            soul.wait_for("the spans", lambda: self.collector.spans(soulcaster__feedback__id=report))
            soul.wait_for("the log", lambda: any(log.get("traceId") == TRACE for log in self.collector.items("Logs", "logRecords")))
            soul.wait_for("metrics", lambda: self.collector.items("Metrics", "metrics"))
        self.fine()
        post = next(s for s in self.collector.items("Spans", "spans") if s["name"] == "ingestManual")
        self.assertEqual((post["traceId"], post["parentSpanId"], post["kind"]), (TRACE, "00f067aa0ba902b7", 2))
        self.assertEqual((attr(post, "http.route"), attr(post, "http.response.status_code")), ("/api/ingest/manual", "200"))
        grouped = self.collector.spans(soulcaster__feedback__id=report)[0]
        self.assertEqual((grouped["traceId"], grouped["name"]), (TRACE, "group report"))
        job = self.collector.spans(soulcaster__job__id=attr(grouped, "soulcaster.job.id"), soulcaster__job__kind="group")
        self.assertTrue(job)
        # Whoever asked said that it is not to be recorded.
        self.assertFalse([s for s in self.collector.items("Spans", "spans") if s["traceId"].startswith("5bf9")])
        path, body = self.collector.bodies[0]
        resource = next(iter(next(iter(body.values()))))["resource"]
        self.assertEqual([attr(resource, k) for k in ("service.name", "deployment.environment")], ["feedback", "test one"])
        self.assertEqual((self.collector.headers[0]["X-Token"], self.collector.headers[0]["X-Other"]), ("a b", "c"))
        names = {m["name"]: m for m in self.collector.items("Metrics", "metrics")}
        self.assertIn("sum", names["soulcaster_http_requests_total"])
        self.assertIn("histogram", names["soulcaster_http_request_duration_seconds"])
        self.assertIn("gauge", names["soulcaster_jobs_oldest_pending_seconds"])

    def test_a_worker_of_its_own_exports_too(self):
        with self.serve("--no-worker") as server:
            report = server.client().post("/api/ingest/manual", {"text": "the map is upside down"}).json["id"]
            worker = subprocess.Popen([soul.BIN, "worker", "--data", server.data], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      env=soul.clean_env(**dict(server.env, OTEL_SERVICE_NAME="worker")))
            try:
                soul.wait_for("the span", lambda: self.collector.spans(soulcaster__feedback__id=report))
                soul.wait_for("its metrics", lambda: any(
                    attr(r["resource"], "service.name") == "worker" for _, v in list(self.collector.bodies) for r in v.get("resourceMetrics", ())))
            finally:
                worker.terminate()
                self.assertEqual(worker.wait(soul.PATIENCE_S), 0)
        self.fine()

    def test_what_waits_is_sent_at_the_end(self):
        with self.serve(OTEL_BSP_SCHEDULE_DELAY="600000", OTEL_METRIC_EXPORT_INTERVAL="600000") as server:
            client = server.client()
            for _ in range(700):
                client.get("/health")
        self.fine()
        self.assertEqual(len([s for s in self.collector.items("Spans", "spans") if s["name"] == "getHealth"]), 700)
        self.assertTrue(self.collector.items("Metrics", "metrics"))

    def test_a_collector_that_is_away_holds_nobody_up_and_the_loss_is_counted(self):
        self.collector.mode = "angry"
        with self.serve() as server:
            client = server.client()
            for _ in range(100):
                self.assertEqual(client.get("/health").status, 200)

            def dropped():
                got = re.search(r'otlp_dropped_total\{signal="traces"\} (\d+)', client.get("/metrics").body.decode())
                return got and int(got[1]) >= 100
            soul.wait_for("the count", dropped)
            soul.wait_for("a word", lambda: "telemetry is not taken" in server.logged())
            self.assertEqual(server.logged().count("telemetry is not taken"), 1)
            self.collector.mode = "well"
            client.get("/api/stats")
            soul.wait_for("spans again", lambda: self.collector.spans(http__route="/api/stats"))
        self.fine()

    def test_what_was_refused_for_now_is_sent_again(self):
        self.collector.mode = "busy"
        with self.serve() as server:
            client = server.client()
            client.get("/api/stats")
            soul.wait_for("a failure", lambda: b"otlp_failures_total 0" not in client.get("/metrics").body)
            self.collector.mode = "well"
            soul.wait_for("the span", lambda: self.collector.spans(http__route="/api/stats"))
        self.fine()

    def test_a_collector_that_never_answers_does_not_hold_up_the_end(self):
        self.collector.mode = "hung"
        with self.serve(OTEL_EXPORTER_OTLP_TIMEOUT="3600000") as server:
            server.client().get("/health")
            self.assertTrue(self.collector.asked.wait(soul.PATIENCE_S))
            self.assertEqual(server.stop(signal.SIGTERM), 0)

    def test_more_than_the_queue_holds_is_dropped(self):
        self.collector.mode = "hung"
        with self.serve() as server:
            client = server.client()
            for _ in range(3000):
                client.get("/health")
            metrics = client.get("/metrics").body.decode()
            self.assertGreater(int(re.search(r'otlp_dropped_total\{signal="traces"\} (\d+)', metrics)[1]), 0)
            server.stop(signal.SIGTERM)
        self.fine()

    def test_settings_that_make_no_sense_are_told_and_others_are_obeyed(self):
        for name, value in (("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"), ("OTEL_EXPORTER_OTLP_HEADERS", "nonsense"),
                            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"), ("OTEL_RESOURCE_ATTRIBUTES", "x")):
            env = {"OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.url, name: value}
            with soul.Server() as other:  # a folder that is there
                done = soul.run("serve", "--data", other.data + "x", "--listen", "127.0.0.1:0", env=env)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(name, done.stderr)
        with self.serve(OTEL_SDK_DISABLED="true") as server:
            server.client().get("/health")
        self.assertEqual(self.collector.bodies, [])


if __name__ == "__main__":
    unittest.main()
