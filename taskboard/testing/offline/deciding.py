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
    return "picks" in (schema.get("properties") or {})


def is_judgement(schema: Schema) -> bool:
    """Whether it is asked if something is good enough."""
    return {"ok", "reason"} <= (schema.get("properties") or {}).keys()


def decide(ask: Ask, schema: Schema) -> dict[str, Any]:
    """Promote what may be promoted, then pick candidates in their order while there is room."""
    items = resolve(resolve(schema["properties"]["picks"], schema).get("items") or {}, schema)
    shapes = [resolve(one, schema) for one in items.get("anyOf") or [items]]
    ids = list(dict.fromkeys(name for shape in shapes for name in _ids(shape, schema)))
    picks = _proposals(ask, ids)
    started = sum(pick["action"] == "execute" for pick in picks)
    said = f"{started} may start, in the order of the board."
    wishes = {"picks": picks, "reason": said, "summary": said, "ask": "", "notes": ""}
    return _obedient(schema, wishes)


def _proposals(ask: Ask, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The picks; where the schema names ids, of those only."""
    states = list(_states(ask))
    promotable = [one for one in _listed(states, "promotable") if one in ids or not ids]
    candidates = [one for one in _candidates(states) if one in ids or not ids]
    chosen = (candidates or [one for one in ids if one not in promotable])[: _room(states)]
    odd = [one for one in candidates if _hides(ask, one)]
    starts = [_pick(one, "execute", _why(at)) for at, one in enumerate(chosen)]
    return [
        *(_pick(one, "promote", "What it waited for is done.") for one in promotable),
        *(_pick(one, "flag", "Its text hides characters.") for one in odd),
        *(pick | _known(states, pick["id"]) for pick in starts),
    ]


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
        found = resolve((shape.get("properties") or {}).get(name, {}), root)
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
        rows = state.get("candidates")
        for one in rows if isinstance(rows, list) else ():
            if _name(one) == name and isinstance(one, dict) and one.get("executor"):
                return {"executor": one["executor"]}
    return {}
