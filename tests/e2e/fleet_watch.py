"""What Redis itself sees of jobs: its MONITOR, read while the fleet runs.

Of every job the fence of its last claim and until when the lease goes are known from what the scripts write. Whatever a script was
asked for under an older fence, or of a job that nobody holds, must have written nothing; a fence only grows; a claim of a job that
another one holds comes after the lease's end. A server that was killed may have told less than it wrote: what is known from before its
death only has to be no newer than what follows.
"""

import collections
import hashlib
import os
import re
import socket
import threading

SCRIPTS = os.path.join(os.path.dirname(__file__), "../../src/stores/redis/scripts")
# Which of a script's arguments are the job and the fence.
FENCED = {"group": (1, 2), "job_end": (0, 1), "job_heartbeat": (0, 1), "side_put": (0, 1), "chart_put": (0, 1), "fix_save": (0, 1),
          "pair_put": (0, 1)}
WRITES = {b"HSET", b"HDEL", b"HINCRBY", b"ZADD", b"ZREM", b"ZREMRANGEBYSCORE", b"SADD", b"SET", b"DEL", b"RPUSH", b"XADD"}
RUNNING = 1
STEP = b"local function step()\n"  # what stands in front of a script that is told of in the same step
HEAD = 4000  # characters of an argument that are looked at: what is of interest stands in front
ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}


def scripts():
    """{name: its own text}. Every one that looks at a fence must stand in FENCED."""
    found = {}
    for file in sorted(os.listdir(SCRIPTS)):
        with open(os.path.join(SCRIPTS, file), "rb") as f:
            found[file[:-4]] = f.read().strip()
    asking = {name for name, text in found.items() if b"FENCED)" in text}
    assert asking == set(FENCED), asking ^ set(FENCED)
    return found


def plain(quoted):
    """A string as MONITOR quotes it -> its bytes."""
    return re.sub(rb"\\(x..|.)", lambda m: bytes([int(m[1][1:], 16)]) if m[1][:1] == b"x" and len(m[1]) == 3
                  else ESCAPES.get(m[1], m[1]), quoted, flags=re.DOTALL)


WORD = re.compile(rb'([^"\\]*(?:\\.[^"\\]*)*)" "', re.DOTALL)


def cut(words, n=1):
    """The first n words of a line of MONITOR and what follows them, all still quoted: one may end with a quote and a space."""
    out = []
    for _ in range(n):
        word = WORD.match(words)
        if not word:
            break
        out.append(word[1])
        words = words[word.end():]
    return out + [words] + [b""] * (n - len(out))


class Pack:
    """The beginning of a MessagePack array: its members up to where it was cut off."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        got = self.data[self.at:self.at + n]
        if len(got) < n:
            raise EOFError
        self.at += n
        return got

    def number(self, n, signed=False):
        return int.from_bytes(self.take(n), "big", signed=signed)

    def count(self):
        first = self.number(1)
        if 0x90 <= first <= 0x9F:
            return first & 15
        if first in (0xDC, 0xDD):
            return self.number(2 if first == 0xDC else 4)
        raise ValueError(f"no array: {first:#x}")

    def scalar(self):
        first = self.number(1)
        if first < 0x80:
            return first
        if first >= 0xE0:
            return first - 256
        if 0xA0 <= first <= 0xBF:
            return self.take(first & 31)
        if first in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[first]
        for base, signed in ((0xCC, False), (0xD0, True)):
            if base <= first < base + 4:
                return self.number(1 << (first - base), signed)
        for base in (0xC4, 0xD9):
            if base <= first < base + 3:
                return self.take(self.number(1 << (first - base)))
        raise ValueError(f"no scalar: {first:#x}")

    def scalars(self, most):
        """The first members, at most `most`, that are no arrays."""
        out = []
        for _ in range(min(most, self.count())):
            out.append(self.scalar())
        return out


class Job:
    def __init__(self, row):
        self.kind, self.state, self.fence, self.owner, self.until = row[2].decode(), row[5], row[8], row[9].decode(), row[10]

    def __repr__(self):
        return f"{self.kind} of {self.owner or 'nobody'}, state {self.state}, fence {self.fence}"


class Watch:
    def __init__(self):
        self.lock = threading.Condition()
        self.jobs, self.faults, self.counts = {}, [], collections.Counter()
        self.texts, self.names = scripts(), {}
        self.script = self.claimed_at = self.held = None
        self.wrote = False
        self.refused = set()  # (job, fence): asked for in vain
        self.echoes, self.life, self.thread = set(), 0, None

    def attach(self, path):
        """Follows the server of this socket until it ends; returns when nothing of it will be missed."""
        if self.thread:
            self.thread.join()  # what the last one had said stands first
        self.life += 1
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        s.sendall(b"MONITOR\r\n")
        lines = s.makefile("rb")
        assert lines.readline() == b"+OK\r\n"
        self.thread = threading.Thread(target=self.follow, args=(s, lines), daemon=True)
        self.thread.start()

    def follow(self, s, lines):
        try:
            for line in lines:
                with self.lock:
                    self.one(line)
        except ConnectionResetError:
            self.counts["monitors that ended with a reset"] += 1
        with self.lock:
            self.done()
            lines.close()
            s.close()

    def one(self, line):
        inside = line.find(b" lua] ", 0, 40)
        words = line[inside + 6 if inside > 0 else line.find(b"] ") + 2:].rstrip(b"\r\n")[1:-1]
        if inside > 0:
            self.effect(words)
            return
        self.done()
        if words.startswith(b"EVAL"):
            self.begin(words)
        elif words[:4].upper() == b"ECHO":
            self.echoes.add(cut(words)[1].decode())
            self.lock.notify_all()

    def name_of(self, source):
        """Of a script alone, or of the step of a whole one."""
        _, mark, step = source.partition(STEP)
        fits = [name for name, text in self.texts.items() if (step.startswith(text) if mark else source.rstrip().endswith(text))]
        return max(fits, key=lambda name: len(self.texts[name]), default="?")

    def begin(self, words):
        verb, what, n, rest = cut(words, 3)
        if verb == b"EVAL":
            source = plain(what)
            sha = hashlib.sha1(source).hexdigest().encode()
            self.names[sha] = self.name_of(source)
        else:
            sha = what
        name = self.names.get(sha, "?")
        self.counts["scripts"] += 1
        self.script, self.wrote, self.held, self.claimed_at = name, False, None, None
        if name != "job_claim" and name not in FENCED:
            return
        args = Pack(plain(cut(rest, int(n))[int(n)][:HEAD]))
        if name == "job_claim":
            args.count()
            for _ in range(args.count()):
                args.scalar()
            self.claimed_at = [args.scalar() for _ in range(3)][2]
            return
        job, fence = FENCED[name]
        row = args.scalars(fence + 1)
        if row[job]:
            self.held = (row[job], row[fence], self.jobs.get(row[job]))

    def effect(self, words):
        verb, rest = cut(words)
        if verb not in WRITES:
            return
        if not self.wrote and self.held:
            self.check_fence()
        if self.script in (None, "?"):
            self.faults.append(f"a script that is not known writes: {words[:200]}")
        self.wrote = True
        key, rest = cut(rest)
        if verb == b"HSET" and key.endswith(b":j"):
            name, row = cut(rest)
            self.changed(plain(name), Job(Pack(plain(row[:HEAD])).scalars(11)))

    def check_fence(self):
        """A script that was asked for under a fence begins to write: the fence must be the last one."""
        id_, fence, job = self.held
        self.counts["writes under a fence"] += 1
        if job and fence != 0 and (fence < job.fence or (fence == job.fence and job.state != RUNNING and job.life == self.life)):
            self.faults.append(f"{self.script} under fence {fence} was honoured: {id_.hex()} is {job}")

    def changed(self, id_, job):
        had, job.life = self.jobs.get(id_), self.life
        if had and job.fence < had.fence:
            self.faults.append(f"a fence went back: {id_.hex()} was {had}, {self.script} made it {job}")
        if had and had.kind == "fix" and had.state > RUNNING and had.state != job.state and had.life == self.life:
            self.faults.append(f"a fix that had ended has another end: {id_.hex()} was {had}, {self.script} made it {job}")
        if had and job.fence > had.fence and had.life == self.life:
            self.counts["claims"] += 1
            if self.script != "job_claim":
                self.faults.append(f"{self.script} raised a fence: {id_.hex()} was {had}, now {job}")
            elif had.state == RUNNING:
                self.counts["leases taken over"] += 1
                if had.until > self.claimed_at:
                    self.faults.append(f"a lease was broken {had.until - self.claimed_at} ms before its end: {had}, now {job}")
        self.jobs[id_] = job
        self.lock.notify_all()

    def done(self):
        """The script that was followed is over."""
        if self.held and not self.wrote:
            id_, fence, job = self.held
            if job and fence and (fence < job.fence or job.state != RUNNING):
                self.counts["refused by the fence"] += 1
                self.counts["refused by the fence: " + self.script] += 1
                self.refused.add((id_, fence))
                self.lock.notify_all()
        self.script = self.held = None
        self.wrote = False

    def held_by(self, pid):
        """[(id, fence)] of the jobs that this process holds."""
        return [(i, j.fence) for i, j in self.jobs.items() if j.state == RUNNING and j.owner.split(":")[1:2] == [str(pid)]]

    def owners(self, kind="group"):
        return {int(j.owner.split(":")[1]) for j in self.jobs.values() if j.state == RUNNING and j.kind == kind}
