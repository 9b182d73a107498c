#!/usr/bin/env python3
"""Make docs/api.md from the document of the API:

    curl -s http://127.0.0.1:8080/openapi.json | tools/api_manual.py > docs/api.md

A test (tests/integration/serve_test.py) keeps the file equal to what this prints; run it with
RECTRAIN_UPDATE=1 to write the file anew.
"""

import json
import sys

HEAD = """# The API

{description}

This page is made from `/openapi.json` by `tools/api_manual.py`; a test keeps them equal. `/docs` of a
running server shows the same with a place to try it.
"""


def name_of(reference):
    return reference.rsplit("/", 1)[1]


def type_of(schema):
    """The type of a schema in a word or two."""
    if "$ref" in schema:
        return f"[{name_of(schema['$ref'])}](#{name_of(schema['$ref']).lower()})"
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return " or ".join(type_of(one) for one in schema[word])
    kind = schema.get("type", "anything")
    kinds = kind if isinstance(kind, list) else [kind]
    if "array" in kinds and "items" in schema:
        kinds = [f"list of {type_of(schema['items'])}" if one == "array" else one for one in kinds]
    return " or ".join(kinds)


def limits_of(schema):
    words = []
    for key, word in (("minimum", "at least"), ("exclusiveMinimum", "above"),
                      ("maximum", "at most")):
        if key in schema:
            words.append(f"{word} {schema[key]}")
    if "maxLength" in schema:
        words.append(f"at most {schema['maxLength']} characters")
    if schema.get("default") is not None:
        words.append(f"default `{json.dumps(schema['default'])}`")
    return ", ".join(words)


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def properties(schema, prefix=""):
    """Lines of a table, one a property; objects and lists of objects within are opened."""
    for name, one in schema.get("properties", {}).items():
        words = [one.get("description", ""), limits_of(one)]
        if name not in schema.get("required", []):
            words.append("optional")
        yield f"| `{prefix}{name}` | {cell(type_of(one))} | {cell('; '.join(filter(None, words)))} |"
        inner, path = one, f"{prefix}{name}."
        if "items" in one:
            inner, path = one["items"], f"{prefix}{name}[]."
        if "properties" in inner:
            yield from properties(inner, path)


def table(schema):
    lines = list(properties(schema))
    return ["", "| field | type | meaning |", "|---|---|---|", *lines] if lines else []


def example_of(content):
    if "example" in content:
        yield content["example"]
    for one in content.get("examples", {}).values():
        yield one["value"]


def login_of(operation):
    if not operation["security"]:
        return "No login."
    if operation.get("x-admin"):
        return "Administrators."
    scopes = [one["token"][0] for one in operation["security"] if "token" in one]
    return f"Session, or an API token that may {scopes[0]}." if scopes else "Session alone."


def body(operation):
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = content.get("schema", {})
        yield f"\nBody `{media}`{': ' + type_of(schema) if '$ref' in schema else ''}"
        yield from table(schema)
        for example in example_of(content):
            text = example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)
            yield f"\n```\n{text}\n```"


def responses(operation, document):
    yield ""
    yield "| status | answer |"
    yield "|---|---|"
    for status, answer in sorted(operation["responses"].items()):
        if "$ref" in answer:
            answer = document["components"]["responses"][name_of(answer["$ref"])]
        types = [type_of(one["schema"]) for media, one in answer.get("content", {}).items()
                 if "json" in media and "schema" in one and "$ref" in one["schema"]]
        yield f"| {status} | {cell(answer['description'])} {', '.join(types)} |".replace("  |", " |")


def success(operation):
    """What comes back where all is well: fields of its own, and an example."""
    for status, answer in sorted(operation["responses"].items()):
        for media, content in answer.get("content", {}).items():
            if status.startswith("2") and media == "application/json":
                yield from table(content.get("schema", {}))
                for example in example_of(content):
                    yield f"\n```json\n{json.dumps(example, indent=2, ensure_ascii=False)}\n```"


def operation_lines(path, method, operation, document):
    yield f"\n### {method.upper()} {path}"
    yield f"\n{operation['summary']}. {login_of(operation)}"
    if "description" in operation:
        yield f"\n{operation['description']}"
    shared = document["paths"][path].get("parameters", [])
    parameters = operation.get("parameters", []) + shared
    if parameters:
        yield "\n| parameter | where | type | meaning |\n|---|---|---|---|"
    for one in parameters:
        if "$ref" in one:
            one = document["components"]["parameters"][name_of(one["$ref"])]
        words = "; ".join(filter(None, [one.get("description", ""), limits_of(one["schema"])]))
        yield f"| `{one['name']}` | {one['in']} | {cell(type_of(one['schema']))} | {cell(words)} |"
    yield from body(operation)
    yield from responses(operation, document)
    yield from success(operation)


def manual(document):
    yield HEAD.format(description=document["info"]["description"])
    for tag in document["tags"]:
        yield f"\n## {tag['name']}"
        if "description" in tag:
            yield f"\n{tag['description']}"
        for path, item in document["paths"].items():
            for method, operation in item.items():
                if method != "parameters" and operation["tags"] == [tag["name"]]:
                    yield from operation_lines(path, method, operation, document)
    yield "\n## Schemas"
    for name, schema in document["components"]["schemas"].items():
        yield f"\n### {name}"
        if "description" in schema:
            yield f"\n{schema['description']}"
        if "enum" in schema:
            yield f"\n{type_of(schema)}"
        yield from table(schema)


def main():
    print("\n".join(manual(json.load(sys.stdin))))


if __name__ == "__main__":
    main()
