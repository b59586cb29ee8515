"""Caps in money hold whatever agents do at the same time. The service is here, and answers when it is told to."""

import http.server
import json
import threading
import unittest

import soul
from fix_world import World

# Asks once for at most 600,000 tokens, which cost 0.6 dollars; then it has changed something.
ASK = """
import json, urllib.request, urllib.error
body = json.dumps({"model": "m", "max_tokens": 600000, "messages": [{"role": "user", "content": "x"}]}).encode()
r = urllib.request.Request("http://127.0.0.1:8079/v1/chat/completions", body, {"Content-Type": "application/json"})
try: print("answered", urllib.request.urlopen(r).status)
except urllib.error.HTTPError as e: print("refused", e.code)
open("app.txt", "w").write("two")
"""


# Asks twice on one connection; the second time nobody answers.
TWICE = """
import http.client, json
body = json.dumps({"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "x"}]})
c = http.client.HTTPConnection("127.0.0.1", 8079)
for i in range(2):
    c.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
    r = c.getresponse()
    print("status", r.status)
    r.read()
open("app.txt", "w").write("two")
"""


class Service(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.may_answer = threading.Semaphore(0), threading.Event()
        self.n, self.answers = 0, None  # how many of them it answers; None: all
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.release()
        self.server.n += 1
        if self.server.answers is not None and self.server.n > self.server.answers:
            self.close_connection = True
            return
        self.server.may_answer.wait(60)
        text = json.dumps({"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 1, "completion_tokens": 10}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class Money(unittest.TestCase):
    def test_a_call_is_sent_once_whatever_becomes_of_its_connection(self):
        service = Service()
        self.addCleanup(service.server_close)
        self.addCleanup(service.shutdown)
        service.may_answer.set()
        service.answers = 1
        w = World({"app.txt": "one\n"}, ("--agent-models", "openai:m=1/1", "--agent-openai-url", service.url), agent="custom",
                  command=["python3", "-c", TWICE], test_command="")
        self.addCleanup(w.close)
        fix = w.ended(w.start(w.own_issue("Something is wrong, and the model goes away")))
        self.assertEqual(fix["status"], "success", w.log(fix["id"]))
        self.assertIn("status 200\nstatus 502", w.log(fix["id"]))
        self.assertEqual((service.n, fix["cost"]["calls"]), (2, 2), "who is asked twice is paid twice")

    def test_fixes_at_the_same_time_share_the_days_cap(self):
        service = Service()
        self.addCleanup(service.server_close)
        self.addCleanup(service.shutdown)
        self.addCleanup(service.may_answer.set)
        w = World({"app.txt": "one\n"}, ("--fix-workers", "2", "--agent-models", "openai:m=1/1", "--agent-openai-url", service.url),
                  agent="custom", command=["python3", "-c", ASK], test_command="", concurrency=2, max_day_usd=1)
        self.addCleanup(w.close)
        first = w.start(w.own_issue("The first of two things that are wrong"))
        self.assertTrue(service.asked.acquire(timeout=60))  # 0.6 of 1 is set aside
        second = w.ended(w.start(w.own_issue("The second of two things that are wrong")))
        self.assertEqual((second["status"], second["reason"]), ("failed", "budget"), w.log(second["id"]))
        self.assertIn("refused 402", w.log(second["id"]))
        service.may_answer.set()
        first = w.ended(first)
        self.assertEqual(first["status"], "success", w.log(first["id"]))
        self.assertFalse(service.asked.acquire(blocking=False), "it was asked once")
        # what was set aside is free again, what was spent is not
        third = w.ended(w.start(w.own_issue("A third thing that is wrong")))
        self.assertEqual(third["status"], "success", w.log(third["id"]))
        w.configure(max_day_usd=0.6)
        fourth = w.ended(w.start(w.own_issue("A fourth thing that is wrong")))
        self.assertEqual(fourth["reason"], "budget", w.log(fourth["id"]))


if __name__ == "__main__":
    soul.main()
