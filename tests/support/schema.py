"""JSON Schema, as far as openapi.json uses it (2020-12). A keyword that is not known here is a
fault of the test: nothing is skipped in silence.

    Schemas(document).faults(value, {"$ref": "#/components/schemas/Job"})  → ["/status: …"]
"""

import datetime
import math
import re

_TYPES = {
    "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: not isinstance(v, bool) and (
        isinstance(v, int) or (isinstance(v, float) and v.is_integer())),
    "number": lambda v: not isinstance(v, bool) and isinstance(v, (int, float)),
    "string": lambda v: isinstance(v, str),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
}
_SILENT = {"title", "description", "default", "example", "examples", "deprecated", "readOnly",
           "writeOnly", "$comment", "contentMediaType", "contentEncoding"}


def _is_moment(text):
    try:
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo is not None
    except ValueError:
        return False


_FORMATS = {
    "date-time": _is_moment,
    "email": lambda text: "@" in text,
    "uri": lambda text: re.match(r"[a-z][a-z0-9+.-]*:", text) is not None,
    "uri-reference": lambda text: True,
    "password": lambda text: True,
    "binary": lambda text: True,
}


class Schemas:
    def __init__(self, document):
        self.document = document

    def resolve(self, node):
        """A node of the document, with its $ref followed."""
        while isinstance(node, dict) and "$ref" in node:
            name = node["$ref"]
            assert name.startswith("#/"), f"{name} is no reference within the document"
            node = self.document
            for part in name[2:].split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        return node

    def faults(self, value, schema, at=""):
        """What of the value does not fit, a line each; none: it is valid."""
        if schema is True or schema == {}:
            return []
        if schema is False:
            return [f"{at}: nothing is allowed here"]
        found = []
        for keyword, wanted in schema.items():
            if keyword.startswith("x-") or keyword in _SILENT:
                continue
            check = getattr(self, "_check_" + keyword.lstrip("$"), None)
            assert check, f"schema.py knows no keyword {keyword} (at {at or '/'})"
            found += check(value, wanted, at, schema)
        return found

    def _check_ref(self, value, _, at, schema):
        return self.faults(value, self.resolve({"$ref": schema["$ref"]}), at)

    def _check_type(self, value, wanted, at, _):
        names = wanted if isinstance(wanted, list) else [wanted]
        if any(_TYPES[name](value) for name in names):
            return []
        return [f"{at}: {value!r} is not {' or '.join(names)}"]

    def _check_enum(self, value, wanted, at, _):
        good = any(value == one and type(value) is type(one) for one in wanted)
        return [] if good else [f"{at}: {value!r} is none of {wanted}"]

    def _check_const(self, value, wanted, at, _):
        return [] if value == wanted else [f"{at}: {value!r} is not {wanted!r}"]

    def _check_properties(self, value, wanted, at, _):
        if not isinstance(value, dict):
            return []
        return [fault for name, schema in wanted.items() if name in value
                for fault in self.faults(value[name], schema, f"{at}/{name}")]

    def _check_required(self, value, wanted, at, _):
        if not isinstance(value, dict):
            return []
        return [f"{at}: {name} is missing" for name in wanted if name not in value]

    def _check_additionalProperties(self, value, wanted, at, schema):
        if not isinstance(value, dict):
            return []
        return [fault for name, inner in value.items() if name not in schema.get("properties", {})
                for fault in self.faults(inner, wanted, f"{at}/{name}")]

    def _check_propertyNames(self, value, wanted, at, _):
        names = value if isinstance(value, dict) else ()
        return [fault for name in names for fault in self.faults(name, wanted, f"{at}/{name}")]

    def _check_items(self, value, wanted, at, schema):
        if not isinstance(value, list):
            return []
        skip = len(schema.get("prefixItems", ()))
        return [fault for index, inner in enumerate(value) if index >= skip
                for fault in self.faults(inner, wanted, f"{at}/{index}")]

    def _check_prefixItems(self, value, wanted, at, _):
        if not isinstance(value, list):
            return []
        return [fault for index, (inner, schema) in enumerate(zip(value, wanted))
                for fault in self.faults(inner, schema, f"{at}/{index}")]

    def _check_allOf(self, value, wanted, at, _):
        return [fault for schema in wanted for fault in self.faults(value, schema, at)]

    def _check_anyOf(self, value, wanted, at, _):
        tries = [self.faults(value, schema, at) for schema in wanted]
        return [] if any(not one for one in tries) else [f"{at}: fits none of anyOf: {tries}"]

    def _check_oneOf(self, value, wanted, at, _):
        tries = [self.faults(value, schema, at) for schema in wanted]
        fitting = sum(not one for one in tries)
        return [] if fitting == 1 else [f"{at}: fits {fitting} of oneOf: {tries}"]

    @staticmethod
    def _bound(value, at, kind, good, words):
        if not _TYPES[kind](value) or good(value):
            return []
        return [f"{at}: {value!r} {words}"]

    def _check_minimum(self, value, wanted, at, _):
        return self._bound(value, at, "number", lambda v: v >= wanted, f"is below {wanted}")

    def _check_maximum(self, value, wanted, at, _):
        return self._bound(value, at, "number", lambda v: v <= wanted, f"is above {wanted}")

    def _check_exclusiveMinimum(self, value, wanted, at, _):
        return self._bound(value, at, "number", lambda v: v > wanted, f"is not above {wanted}")

    def _check_exclusiveMaximum(self, value, wanted, at, _):
        return self._bound(value, at, "number", lambda v: v < wanted, f"is not below {wanted}")

    def _check_multipleOf(self, value, wanted, at, _):
        return self._bound(value, at, "number",
                           lambda v: math.isclose(v / wanted, round(v / wanted)),
                           f"is no multiple of {wanted}")

    def _check_minLength(self, value, wanted, at, _):
        return self._bound(value, at, "string", lambda v: len(v) >= wanted, "is too short")

    def _check_maxLength(self, value, wanted, at, _):
        return self._bound(value, at, "string", lambda v: len(v) <= wanted, "is too long")

    def _check_pattern(self, value, wanted, at, _):
        return self._bound(value, at, "string", lambda v: re.search(wanted, v) is not None,
                           f"does not match {wanted}")

    def _check_format(self, value, wanted, at, _):
        assert wanted in _FORMATS or wanted in ("int32", "int64", "double", "float"), wanted
        check = _FORMATS.get(wanted, lambda v: True)
        return self._bound(value, at, "string", check, f"is no {wanted}")

    def _check_minItems(self, value, wanted, at, _):
        return self._bound(value, at, "array", lambda v: len(v) >= wanted, "has too few items")

    def _check_maxItems(self, value, wanted, at, _):
        return self._bound(value, at, "array", lambda v: len(v) <= wanted, "has too many items")

    def _check_uniqueItems(self, value, wanted, at, _):
        return self._bound(value, at, "array",
                           lambda v: not wanted or len({repr(one) for one in v}) == len(v),
                           "has an item twice")

    def _check_minProperties(self, value, wanted, at, _):
        return self._bound(value, at, "object", lambda v: len(v) >= wanted, "has too few keys")
