"""People in the fault run: they move, merge, split and undo, triage issues, and write down what they asked for and what was answered.

A person works on a case: a few reports that nobody else touches, until a request gets no clear answer. That case is then laid down,
since such a request may still be done much later; its last change is to hold or not, as a whole. Of every other case what was
acknowledged last holds. Each acknowledged change has one row in the audit log, or the log of the process says that it was lost.
"""

import collections
import http.client
import json
import random
import threading

import soul

LOST = "is not in the audit log"
FRESH = "?"  # an issue whose id only the lost answer told
MOVED, MERGED, SPLIT, APART, UNDONE, TRIAGED = "moveFeedback", "mergeClusters", "splitCluster", "keepApart", "undoAction", "patchCluster"
SYLLABLES = "vor lim tak set bra mu zen dol fip gar nux pel".split()
TRIES = 4
LATER = "2040-01-01T00:00:00.000Z"
LATER_MS = 2208988800000
NEXT = {"triaged": ("resolved", "ignored", "snoozed"), "resolved": ("new",), "ignored": ("new", "resolved"),
        "snoozed": ("triaged", "new", "ignored")}  # `new` reopens: it is triaged then


class Change:
    def __init__(self, id_, what, target):
        self.id, self.what, self.target, self.outcome, self.answer = id_, what, target, "unknown", None


class Ledger:
    """What people asked for, before they did, and what they were told. Also on disk."""

    def __init__(self, path):
        self.lock, self.file, self.changes = threading.Lock(), open(path, "w", encoding="utf-8"), []

    def begin(self, what, target):
        with self.lock:
            c = Change(f"change-{len(self.changes)}", what, target)
            self.changes.append(c)
            self.note(c)
        return c

    def end(self, change, outcome, answer):
        with self.lock:
            change.outcome, change.answer = outcome, answer
            self.note(change)

    def note(self, c):
        self.file.write(json.dumps([c.id, c.what, c.target, c.outcome, c.answer]) + "\n")
        self.file.flush()

    def counts(self):
        return {what: dict(n) for what, n in sorted(self.by_what().items())}

    def by_what(self):
        found = collections.defaultdict(collections.Counter)
        for c in self.changes:
            found[c.what][c.outcome] += 1
        return found


def ask(ledger, api, what, method, path, target, body=None):
    """One change, asked for once. 4xx: it was not done; 5xx and no answer: nobody knows."""
    change, client = ledger.begin(what, target), soul.Client(api, timeout=4)
    try:
        got = client.call(method, path, body, {"X-Request-ID": change.id})
        outcome = "acknowledged" if got.status < 300 else "refused" if got.status < 500 else "unknown"
        ledger.end(change, outcome, got.json)
    except (OSError, http.client.HTTPException, ValueError) as e:
        ledger.end(change, "unknown", repr(e))
    finally:
        client.close()
    return change


def send(book, api, name, words):
    """A report's id; None when nobody knows whether it is there."""
    book.send(name, words)
    client = soul.Client(api, timeout=4)
    try:
        got = client.post("/api/ingest/manual", {"external_id": name, "title": words, "body": f"{words}. Please mend it."})
        if got.status == 200:
            book.ack(name, got.json["id"], got.json["status"], api.label)
            return got.json["id"]
    except (OSError, http.client.HTTPException, ValueError) as e:
        book.count(type(e).__name__)
    finally:
        client.close()
    return None


class Case:
    """Where each report is, and how an issue was triaged; and how that would be if the last change was done, and why that is not known."""

    def __init__(self, reports):
        self.place, self.maybe, self.open_change = {r: None for r in reports}, None, None
        self.issue, self.state, self.maybe_state = None, {}, None
        self.undo, self.apart, self.ids, self.told = None, set(), set(), []

    def issues(self):
        found = collections.defaultdict(list)
        for report, issue in self.place.items():
            found[issue].append(report)
        return found


class Person(threading.Thread):
    def __init__(self, number, seed, apis, book, ledger):
        super().__init__(daemon=True)
        self.rng, self.number, self.apis, self.book, self.ledger = random.Random(f"{seed}/person/{number}"), number, apis, book, ledger
        self.stop, self.cases, self.fault, self.n = threading.Event(), [], None, 0

    def run(self):
        try:
            while not self.stop.wait(self.rng.random() * 0.2):
                self.one_case()
        except Exception as e:
            self.fault = f"a person: {e!r}"

    def rest(self):
        """False when it is over."""
        return not self.stop.wait(self.rng.random() * 0.1)

    def one_case(self):
        self.n += 1
        words = " ".join("".join(self.rng.choices(SYLLABLES, k=3)) for _ in range(3))
        reports = [send(self.book, self.rng.choice(self.apis), f"person-{self.number}-{self.n}-{i}", f"{words} {i}") for i in range(4)]
        case = Case([r for r in reports if r])
        self.cases.append(case)
        for r in list(case.place):
            if not self.settle(case, r):
                return
        for _ in range(self.rng.randint(3, 9)):
            if len(case.place) < 2 or not self.rest() or not self.step(case):
                break
        if case.place and not case.open_change:
            case.issue = self.rng.choice(list(case.place.values()))
            for _ in range(self.rng.randint(1, 5)):
                if not self.rest() or not self.triage(case):
                    return

    # ---- Where reports are

    def settle(self, case, report):
        """Into an issue of its own: from then on it is the person's. Grouping may be faster; after some tries it is let go."""
        for _ in range(TRIES):
            if not self.move(case, report, None):
                return False
            if case.place[report]:
                return True
        del case.place[report]
        return True

    def step(self, case):
        """False when the case is laid down."""
        issues = case.issues()
        ways = [self.any_move]
        if len(issues) > 1:
            ways += [self.merge, self.merge, self.keep_apart]
        if any(len(r) > 1 for r in issues.values()):
            ways += [self.split, self.split]
        if case.undo:
            ways += [self.undo, self.undo]
        return self.rng.choice(ways)(case)

    def change(self, case, what, path, target, body, after):
        """False when nobody knows whether it was done."""
        c = ask(self.ledger, self.rng.choice(self.apis), what, "POST", path, target, body)
        case.told.append((what, target, body, c.outcome))
        if c.outcome == "unknown":
            case.open_change, case.maybe = c, after
        elif c.outcome == "acknowledged":
            fresh = c.answer["cluster_id"]
            before, case.place = case.place, {r: fresh if i == FRESH else i for r, i in after.items()}
            case.undo = (c.answer["action_id"], before) if what != UNDONE and None not in before.values() else None
            case.ids.update(case.place.values())
            self.seen(case, before)
        return c.outcome != "unknown"

    def seen(self, case, before):
        """What was acknowledged is what any process says from then on."""
        moved = [r for r, issue in case.place.items() if before[r] != issue]
        if not moved:
            return
        client = soul.Client(self.rng.choice(self.apis), timeout=4)
        try:
            got = client.get(f"/api/feedback/{moved[0]}")
        except (OSError, http.client.HTTPException):
            return
        finally:
            client.close()
        if got.status < 500 and (got.status != 200 or got.json["cluster_id"] != case.place[moved[0]]):
            self.fault = f"after {case.told} the report {moved[0]} is not in {case.place[moved[0]]}: {got!r}"

    def move(self, case, report, to):
        return self.change(case, MOVED, f"/api/feedback/{report}/move", report, {"cluster_id": to}, {**case.place, report: to or FRESH})

    def any_move(self, case):
        report = self.rng.choice(list(case.place))
        to = [i for i in case.issues() if i != case.place[report]]
        return self.move(case, report, self.rng.choice([*to, None]))

    def merge(self, case):
        into, *others = self.rng.sample(list(case.issues()), len(case.issues()))
        gone = others[:self.rng.randint(1, len(others))]
        kept_apart = [p for p in case.apart if p <= {into, *gone}]
        known = self.change(case, MERGED, f"/api/clusters/{into}/merge", into, {"cluster_ids": gone},
                            {r: into if i in gone else i for r, i in case.place.items()})
        if kept_apart and case.told[-1][3] == "acknowledged":
            self.fault = f"issues were merged that are kept apart: {case.told}"
        return known

    def split(self, case):
        issue, members = self.rng.choice([(i, r) for i, r in case.issues().items() if len(r) > 1])
        leave = self.rng.sample(members, self.rng.randint(1, len(members) - 1))
        known = self.change(case, SPLIT, f"/api/clusters/{issue}/split", issue, {"feedback_ids": leave},
                            {r: FRESH if r in leave else i for r, i in case.place.items()})
        if case.told[-1][3] == "acknowledged":
            case.apart.add(frozenset((issue, case.place[leave[0]])))
        return known

    def keep_apart(self, case):
        one, other = self.rng.sample(list(case.issues()), 2)
        known = self.change(case, APART, f"/api/clusters/{one}/apart", one, {"cluster_id": other}, dict(case.place))
        if case.told[-1][3] == "acknowledged":
            case.apart.add(frozenset((one, other)))
        return known

    def undo(self, case):
        action, before = case.undo
        known = self.change(case, UNDONE, f"/api/actions/{action}/undo", action, None, before)
        case.apart.clear()  # the undone one's may have been among them: those are not looked at any more
        return known

    # ---- How an issue stands

    def triage(self, case):
        """False when the case is laid down."""
        status = case.state.get("status", "triaged")
        body = {}
        if self.rng.random() < 0.8 or not case.state:
            body["status"] = self.rng.choice(NEXT[status] if "status" in case.state else ["triaged"])
        if body.get("status") == "snoozed":
            body["snooze_until"] = LATER
        if not body or self.rng.random() < 0.4:
            body["title"] = f"{self.rng.choice(SYLLABLES)} {len(case.told)}"
        wanted = {"status": "triaged" if body.get("status") == "new" else body.get("status", status),
                  "snooze_until_ms": case.state.get("snooze_until_ms")}
        if "status" in body:
            wanted["snooze_until_ms"] = LATER_MS if body["status"] == "snoozed" else None
        if body.get("title") or case.state.get("title"):
            wanted["title"] = body.get("title") or case.state["title"]
        c = ask(self.ledger, self.rng.choice(self.apis), TRIAGED, "PATCH", f"/api/clusters/{case.issue}", case.issue, body)
        case.told.append((TRIAGED, case.issue, body, c.outcome))
        if c.outcome == "acknowledged":
            case.state = wanted
        elif c.outcome == "unknown":
            case.open_change, case.maybe_state = c, wanted
        return c.outcome != "unknown"


# ---- Afterwards --------------------------------------------------------------------------------------


class PeopleCheck:
    """Every breach is a line of `faults`. `rows`: an export, by kind; `logs`: of the API processes."""

    def __init__(self, rows, people, ledger, logs):
        self.people, self.ledger, self.faults, self.lost = people, ledger, [], 0
        self.said_lost = [line for log in logs for line in log.splitlines() if LOST in line]
        self.reports = {f["id"]: f for f in rows["feedback"]}
        self.issues = {c["id"]: c for c in rows["cluster"]}
        self.audit, self.came = collections.defaultdict(list), collections.defaultdict(set)
        for d in rows["decision"]:
            self.came[d["cluster_id"]].add(d["feedback_id"])
        for a in rows["audit"]:
            self.audit[a["request_id"]].append(a)

    def all(self):
        for c in self.ledger.changes:
            self.row(c)
        for p in self.people:
            for case in p.cases:
                self.places(case)
                self.status(case)
        return self.faults

    def row(self, c):
        rows = self.audit[c.id]
        if len(rows) > 1 or any((r["action"], r["target"]) != (c.what, c.target) for r in rows):
            self.faults.append(f"{c.id} ({c.what} {c.target}) has the audit rows {rows}")
        if c.outcome == "refused" and rows:
            self.faults.append(f"{c.id} ({c.what}) was refused with {c.answer}, and the audit log says that it was done")
        if c.outcome != "acknowledged" or rows:
            return
        self.lost += 1
        if not any(f'"{c.id}"' in line for line in self.said_lost):
            self.faults.append(f"{c.id} ({c.what}) was acknowledged, and is neither in the audit log nor said to be lost")

    def places(self, case):
        actual = {r: self.reports.get(r, {}).get("cluster_id") for r in case.place}
        worlds = [case.place] if case.maybe is None else [case.maybe] if self.audit[case.open_change.id] else [case.place, case.maybe]
        if not any(self.same(case, w, actual) for w in worlds):
            self.faults.append(f"the reports of a person are in {actual}, not as in {worlds}: {case.told}")

    @staticmethod
    def same(case, world, actual):
        fresh = {actual[r] for r, issue in world.items() if issue == FRESH}
        return len(fresh) < 2 and not fresh & {None, *case.ids} and all(
            issue in (None, FRESH) or actual[r] == issue for r, issue in world.items())

    def status(self, case):
        if not case.state and not case.maybe_state:
            return
        issue = self.issues.get(case.issue, {})
        worlds = [case.state] if case.maybe_state is None else \
            [case.maybe_state] if self.audit[case.open_change.id] else [case.state, case.maybe_state]
        strangers = self.came[case.issue] - set(case.place)  # it may have gone on since
        actual = {k: issue.get(k) for k in ("status", "title", "snooze_until_ms")}
        if actual["status"] == "regressed" and strangers:  # somebody else's report came for what was resolved
            actual["status"] = "resolved"
        if not any(all(actual[k] == v for k, v in w.items()) for w in worlds):
            self.faults.append(f"the issue {case.issue} is {actual}, not as in {worlds}: {case.told}")
