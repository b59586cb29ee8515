#!/usr/bin/env python3
"""Turns the contract (YAML) into minified JSON: contract.py IN.yaml OUT.json

$ref stays as it is; a second key of the same name and a $ref that leads nowhere are errors.
Needs python3-yaml.
"""

import json
import re
import sys
import urllib.parse

import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2's plain scalars: dates stay text, and yes, no, on, off are words."""

    yaml_implicit_resolvers = {
        first: [(tag, rule) for tag, rule in rules
                if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def mapping(loader, node):
    seen = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        key = key if isinstance(key, str) else json.dumps(key)
        line = key_node.start_mark.line + 1
        if key in seen:
            raise SystemExit(f"{node.start_mark.name}:{line}: the key '{key}' is here twice")
        seen[key] = loader.construct_object(value_node, deep=True)
    return seen


Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)


def leads_somewhere(root, ref):
    """Whether ref is a JSON pointer (RFC 6901) into this document."""
    if not ref.startswith("#/"):
        return False
    at = root
    for part in urllib.parse.unquote(ref[2:]).split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(at, dict) and part in at:
            at = at[part]
        elif isinstance(at, list) and part.isdigit() and int(part) < len(at):
            at = at[int(part)]
        else:
            return False
    return True


def dead_refs(root, node, path="#"):
    if isinstance(node, dict):
        ref = node.get("$ref")
        if isinstance(ref, str) and not leads_somewhere(root, ref):
            yield f"{path}: $ref leads nowhere: {ref}"
        for key, value in node.items():
            yield from dead_refs(root, value, f"{path}/{key}")
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from dead_refs(root, value, f"{path}/{i}")


def main(source, target):
    try:
        with open(source, encoding="utf-8") as f:
            root = yaml.load(f, Loader)
    except yaml.YAMLError as e:
        raise SystemExit(f"{source}: {e}")
    problems = [f"{source}: {p}" for p in dead_refs(root, root)]
    if problems:
        raise SystemExit("\n".join(problems))
    with open(target, "w", encoding="utf-8") as f:
        json.dump(root, f, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
