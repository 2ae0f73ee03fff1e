"""What structured output refuses in a JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from taskboard.testing.offline.shapes import malformed

_KEYWORDS = frozenset(
    "type properties required additionalProperties items enum const anyOf allOf $ref $defs"
    " definitions description title default format minItems examples $schema $id".split()
)
_FORMATS = frozenset("date-time time date duration email hostname uri ipv4 ipv6 uuid".split())


def schema_faults(schema: Any, place: str) -> Iterator[str]:
    """What is wrong with the schema at ``place``, in the API's words."""
    fault = next(malformed(schema, place), None)
    if fault:
        yield fault
    else:
        yield from _faults(schema, place)


def _faults(schema: Any, place: str) -> Iterator[str]:
    if not isinstance(schema, dict):
        yield f"{place}: Input should be a valid JSON Schema object"
        return
    yield from _keyword_faults(schema, place)
    yield from _type_faults(schema, place)
    if schema.get("type") == "object":
        yield from _object_faults(schema, place)
    if not ({"type", "enum", "const", "anyOf", "allOf", "$ref"} & schema.keys()):
        yield f"{place}: Schema type is required (one of type, enum, const, anyOf, allOf, $ref)"
    yield from _inner_faults(schema, place)


def _keyword_faults(schema: Mapping[str, Any], place: str) -> Iterator[str]:
    for name in schema:
        if name not in _KEYWORDS:
            kind = schema.get("type")
            front = f"For '{kind}' type, property" if isinstance(kind, str) else "Keyword"
            yield f"{place}: {front} '{name}' is not supported"
    if (schema.get("minItems") or 0) not in (0, 1):
        yield f"{place}: For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    if schema.get("format") is not None and schema["format"] not in _FORMATS:
        yield f"{place}: For 'string' type, format '{schema['format']}' is not supported"


def _type_faults(schema: Mapping[str, Any], place: str) -> Iterator[str]:
    if "enum" in schema and not schema["enum"]:
        yield f"{place}: 'enum' must be a non-empty list"


def _object_faults(schema: Mapping[str, Any], place: str) -> Iterator[str]:
    if schema.get("additionalProperties") is not False:
        yield f"{place}: For 'object' type, 'additionalProperties' must be explicitly set to false"
    properties = schema.get("properties") or {}
    for name in schema.get("required") or ():
        if name not in properties:
            yield f"{place}: required property '{name}' is not defined in 'properties'"


def _inner_faults(schema: Mapping[str, Any], place: str) -> Iterator[str]:
    for group in ("properties", "$defs", "definitions"):
        inner = schema.get(group)
        for name, value in inner.items() if isinstance(inner, dict) else ():
            yield from _faults(value, f"{place}.{group}.{name}")
    for group in ("anyOf", "allOf"):
        for at, value in enumerate(schema.get(group) or ()):
            yield from _faults(value, f"{place}.{group}.{at}")
    if "items" in schema:
        yield from _faults(schema["items"], f"{place}.items")
