"""Whether JSON has the shape that the rules for it take for granted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
"""The types of JSON Schema."""

_NAMES: Mapping[type, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "dictionary",
    list: "list",
}
_INNER = ("properties", "$defs", "definitions")
_CHOICES = ("anyOf", "allOf", "oneOf")
_KEYWORDS: Mapping[str, Any] = {
    "properties": dict,
    "$defs": dict,
    "definitions": dict,
    "required": [str],
    "enum": list,
    "anyOf": list,
    "allOf": list,
    "oneOf": list,
    "$ref": str,
    "format": str,
    "minItems": int,
    "maxItems": int,
    "minLength": int,
    "minimum": float,
    "exclusiveMinimum": float,
    "type": (str, [str]),
}


def shape_faults(found: Any, shape: Any, place: str) -> Iterator[str]:
    """What does not fit. ``shape`` is a type; ``[shape]`` for a list of them; an object of shapes
    for an object, whose other names may hold anything; a tuple of shapes, one of which must fit.
    What is null or missing fits everywhere but in a list."""
    if isinstance(shape, tuple):
        faults = [list(shape_faults(found, one, place)) for one in shape]
        yield from [] if [] in faults else faults[-1]
    elif isinstance(shape, dict):
        yield from _object_faults(found, shape, place)
    elif isinstance(shape, list):
        yield from _list_faults(found, shape[0], place)
    elif not _is(found, shape):
        yield f"{place}: Input should be a valid {_NAMES[shape]}"


def _object_faults(found: Any, shape: Mapping[str, Any], place: str) -> Iterator[str]:
    if not isinstance(found, dict):
        yield f"{place}: Input should be a valid dictionary"
        return
    front = f"{place}." if place else ""
    for name, inner in shape.items():
        if found.get(name) is not None:
            yield from shape_faults(found[name], inner, f"{front}{name}")


def _list_faults(found: Any, shape: Any, place: str) -> Iterator[str]:
    if not isinstance(found, list):
        yield f"{place}: Input should be a valid list"
        return
    for at, one in enumerate(found):
        yield from shape_faults(one, shape, f"{place}.{at}")


def _is(found: Any, kind: type) -> bool:
    if isinstance(found, bool):
        return kind is bool
    return isinstance(found, int | float if kind is float else kind)


def malformed(schema: Any, place: str) -> Iterator[str]:
    """What makes it no JSON Schema."""
    if isinstance(schema, bool):
        return
    yield from shape_faults(schema, _KEYWORDS, place)
    if not isinstance(schema, dict):
        return
    kinds = schema.get("type") or []
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if kind not in TYPES:
            yield f"{place}: Invalid schema type '{kind}'"
    for group in _INNER:
        inner = schema.get(group)
        for name, value in inner.items() if isinstance(inner, dict) else ():
            yield from malformed(value, f"{place}.{group}.{name}")
    for group in _CHOICES:
        inner = schema.get(group)
        for at, value in enumerate(inner if isinstance(inner, list) else ()):
            yield from malformed(value, f"{place}.{group}.{at}")
    if schema.get("items") is not None:
        yield from malformed(schema["items"], f"{place}.items")
