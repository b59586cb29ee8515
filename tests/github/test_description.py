#!/usr/bin/env python3
"""What forges/github sends, and what the fake GitHub of the tests answers, against GitHub's published OpenAPI description.

usage: test_description.py TEST_PROGRAM...

The programs run with GITHUB_LOG set, so that the fake (tests/support/github_fake.py) writes each exchange down. Of each: is there
such an operation, does it know the query's parameters and values, has the body what it must have and nothing that it does not
know, and has every member of a good answer the type that is described? (The fake leaves members out that we do not read.)
The description is the npm package @octokit/openapi, pinned here and fetched once; without a registry the test is skipped.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, unquote

HERE = Path(__file__).resolve().parent
GENERATED = HERE / "node_modules/@octokit/openapi/generated"
DESCRIPTION = GENERATED / "api.github.com.json"
SKIPPED = 77
TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}


def fetch():
    if DESCRIPTION.exists():
        return
    env = {"NODE_EXTRA_CA_CERTS": "/etc/ssl/certs/ca-certificates.crt", **os.environ}
    try:
        got = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE, env=env, check=False, timeout=240,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        why = got.stdout.strip().splitlines()[-1:] if got.returncode else []
    except (OSError, subprocess.TimeoutExpired) as error:
        why = [str(error)]
    if not DESCRIPTION.exists():
        print("SKIP: GitHub's description (npm package @octokit/openapi) cannot be fetched here:", *why)
        sys.exit(SKIPPED)
    for other in GENERATED.glob("*.json"):  # hundreds of MB that nobody asks for
        if other != DESCRIPTION:
            other.unlink()


class Description:
    def __init__(self, document):
        self.document = document
        # what is literal in a path goes before what is a parameter
        self.paths = sorted(((re.compile(re.sub(r"\{[^/}]+\}", "([^/]+)", path)), path)
                             for path in document["paths"]), key=lambda pair: pair[1].count("{"))

    def resolve(self, node):
        while "$ref" in node:
            at = self.document
            for part in node["$ref"][2:].split("/"):
                at = at[part.replace("~1", "/").replace("~0", "~")]
            node = at
        return node

    def operation(self, method, path):
        for pattern, template in self.paths:
            if pattern.fullmatch(path):
                return self.document["paths"][template].get(method.lower())
        return None

    def faults(self, schema, value, where, strict):
        """strict: what must be there is there, and what is not described is not."""
        schema = self.resolve(schema)
        if value is None and schema.get("nullable"):
            return
        for part in schema.get("allOf", []):
            yield from self.faults(part, value, where, strict)
        choices = schema.get("oneOf", []) + schema.get("anyOf", [])
        # a choice that only names further required members is no type
        choices = [c for c in choices if set(self.resolve(c)) - {"required"}]
        if choices and all(any(True for _ in self.faults(c, value, where, strict)) for c in choices):
            yield f"{where}: none of the described forms"
            return
        kind = schema.get("type")
        if kind and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
            yield f"{where}: {json.dumps(value)[:60]} is no {kind}"
            return
        if value not in schema.get("enum", [value]):
            yield f"{where}: {value!r} is not one of {schema['enum']}"
        if isinstance(value, dict) and "properties" in schema:
            known = schema["properties"]
            if strict:
                yield from (f"{where}: no {name}" for name in schema.get("required", []) if name not in value)
            for name, inner in value.items():
                if name in known:
                    yield from self.faults(known[name], inner, f"{where}.{name}", strict)
                elif strict or not schema.get("additionalProperties", False):
                    yield f"{where}: {name} is not described"
        if isinstance(value, list) and "items" in schema:
            for i, inner in enumerate(value):
                yield from self.faults(schema["items"], inner, f"{where}[{i}]", strict)

    def query_faults(self, operation, query):
        known = {}
        for parameter in map(self.resolve, operation.get("parameters", [])):
            if parameter["in"] == "query":
                known[parameter["name"]] = self.resolve(parameter["schema"])
        for name, value in parse_qsl(query):
            if name not in known:
                yield f"?{name}: not described"
            elif known[name].get("type") == "integer":
                if not value.isdigit():
                    yield f"?{name}: {value!r} is no integer"
            else:
                yield from self.faults(known[name], value, f"?{name}", True)

    def exchange(self, x):
        path, _, query = x["path"].partition("?")
        operation = self.operation(x["method"], unquote(path))
        if operation is None:
            yield "no such operation"
            return
        yield from self.query_faults(operation, query)
        body = operation.get("requestBody")
        if x["body"] is not None and not body:
            yield "a body where none is described"
        elif body and (x["body"] is not None or self.resolve(body).get("required")):
            schema = self.resolve(body)["content"]["application/json"]["schema"]
            yield from self.faults(schema, x["body"], "body", True)
        if x["status"] < 300:
            answer = operation["responses"].get(str(x["status"]))
            if not answer:
                yield f"{x['status']} is not described"
                return
            for form in self.resolve(answer).get("content", {}).values():
                yield from self.faults(form["schema"], x["reply"], "answer", False)


def check_that_it_bites(described):
    good = {"method": "POST", "path": "/repos/o/r/issues", "body": {"title": "T", "labels": ["a"]}, "status": 201,
            "reply": {"number": 1, "html_url": "https://x"}}
    assert not list(described.exchange(good)), list(described.exchange(good))
    for change in ({"path": "/repos/o/r/issue"}, {"method": "PUT"}, {"body": {"labels": []}}, {"body": None},
                   {"body": {"title": "T", "colour": "x"}}, {"body": {"title": "T", "labels": "a"}}, {"status": 200},
                   {"reply": {"number": "1"}}, {"reply": {"numero": 1}}, {"path": "/repos/o/r/issues?state=all"}):
        assert list(described.exchange({**good, **change})), f"not noticed: {change}"
    listed = {"method": "GET", "path": "/repos/o/r/pulls?state=some", "body": None, "status": 200, "reply": []}
    assert list(described.exchange(listed)), "a value that is not described was not noticed"


def main():
    fetch()
    described = Description(json.loads(DESCRIPTION.read_text(encoding="utf-8")))
    check_that_it_bites(described)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "exchanges"
        for program in sys.argv[1:]:
            ran = subprocess.run([program], env={**os.environ, "GITHUB_LOG": str(log)}, check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if ran.returncode:
                sys.exit(f"{ran.stdout}\n{program} failed")
        exchanges = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    asked, bad = {}, 0
    for x in exchanges:
        faults = list(described.exchange(x))
        path = re.sub("/repos/[^/]+/[^/]+", "/repos/O/R", x["path"].partition("?")[0])
        key = f"{x['method']} {re.sub('/[0-9]+', '/N', path)}"
        asked[key] = asked.get(key, 0) + 1
        if faults:
            bad += 1
            print(f"{x['method']} {x['path']}:", *faults, sep="\n    ")
    # all that the fake knows (ROUTES)
    assert len(asked) == 14, f"{len(asked)} operations were asked for: {sorted(asked)}"
    print(f"{len(exchanges)} exchanges of {len(asked)} kinds, {bad} not as described")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
