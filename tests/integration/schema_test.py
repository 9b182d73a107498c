"""tests/support/schema.py: each keyword lets the right value through and finds the wrong one."""

import unittest

from schema import Schemas

PAIRS = [  # schema, values that fit, values that do not
    ({"type": "integer"}, [1, 2.0, -3], [1.5, "1", True, None]),
    ({"type": ["string", "null"]}, ["", None], [1, []]),
    ({"type": "boolean"}, [True], [0, "true"]),
    ({"enum": ["a", 1, None]}, ["a", 1, None], ["b", True, 2]),
    ({"const": 3}, [3], [4]),
    ({"properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False},
     [{"a": "x"}], [{}, {"a": 1}, {"a": "x", "b": 1}]),
    ({"additionalProperties": {"type": "number"}}, [{}, {"x": 1.5}], [{"x": "1"}]),
    ({"propertyNames": {"pattern": "^[a-z]+$"}}, [{"ab": 1}], [{"A": 1}]),
    ({"items": {"type": "integer"}, "minItems": 1, "maxItems": 2}, [[1], [1, 2]],
     [[], [1, 2, 3], ["a"]]),
    ({"prefixItems": [{"type": "integer"}, {"type": "number"}]}, [[1, 0.5]], [["a", 1]]),
    ({"uniqueItems": True}, [[1, 2]], [[1, 1]]),
    ({"minimum": 0, "maximum": 1}, [0, 0.5, 1, "text"], [-0.1, 2]),
    ({"exclusiveMinimum": 0, "exclusiveMaximum": 1}, [0.5], [0, 1]),
    ({"multipleOf": 0.5}, [1.5], [1.4]),
    ({"minLength": 1, "maxLength": 3, "pattern": "^[a-c]*$"}, ["a", "abc"], ["", "abca", "d"]),
    ({"format": "date-time"}, ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123+00:00"],
     ["2026-01-02", "2026-01-02T03:04:05", "now"]),
    ({"allOf": [{"type": "integer"}, {"minimum": 2}]}, [2], [1, "2"]),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, ["", None], [1]),
    ({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, [1, 2.5], [3, 1.5]),
    ({"$ref": "#/components/schemas/Small"}, [1], [11]),
    (True, [1, None], []),
    (False, [], [1]),
]


class Keywords(unittest.TestCase):
    schemas = Schemas({"components": {"schemas": {"Small": {"maximum": 10}}}})

    def test_each_keyword_tells_right_from_wrong(self):
        for schema, good, bad in PAIRS:
            for value in good:
                self.assertEqual(self.schemas.faults(value, schema), [], (schema, value))
            for value in bad:
                self.assertNotEqual(self.schemas.faults(value, schema), [], (schema, value))

    def test_a_fault_names_its_place(self):
        schema = {"properties": {"jobs": {"items": {"properties": {"id": {"type": "integer"}}}}}}
        faults = self.schemas.faults({"jobs": [{"id": 1}, {"id": "x"}]}, schema)
        self.assertEqual(len(faults), 1)
        self.assertTrue(faults[0].startswith("/jobs/1/id: "), faults)

    def test_an_unknown_keyword_is_refused_rather_than_overlooked(self):
        with self.assertRaises(AssertionError):
            self.schemas.faults({}, {"dependentRequired": {}})
        self.assertEqual(self.schemas.faults({}, {"x-owner": "me", "title": "T"}), [])


if __name__ == "__main__":
    unittest.main()
