"""soulcaster sandbox: plan, run, and forward, which is the way to the model from inside."""

import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import soul

# Inside: an HTTP server on a unix socket in /tmp, and then the forwarder with a client.
INSIDE = """
import os, socketserver, subprocess, sys, threading
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        data = self.rfile.read()
        self.wfile.write(data[::-1])
class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64
server = Server("/tmp/model.sock", Echo)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = '''
import socket, threading, sys
def one(i):
    s = socket.create_connection(("127.0.0.1", 8099))
    body = bytes([i]) * 300000 + b"end"
    threading.Thread(target=lambda: (s.sendall(body), s.shutdown(socket.SHUT_WR))).start()
    got = b""
    while True:
        piece = s.recv(65536)
        if not piece: break
        got += piece
    good.append(got == body[::-1])
good = []
threads = [threading.Thread(target=one, args=(i,)) for i in range(40)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sum(good)); sys.exit(9)
'''
sys.exit(subprocess.call(["/run/soulcaster/bin/soulcaster", "sandbox", "forward", "--port", "8099", "--socket", "/tmp/model.sock",
                          "--", "python3", "-c", client]))
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def remove_group(path):
    try:
        os.rmdir(path)
    except OSError:
        return False
    return True


class Sandbox(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="soul-sandbox-")
        self.addCleanup(shutil.rmtree, self.dir)

    def sandbox(self, *words):
        return soul.run("sandbox", *words, cwd=self.dir)

    def test_the_plan_is_printed_and_nothing_is_started(self):
        text = self.sandbox("plan", "--work", self.dir, "--", "touch", "made").stdout
        self.assertIn("/workspace (can be written)", text)
        self.assertIn("run             touch\n", text)
        steps = json.loads(self.sandbox("plan", "--json", "--work", self.dir, "--", "touch", "made").stdout)["steps"]
        self.assertEqual([s["from"] for s in steps if s["step"] == "work tree"], [self.dir])
        self.assertEqual(os.listdir(self.dir), [])

    def test_a_plan_that_would_lay_something_open_is_refused(self):
        for bind in ("/etc:/opt/x", "/:/opt/x", "/proc:/opt/x", "/opt:/usr", "/opt:/opt/../etc"):
            done = self.sandbox("plan", "--work", self.dir, "--bind", bind, "--", "true")
            self.assertEqual(done.returncode, 2, bind)
        self.assertEqual(self.sandbox("plan", "--work", "/", "--", "true").returncode, 2)
        self.assertEqual(self.sandbox("plan", "--work", "/etc", "--", "true").returncode, 2)

    def test_a_command_runs_and_its_status_comes_through(self):
        done = self.sandbox("run", "--env", "WHO=world", "--", "sh", "-c", "echo hello $WHO; pwd; echo x > made; exit 5")
        self.assertEqual((done.returncode, done.stdout), (5, "hello world\n/workspace\n"))
        self.assertEqual(os.listdir(self.dir), ["made"])
        self.assertEqual(self.sandbox("run", "--", "sh", "-c", "kill -9 $$").returncode, 137)
        done = self.sandbox("run", "--wall-ms", "200", "--", "sleep", "100")
        self.assertIn("ended: timeout", done.stderr)
        self.assertEqual(self.sandbox("run", "--", "/no/such/program").returncode, 1)

    def test_our_own_program_runs_inside_and_forwards(self):
        done = self.sandbox("run", "--", "python3", "-c", INSIDE)
        self.assertEqual((done.returncode, done.stdout), (9, "40\n"), done.stderr)

    def test_forward_ends_as_its_program_does(self):
        missing = os.path.join(self.dir, "none.sock")
        words = ("forward", "--port", str(free_port()), "--socket", missing, "--")
        self.assertEqual(self.sandbox(*words, "sh", "-c", "exit 3").returncode, 3)
        self.assertEqual(self.sandbox(*words, "sh", "-c", "kill -TERM $$").returncode, 128 + signal.SIGTERM)
        self.assertEqual(self.sandbox(*words, "/no/such/program").returncode, 127)
        self.assertEqual(self.sandbox("forward", "--", "true").returncode, 2)
        done = self.sandbox(*words, "sh", "-c", "kill -TERM $PPID; exec sleep 100")  # it passes signals on
        self.assertEqual(done.returncode, 128 + signal.SIGTERM)

    def test_a_killed_command_line_leaves_nothing(self):
        mark = f"77{os.getpid()}.25"
        process = subprocess.Popen([soul.BIN, "sandbox", "run", "--", "sh", "-c", f"echo on; trap '' TERM; sleep {mark}; sleep {mark}"],
                                   cwd=self.dir, stdout=subprocess.PIPE, env=soul.clean_env())
        self.assertEqual(process.stdout.readline(), b"on\n")
        process.kill()
        process.wait(10)
        process.stdout.read()  # its end: the last process of the sandbox held the pipe's other end
        process.stdout.close()
        shutil.rmtree(f"/tmp/soulcaster-sandbox-{process.pid}")
        # What a server's next sweep would do; a command line has none. An empty group can be removed, one in use can not.
        for group in glob.glob(f"/sys/fs/cgroup/**/soulcaster-by-hand-{process.pid}-*", recursive=True):
            soul.wait_for("the group to be empty", lambda group=group: remove_group(group))

    def test_doctor_says_what_the_machine_allows(self):
        done = soul.run("doctor", "--json", "--data", os.path.join(self.dir, "data"))
        rows = {row["check"]: row for row in json.loads(done.stdout)["checks"]}
        for name in ("sandbox", "namespaces", "system calls", "control groups"):
            self.assertIn(name, rows)


if __name__ == "__main__":
    soul.main()
