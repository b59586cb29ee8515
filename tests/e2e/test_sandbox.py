"""soulcaster sandbox: plan, run, and forward, which is the way to the model from inside."""

import glob
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
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


# Outside: a client of the forwarder that sends much, or nothing, and reads late.
CLIENT = """
import os, socket, sys, time
port, send, marker = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
s = socket.create_connection(("127.0.0.1", port))
s.sendall(b"go")
for i in range(send): s.sendall(bytes(65536))
while marker and not os.path.exists(marker): time.sleep(0.01)
n = 0
while piece := s.recv(65536): n += len(piece)
print(n)
"""


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

    def test_a_crash_inside_starts_nothing_outside(self):
        done = self.sandbox("run", "--", "sh", "-c", "ulimit -c unlimited; ulimit -c 0; grep 'core file' /proc/self/limits")
        self.assertEqual((done.returncode, done.stdout.split()), (0, "Max core file size 1 1 bytes".split()), done.stderr)

    def test_our_own_program_runs_inside_and_forwards(self):
        done = self.sandbox("run", "--", "python3", "-c", INSIDE)
        self.assertEqual((done.returncode, done.stdout), (9, "40\n"), done.stderr)

    def test_forward_ends_as_its_program_does(self):
        missing = os.path.join(self.dir, "none.sock")
        words = ("forward", "--port", str(soul.free_port()), "--socket", missing, "--")
        self.assertEqual(self.sandbox(*words, "sh", "-c", "exit 3").returncode, 3)
        self.assertEqual(self.sandbox(*words, "sh", "-c", "kill -TERM $$").returncode, 128 + signal.SIGTERM)
        self.assertEqual(self.sandbox(*words, "/no/such/program").returncode, 127)
        self.assertEqual(self.sandbox("forward", "--", "true").returncode, 2)
        done = self.sandbox(*words, "sh", "-c", "kill -TERM $PPID; exec sleep 100")  # it passes signals on
        self.assertEqual(done.returncode, 128 + signal.SIGTERM)

    def far_side(self, answer):
        """A unix socket; what its one caller gets is up to `answer`."""
        path = os.path.join(self.dir, "far.sock")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(1)
        self.addCleanup(listener.close)

        def serve():
            caller, _ = listener.accept()
            with caller:
                caller.recv(2)
                answer(caller)
        thread = threading.Thread(target=serve)
        thread.start()
        self.addCleanup(thread.join)
        return path

    def client(self, path, send, marker=""):
        port = str(soul.free_port())
        done = self.sandbox("forward", "--port", port, "--socket", path, "--", "python3", "-c", CLIENT, port, str(send), marker)
        self.assertEqual(done.returncode, 0, done.stderr)
        return int(done.stdout)

    def test_forward_brings_all_that_was_said_before_a_close(self):
        sent, closed = [0], os.path.join(self.dir, "closed")

        def fill(caller):
            """Until every buffer on the way is full; then it is gone, and only then the client reads."""
            while select.select([], [caller], [], 0.2)[1]:
                sent[0] += caller.send(bytes(65536), socket.MSG_DONTWAIT)
            caller.close()
            with open(closed, "w", encoding="utf-8"):
                pass
        self.assertEqual(self.client(self.far_side(fill), 0, closed), sent[0])
        self.assertGreater(sent[0], 1 << 20)

    def test_forward_brings_an_answer_that_comes_before_the_whole_question(self):
        self.assertEqual(self.client(self.far_side(lambda caller: caller.sendall(bytes(1000))), 200), 1000)

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
