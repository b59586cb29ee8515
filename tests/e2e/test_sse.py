"""Server-sent events: as it happens, resumed after a break, of one project alone."""

import json
import os
import unittest

import soul


class Sse(unittest.TestCase):
    def setUp(self):
        self.server = soul.Server()
        self.addCleanup(self.server.close)
        self.c = self.server.client()

    def stream(self, **query):
        events = soul.Events(self.server, **query)
        self.addCleanup(events.close)
        return events

    def test_a_new_report_is_told_when_it_is_grouped(self):
        events = self.stream()
        self.assertEqual(events.response.status, 200)
        self.assertEqual(events.response.headers["Content-Type"].split(";")[0], "text/event-stream")
        stored = self.c.post("/api/ingest/manual", soul.report(1)).json["id"]
        soul.wait_for("its event", lambda: [e for e in events.events if stored in e.get("data", "")])
        for e in events.events:
            data = json.loads(e["data"])
            self.assertEqual(str(data["id"]), e["id"])
            self.assertEqual(data["kind"], e["event"])
            for name in "project_id", "at", "data":
                self.assertIn(name, data)
        ids = [int(e["id"]) for e in events.events]
        self.assertEqual(ids, sorted(set(ids)))

    def test_what_was_missed_comes_first(self):
        first = self.stream()
        self.c.post("/api/ingest/manual", soul.report(1))
        soul.wait_for("an event", lambda: first.events)
        last = first.events[-1]["id"]
        first.close()
        missed = self.c.post("/api/ingest/manual", soul.report(2, "Quokka photographs upside down")).json["id"]
        soul.grouped(self.c)
        again = self.stream(after=last)
        soul.wait_for("what was missed", lambda: [e for e in again.events if missed in e.get("data", "")])
        self.assertTrue(all(int(e["id"]) > int(last) for e in again.events))

    def test_who_knows_the_newest_event_before_reading_a_list_misses_nothing(self):
        last = self.c.get("/api/projects").json["last_event"]
        self.assertEqual(last, 0, "nothing has happened yet")
        stored = self.c.post("/api/ingest/manual", soul.report(1)).json["id"]
        soul.grouped(self.c)
        events = self.stream(after=last)
        soul.wait_for("what happened meanwhile", lambda: [e for e in events.events if stored in e.get("data", "")])
        self.assertGreaterEqual(self.c.get("/api/projects").json["last_event"], int(events.events[-1]["id"]))

    def test_events_of_other_projects_are_not_told(self):
        self.c.post("/api/projects", {"name": "theirs"})
        mine = self.c.post("/api/projects", {"name": "mine"}).json["id"]
        key = self.c.post("/api/keys", {"name": "k", "scopes": ["read"]}, project_id="mine").json["key"]
        events = soul.Events(self.server, key=key)
        self.addCleanup(events.close)
        theirs = self.c.post("/api/ingest/manual", soul.report(1), project_id="theirs").json["id"]
        soul.grouped(self.c, project_id="theirs")
        ours = self.c.post("/api/ingest/manual", soul.report(1), project_id="mine").json["id"]
        soul.wait_for("our event", lambda: [e for e in events.events if ours in e.get("data", "")])
        self.assertFalse([e for e in events.events if theirs in e.get("data", "")])
        self.assertTrue(all(json.loads(e["data"])["project_id"] == mine for e in events.events))

    def test_a_stream_ends_with_the_server(self):
        events = self.stream()
        self.server.process.send_signal(soul.signal.SIGTERM)
        self.assertEqual(self.server.process.wait(soul.PATIENCE_S), 0)
        soul.wait_for("the stream's end", lambda: events.ended)

    def sockets(self):
        folder, found = f"/proc/{self.server.pid}/fd", 0
        for fd in os.listdir(folder):
            try:
                found += os.readlink(f"{folder}/{fd}").startswith("socket:")
            except FileNotFoundError:
                pass
        return found

    def test_a_client_that_closed_gives_its_place_back_before_the_next_heartbeat(self):
        head = b"GET /api/events HTTP/1.1\r\nHost: x\r\nX-API-Key: " + soul.KEY.encode() + b"\r\n\r\n"
        self.assertEqual(self.c.get("/api/stats").status, 200)  # its connection stays
        before = self.sockets()
        streams = [soul.raw_socket(self.server) for _ in range(20)]
        for s in streams:
            s.sendall(head)
            self.assertEqual(soul.read_head(s)[0], 200)
        self.assertGreaterEqual(self.sockets(), before + 20)
        half, *rest = streams
        soul.end_sending(half)  # reads on, and is not taken for closed
        for s in rest:
            s.close()
        soul.wait_for("the closed ones' places", lambda: self.sockets() <= before + 1, 8)
        one = self.c.post("/api/ingest/manual", soul.report("half")).json["id"]
        data = b""
        while one.encode() not in data:
            piece = half.recv(65536)
            self.assertTrue(piece, data)
            data += piece
        half.close()

    def test_many_streams_and_one_that_does_not_read(self):
        streams = [self.stream() for _ in range(50)]
        lazy = soul.raw_socket(self.server)
        lazy.setsockopt(soul.socket.SOL_SOCKET, soul.socket.SO_RCVBUF, 4096)
        lazy.sendall(b"GET /api/events HTTP/1.1\r\nHost: x\r\nX-API-Key: " + soul.KEY.encode() + b"\r\n\r\n")
        body = soul.ndjson({"source": "generic", "external_id": f"s-{n}", "title": f"Widget {n} is late"} for n in range(300))
        self.c.call("POST", "/api/ingest/batch", body, {"Content-Type": "application/x-ndjson"})
        soul.grouped(self.c)
        soul.wait_for("the events", lambda: all(len(s.events) == len(streams[0].events) and s.events for s in streams))
        lazy.close()


class Revoked(unittest.TestCase):
    def test_a_revoked_keys_stream_ends(self):
        with soul.Server() as server:
            admin = server.client()
            key = admin.post("/api/keys", {"name": "screen", "scopes": ["read"]}).json
            stream = soul.Events(server, key["key"])
            self.addCleanup(stream.close)
            self.assertEqual(admin.call("DELETE", f"/api/keys/{key['id']}").status, 204)
            soul.wait_for("the key's end", lambda: server.client(key["key"]).get("/api/stats").status == 401)
            before = len(stream.events)
            admin.post("/api/ingest/manual", soul.report(1))
            soul.wait_for("the stream's end", lambda: stream.ended)
            self.assertEqual(len(stream.events), before)


if __name__ == "__main__":
    soul.main()
