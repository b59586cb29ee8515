#!/usr/bin/env python3
"""Makes TypeScript types of the contract: contract_ts.py openapi.json OUT.ts

Two things come out: an interface or type for each schema of components.schemas, and `Operations`, which
has for each operation under /api its parameters, JSON body and JSON answer. `routes` holds their methods, paths,
whether they take a project and whether they may wait for somebody else. A member of an answer may be missing unless the contract lists it under `required`.
"""

import json
import re
import sys
from pathlib import Path

METHODS = ("get", "post", "put", "patch", "delete")
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


class Writer:
    def __init__(self, contract):
        self.contract = contract

    def resolve(self, node):
        while "$ref" in node:
            at = self.contract
            for part in node["$ref"][2:].split("/"):
                at = at[part]
            node = at
        return node

    def type_of(self, node, indent=""):
        """The TypeScript type of a schema."""
        if "$ref" in node:
            name = node["$ref"].rsplit("/", 1)[1]
            # What stands beside a $ref narrows it; only a type says something that TypeScript can hold.
            return self.union(node, indent) if "type" in node else name
        parts = [self.type_of(n, indent) for n in node.get("allOf", [])]
        choices = [n for n in node.get("oneOf", node.get("anyOf", [])) if n.keys() - {"required"}]
        if choices:
            parts.append("(" + " | ".join(self.type_of(n, indent) for n in choices) + ")")
        if "const" in node:
            parts.append(json.dumps(node["const"]))
        elif "enum" in node:
            parts.append(" | ".join(json.dumps(v) for v in node["enum"]))
        elif "type" in node or "properties" in node:
            parts.append(self.union(node, indent))
        return " & ".join(dict.fromkeys(parts)) or "unknown"

    def union(self, node, indent):
        types = node.get("type", "object")
        types = types if isinstance(types, list) else [types]
        out = []
        for t in types:
            if t == "array":
                inner = self.type_of(node.get("items", {}), indent)
                out.append(f"({inner})[]" if re.search(r"[|&]", inner) else f"{inner}[]")
            elif t == "object":
                out.append(self.members(node, indent))
            else:
                out.append(PLAIN[t])
        return " | ".join(out)

    def members(self, node, indent):
        rows = node.get("properties")
        others = node.get("additionalProperties")
        if not rows:
            return f"Record<string, {self.type_of(others, indent) if isinstance(others, dict) else 'unknown'}>"
        required = set(node.get("required", []))
        deeper = indent + "  "
        lines = ["{"]
        for name, schema in rows.items():
            if "description" in schema:
                lines.append(f"{deeper}/** {self.comment(schema['description'])} */")
            lines.append(f"{deeper}{name}{'' if name in required else '?'}: {self.type_of(schema, deeper)};")
        return "\n".join(lines) + f"\n{indent}}}"

    @staticmethod
    def comment(text):
        return " ".join(text.split()).replace("*/", "*\\/")

    def json_of(self, content):
        """The schema of application/json in a content map; None where there is none."""
        return content.get("application/json", {}).get("schema")

    def answer(self, op):
        for status, reply in op["responses"].items():
            if status.startswith("2"):
                schema = self.json_of(self.resolve(reply).get("content", {}))
                return self.type_of(schema, "    ") if schema else "void"
        return "void"

    def parameters(self, op, item, where):
        rows = [self.resolve(p) for p in item.get("parameters", []) + op.get("parameters", [])]
        rows = [p for p in rows if p["in"] == where]
        if not rows:
            return "Record<never, never>"
        return "{ " + "; ".join(f"{p['name']}{'' if p.get('required') else '?'}: {self.type_of(p['schema'], '    ')}"
                                for p in rows) + " }"

    def operations(self):
        for path, item in self.contract["paths"].items():
            for method in METHODS:
                if path.startswith("/api/") and method in item:
                    yield method.upper(), path, item, item[method]

    def write(self):
        yield "// Made by tools/contract_ts.py from api/openapi.yaml.\n"
        for name, schema in self.contract["components"]["schemas"].items():
            if "description" in schema:
                yield f"/** {self.comment(schema['description'])} */"
            yield f"export type {name} = {self.type_of(schema)};\n"
        yield "export interface Operations {"
        for _, _, item, op in self.operations():
            body = self.json_of(self.resolve(op["requestBody"]).get("content", {})) if "requestBody" in op else None
            yield f"  /** {self.comment(op['summary'])} */"
            yield f"  {op['operationId']}: {{"
            yield f"    path: {self.parameters(op, item, 'path')};"
            yield f"    query: {self.parameters(op, item, 'query')};"
            yield f"    body: {self.type_of(body, '    ') if body else 'undefined'};"
            yield f"    answer: {self.answer(op)};"
            yield "  };"
        yield "}\n"
        yield "/** Method, path, whether it takes project_id, and whether it may wait for somebody else (x-waits). */"
        yield "export const routes: Record<keyof Operations, readonly [string, string, boolean, boolean]> = {"
        for method, path, item, op in self.operations():
            takes = "project_id" in self.parameters(op, item, "query")
            row = [method, path, takes, op.get("x-waits", False)]
            yield f"  {op['operationId']}: {json.dumps(row)},"
        yield "};"


def main(source, target):
    contract = json.loads(Path(source).read_text(encoding="utf-8"))
    text = "\n".join(Writer(contract).write()) + "\n"
    target = Path(target)
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
