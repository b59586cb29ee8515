"""A redis-server of a bench's own, on a socket in its folder, that is on disk before it answers; and a listener that notes what is asked."""
import os
import signal
import socket
import subprocess
import threading
import time


class Redis:
    def __init__(self, program, folder):
        self.socket = str(folder / "s")
        self.url = "unix://" + self.socket
        self.process = subprocess.Popen([program, "--port", "0", "--unixsocket", self.socket, "--dir", str(folder), "--save", "",
                                         "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"],
                                        stdout=subprocess.DEVNULL)
        while not os.path.exists(self.socket):
            if self.process.poll() is not None:
                raise RuntimeError("redis-server does not start")
            time.sleep(0.01)

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            return sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:13]) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Commands:
    """Takes whole commands out of one direction of a connection (https://redis.io/docs/latest/develop/reference/protocol-spec/)."""

    def __init__(self):
        self.rest = bytearray()

    def line(self, at):
        end = self.rest.find(b"\r\n", at)
        return (None, at) if end < 0 else (int(self.rest[at + 1:end]), end + 2)

    def one(self):
        words, at = self.line(0)
        for _ in range(words or 0):
            size, at = self.line(at)
            if size is None:
                return None
            at += size + 2
            if at > len(self.rest):
                return None
        return None if words is None else at

    def take(self, data):
        self.rest += data
        found = []
        while (end := self.one()) is not None:
            found.append(bytes(self.rest[:end]))
            del self.rest[:end]
        return found


class Listener:
    """Stands before a server and keeps every command, in the order in which they came."""

    def __init__(self, redis, path):
        self.redis, self.commands, self.lock = redis, [], threading.Lock()
        self.url = "unix://" + str(path)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.socket.accept()[0]
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.redis.socket)
            threading.Thread(target=self.carry, args=(client, server, Commands()), daemon=True).start()
            threading.Thread(target=self.carry, args=(server, client, None), daemon=True).start()

    def carry(self, a, b, commands):
        try:
            while data := a.recv(1 << 18):
                if commands:
                    with self.lock:
                        self.commands += commands.take(data)
                b.sendall(data)
        except OSError:
            pass  # one side is gone: so is the other
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.socket.close()
