#!/usr/bin/env python3
"""Upstash's REST protocol in front of a real Redis: what the tests speak to instead of the service.

usage: upstash.py --redis SOCKET [--port N | --socket PATH] [--token T] [--max-request BYTES] [--forbid COMMAND]... [--busy FILE] [--tls CERT KEY]

As https://upstash.com/docs/redis/features/restapi describes it: a command as a JSON array in the body, or in the path with the
body as its last argument and the query behind that; /pipeline; errors as {"error": ...} with 400; 401 for a wrong token; base64 on
demand. While there is a FILE, each request is refused with the status and the Retry-After that it holds, as by what stands in
front of a service. tests/upstash holds it against the vendor's own client. It prints its port (or path) when it is ready, and runs until it is killed.
"""

import argparse
import asyncio
import base64
import collections
import contextlib
import json
import pathlib
import ssl
import sys
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

METHODS = ("HEAD", "GET", "POST", "PUT")
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 405: "Method Not Allowed", 429: "Too Many Requests",
           500: "Internal Server Error", 503: "Service Unavailable"}


class Refused(Exception):
    """An error of Redis, or of a request that is none."""


class Busy(Exception):
    """A status and a Retry-After."""


class Redis:
    """One connection; who asks gets the answers in the order of asking."""

    def __init__(self, path):
        self.path, self.writer, self.waiting, self.lock = path, None, collections.deque(), asyncio.Lock()

    async def ask(self, *commands):
        async with self.lock:
            if self.writer is None:
                reader, self.writer = await asyncio.open_unix_connection(self.path, limit=1 << 30)
                self.task = asyncio.create_task(self.read_all(reader, self.writer))
        futures = []
        for words in commands:
            future = asyncio.get_running_loop().create_future()
            futures.append(future)
            self.waiting.append(future)
            self.writer.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words))
        return [await future for future in futures]

    async def read_all(self, reader, writer):
        try:
            while True:
                answer = await self.read_one(reader)
                self.waiting.popleft().set_result(answer)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
            self.writer, lost, self.waiting = None, self.waiting, collections.deque()
            for future in lost:
                future.set_exception(ConnectionResetError("Redis is gone"))

    async def read_one(self, reader):
        line = await reader.readuntil(b"\r\n")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return Refused(rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        n = int(rest)
        if n < 0:
            return None
        if kind == b"$":
            return (await reader.readexactly(n + 2))[:-2]
        return [await self.read_one(reader) for _ in range(n)]


def encoded(answer, as_base64):
    if isinstance(answer, list):
        return [encoded(one, as_base64) for one in answer]
    if not isinstance(answer, (str, bytes)):
        return answer
    raw = answer if isinstance(answer, bytes) else answer.encode()
    return base64.b64encode(raw).decode() if as_base64 else raw.decode(errors="replace")


def member(answer, as_base64):
    if isinstance(answer, Refused):
        return {"error": str(answer)}
    return {"result": "OK" if answer == "OK" else encoded(answer, as_base64)}  # only as the whole answer it is not encoded


def words_of(command):
    if not isinstance(command, list) or not command or not all(isinstance(w, (str, bytes)) for w in command):
        raise Refused("ERR failed to parse command")
    return [w if isinstance(w, bytes) else w.encode() for w in command]


class Server:
    def __init__(self, args):
        self.args, self.redis = args, Redis(args.redis)
        self.forbidden = {name.upper().encode() for name in args.forbid}

    async def run(self, commands):
        """The answers in their order; what is refused here is not asked of Redis."""
        answers = [None] * len(commands)
        asked = []
        for i, words in enumerate(commands):
            size = sum(map(len, words))
            if size > self.args.max_request:
                answers[i] = Refused(f"ERR max request size exceeded. Limit: {self.args.max_request} bytes, Actual: {size} bytes")
            elif words[0].upper() in self.forbidden:
                answers[i] = Refused(f"ERR Command is not available: '{words[0].decode()}'")
            else:
                asked.append(i)
        for i, answer in zip(asked, await self.redis.ask(*(commands[i] for i in asked))):
            answers[i] = answer
        return answers

    async def answer(self, method, target, headers, body):
        """Status and JSON."""
        if self.args.busy and self.args.busy.exists():
            status, _, after = self.args.busy.read_text().partition(" ")
            raise Busy(int(status), after)
        at = urlsplit(target)
        query = parse_qsl(at.query, keep_blank_values=True)
        tokens = {headers.get("authorization"), *("Bearer " + v for k, v in query if k == "_token")}
        if method not in METHODS:
            return 405, {"error": "ERR method not allowed"}
        if "Bearer " + self.args.token not in tokens:
            return 401, {"error": "WRONGPASS invalid or missing auth token"}
        as_base64 = headers.get("upstash-encoding") == "base64"
        path = [unquote_to_bytes(part) for part in at.path.split("/")[1:]]
        try:
            if path == [b"pipeline"]:
                commands = json.loads(body, parse_int=str, parse_float=str)
                if not isinstance(commands, list):
                    raise Refused("ERR failed to parse pipeline request")
                return 200, [member(a, as_base64) for a in await self.run([words_of(c) for c in commands])]
            if path in ([b""], []):
                command = words_of(json.loads(body, parse_int=str, parse_float=str))
            else:
                further = [word.encode() for pair in query if pair[0] != "_token" for word in pair]
                command = [*path, *([body] if body else []), *further]
        except (ValueError, Refused) as error:
            return 400, {"error": str(error) if isinstance(error, Refused) else "ERR failed to parse command"}
        [answer] = await self.run([command])
        return (400 if isinstance(answer, Refused) else 200), member(answer, as_base64)

    async def serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ", 2)
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                further = ""
                try:
                    status, said = await self.answer(method, target, headers, body)
                except Busy as busy:
                    status, after = busy.args
                    said, further = {}, f"Retry-After: {after}\r\n" if after else ""
                except OSError as error:
                    status, said = 500, {"error": f"ERR {error}"}
                text = json.dumps(said).encode()
                writer.write(f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/json\r\n{further}"
                             f"Content-Length: {len(text)}\r\n\r\n".encode() + (b"" if method == "HEAD" else text))
                await writer.drain()
        writer.close()


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--redis", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--socket")
    parser.add_argument("--token", default="t0ken")
    parser.add_argument("--max-request", type=int, default=10 << 20)  # of the plans "free" and "pay as you go"
    parser.add_argument("--forbid", action="append", default=[])
    parser.add_argument("--busy", type=pathlib.Path)
    parser.add_argument("--tls", nargs=2)
    args = parser.parse_args()
    server, context = Server(args), None
    if args.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*args.tls)
    if args.socket:
        listening = await asyncio.start_unix_server(server.serve, args.socket, limit=1 << 27)
        print(args.socket, flush=True)
    else:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", args.port, limit=1 << 27, ssl=context)
        print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
    sys.exit(0)
