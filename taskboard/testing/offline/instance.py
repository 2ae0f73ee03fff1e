"""JSON that obeys a JSON Schema: wishes where they are allowed, the simplest elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "date": "2026-01-01",
    "duration": "P1D",
    "email": "owner@example.com",
    "hostname": "example.com",
    "uri": "https://example.com/",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_DEPTH = 20

Schema = Mapping[str, Any]


def instance(schema: Schema, wishes: Any = None) -> Any:
    """A value that obeys ``schema``. ``wishes`` has the same shape as the value: an object of
    wishes by property, a list of them for items, or a value."""
    return _make(schema, wishes, schema, 0)


def resolve(schema: Schema | bool, root: Schema) -> Schema:
    """The schema that a ``$ref`` names; one without as it is. ``True`` is the empty one."""
    if isinstance(schema, bool):
        return {}
    for _ in range(_DEPTH):
        ref = schema.get("$ref")
        if not isinstance(ref, str):
            return schema
        found: Any = root
        for step in ref.removeprefix("#").strip("/").split("/"):
            found = found.get(step, {}) if step and isinstance(found, dict) else found
        schema = found if isinstance(found, dict) else {}
    return {}


def fits(schema: Schema, wish: Any, root: Schema | None = None) -> bool:
    """Whether a wish would be taken as it is, as far as its type and ``enum`` go."""
    return wish is not None and _taken(resolve(schema, root or schema), wish)


def _make(schema: Schema, wish: Any, root: Schema, depth: int) -> Any:
    schema = _one(resolve(schema, root), wish, root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return wish if wish in schema["enum"] else schema["enum"][0]
    kind = _kind(schema, wish)
    if kind == "object":
        return _object(schema, wish, root, depth)
    if kind == "array":
        return _array(schema, wish, root, depth)
    if _is(kind, wish):
        return wish
    return _plain(kind, schema)


def _one(schema: Schema, wish: Any, root: Schema) -> Schema:
    """The schema with its alternatives chosen and its parts joined."""
    for group in ("anyOf", "oneOf"):
        choices = [resolve(one, root) for one in (schema.get(group) or ())]
        if choices:
            rest = {name: value for name, value in schema.items() if name != group}
            best = max(choices, key=lambda one: _liking(one, wish, root))
            return _one({**rest, **best}, wish, root)
    merged = {name: value for name, value in schema.items() if name != "allOf"}
    for part in schema.get("allOf") or ():
        found = _one(resolve(part, root), wish, root)
        properties = {**(merged.get("properties") or {}), **(found.get("properties") or {})}
        required = [*(merged.get("required") or ()), *(found.get("required") or ())]
        merged = {**merged, **found}
        if properties:
            merged |= {"properties": properties, "required": list(dict.fromkeys(required))}
    return merged


def _liking(schema: Schema, wish: Any, root: Schema) -> int:
    """How much of a wish an alternative takes."""
    if not isinstance(wish, dict):
        return 2 if _taken(schema, wish) else 0
    properties = schema.get("properties") or {}
    shared = [(resolve(properties[name], root), wish[name]) for name in wish if name in properties]
    return 1 + sum(2 if _taken(one, value) else -3 for one, value in shared)


def _taken(schema: Schema, wish: Any) -> bool:
    if "const" in schema:
        return bool(schema["const"] == wish)
    if schema.get("enum"):
        return wish in schema["enum"]
    if "anyOf" in schema:
        return any(_taken(one, wish) for one in schema["anyOf"])
    kinds = schema.get("type") or []
    return any(_is(kind, wish) for kind in (kinds if isinstance(kinds, list) else [kinds]))


def _kind(schema: Schema, wish: Any) -> str:
    found = schema.get("type")
    kinds: Sequence[str] = found if isinstance(found, list) else [found] if found else []
    fitting = [kind for kind in kinds if _is(kind, wish)] if wish is not None else []
    if fitting or kinds:
        return (fitting or list(kinds))[0]
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    types: dict[str, Any] = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "object": dict,
        "array": list,
        "null": type(None),
    }
    return kind in types and isinstance(value, types[kind])


def _object(schema: Schema, wish: Any, root: Schema, depth: int) -> dict[str, Any]:
    wishes = wish if isinstance(wish, dict) else {}
    properties = schema.get("properties") or {}
    required = schema.get("required") or ()
    wanted = [name for name in properties if name in required or wishes.get(name) is not None]
    wanted += [name for name in required if name not in properties]
    if depth > _DEPTH:
        wanted = [name for name in wanted if name in required]
    return {n: _make(properties.get(n, {}), wishes.get(n), root, depth + 1) for n in wanted}


def _array(schema: Schema, wish: Any, root: Schema, depth: int) -> list[Any]:
    wishes = list(wish) if isinstance(wish, list | tuple) else []
    wishes = wishes[: schema.get("maxItems") or len(wishes)]
    missing = (schema.get("minItems") or 0) - len(wishes)
    items = schema.get("items") or {}
    return [_make(items, one, root, depth + 1) for one in wishes + [None] * max(0, missing)]


def _plain(kind: str, schema: Schema) -> Any:
    if kind == "string":
        said = _FORMATS.get(schema.get("format") or "", "")
        return said.ljust(schema.get("minLength") or 0, ".")
    if kind in ("integer", "number"):
        above = schema.get("exclusiveMinimum")
        return above + 1 if above is not None else (schema.get("minimum") or 0)
    return True if kind == "boolean" else None
