"""How the offline model decides and judges: by the schema of the answer that is wanted and by the
state in the user's turn, as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from taskboard.testing.offline.ask import Ask
from taskboard.testing.offline.instance import instance, resolve

_IDS = ("task_id", "id", "task")
_ROOM = ("free_slots", "slots_free", "free", "slots", "room")

_SECTION = re.MULTILINE | re.DOTALL

Schema = Mapping[str, Any]


def is_decision(schema: Schema) -> bool:
    """Whether picks are wanted."""
    return "picks" in dict(schema.get("properties", {}))


def is_judgement(schema: Schema) -> bool:
    """Whether it is asked if something is good enough."""
    return {"ok", "reason"} <= dict(schema.get("properties", {})).keys()


def decide(ask: Ask, schema: Schema) -> dict[str, Any]:
    """Promote what may be promoted, then pick candidates in their order while there is room."""
    states = list(_states(ask))
    items = resolve(resolve(schema["properties"]["picks"], schema).get("items", {}), schema)
    shapes = [resolve(one, schema) for one in items.get("anyOf", [items])]
    ids = list(dict.fromkeys(name for shape in shapes for name in _ids(shape, schema)))
    promotable = [one for one in _listed(states, "promotable") if one in ids or not ids]
    candidates = [one for one in _candidates(states) if one in ids] if ids else _candidates(states)
    chosen = (candidates or [one for one in ids if one not in promotable])[: _room(states)]
    picks = [_pick(one, "promote", "What it waited for is done.") for one in promotable]
    odd = [one for one in candidates if _hides(ask, one)]
    picks += [_pick(one, "flag", "Its text hides characters.") for one in odd]
    picks += [
        _pick(one, "execute", _why(at)) | _known(states, one) for at, one in enumerate(chosen)
    ]
    said = (
        f"{len(chosen)} of {len(candidates or ids)} candidates start, in the order of the board."
    )
    return _obedient(
        schema, {"picks": picks, "reason": said, "ask": "", "notes": "", "summary": said}
    )


def judge(schema: Schema) -> dict[str, Any]:
    """It is good enough."""
    said = "The evidence shows what the measure asks for, as far as the offline model can tell."
    return _obedient(schema, {"ok": True, "reason": said})


def _obedient(schema: Schema, wishes: Mapping[str, Any]) -> dict[str, Any]:
    found = instance(schema, dict(wishes))
    assert isinstance(found, dict), "the schema of a decision or judgement is that of an object"
    return found


def _pick(name: str, action: str, reason: str) -> dict[str, Any]:
    return {**dict.fromkeys(_IDS, name), "action": action, "reason": reason, "model": ""}


def _hides(ask: Ask, name: str) -> bool:
    """Whether hidden characters, made visible as ``[U+200B]``, stand in a task's section."""
    found = re.search(rf"^(?:#+ )?{re.escape(name)}\b(.*?)(?=^#+ |\Z)", ask.system, _SECTION)
    return found is not None and "[U+" in found.group(1)


def _why(at: int) -> str:
    return "It stands first among what may run." if at == 0 else "It may run and there is room."


def _ids(shape: Schema, root: Schema) -> Iterator[str]:
    for name in _IDS:
        found = resolve(shape.get("properties", {}).get(name, {}), root)
        if "enum" in found or "const" in found:
            yield from found.get("enum", [found.get("const")])
            return


def _states(ask: Ask) -> Iterator[Mapping[str, Any]]:
    """The JSON objects in what the user said, the last first."""
    decoder = json.JSONDecoder()
    for text in reversed(ask.user):
        at = text.find("{")
        found: list[Mapping[str, Any]] = []
        while at >= 0:
            try:
                value, end = decoder.raw_decode(text, at)
            except ValueError:
                end = at + 1
            else:
                found.append(value)
            at = text.find("{", end)
        yield from reversed(found)


def _room(states: Sequence[Mapping[str, Any]]) -> int | None:
    for state in states:
        for name in _ROOM:
            if isinstance(state.get(name), int) and not isinstance(state[name], bool):
                return max(0, int(state[name]))
    return None


def _candidates(states: Sequence[Mapping[str, Any]]) -> list[str]:
    return _listed(states, "candidates") or _listed(states, "ready") or _listed(states, "tasks")


def _listed(states: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    for state in states:
        found = state.get(name)
        if isinstance(found, list):
            return [one for one in map(_name, found) if one]
    return []


def _name(found: Any) -> str:
    if isinstance(found, dict):
        return next((str(found[name]) for name in _IDS if found.get(name)), "")
    return found if isinstance(found, str) else ""


def _known(states: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """The executor that the state names for a candidate."""
    for state in states:
        for one in state.get("candidates") or ():
            if _name(one) == name and isinstance(one, dict) and one.get("executor"):
                return {"executor": one["executor"]}
    return {}
