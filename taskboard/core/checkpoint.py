"""A world to bytes and back. Pure; what it is good for is said in ``ledgers.jsonl.checkpoint``.

Tasks are packed one by one, so that a start need not unpack those that nobody asks for.
"""

from __future__ import annotations

from typing import Any

import msgspec

from taskboard.core.lazy import LazyMap, LazySet, Packed
from taskboard.core.task import Task, World

_ENCODER = msgspec.msgpack.Encoder()
_APART = frozenset({"tasks", "names", "vouched"})


class Frozen(msgspec.Struct, array_like=True):
    """A world without its tasks: ``facts`` are its attributes by name. Of each task there are the
    id and a human id; ``aliases`` are the others that it had, ``vouched`` the digests."""

    facts: dict[str, Any]
    ids: list[str]
    names: list[str]
    aliases: dict[str, str]
    vouched: str


def freeze(world: World) -> tuple[Frozen, list[bytes]]:
    """The world, and the bytes of each task."""
    tasks = world.tasks
    if isinstance(tasks, LazyMap):
        packed = tasks.pack(_ENCODER.encode)
    else:
        packed = [_ENCODER.encode(task) for task in tasks.values()]
    facts = {name: value for name, value in vars(world).items() if name not in _APART}
    ids = list(tasks)
    names = {task_id: name for name, task_id in world.names.items()}  # the last one of each
    aliases = {name: known for name, known in world.names.items() if names[known] != name}
    known = [names.get(task_id, "") for task_id in ids]
    return Frozen(facts, ids, known, aliases, world.vouched.pack()), packed


def thaw(frozen: Frozen, packed: Packed[Task]) -> World:
    """The world that was frozen; ``packed`` unpacks its tasks. Raises ``ValueError`` or
    ``TypeError`` when it was frozen by another version."""
    world = World()
    places = vars(world)
    if frozen.facts.keys() != places.keys() - _APART:
        raise ValueError("another version's world")
    for name, value in frozen.facts.items():
        kind = type(places[name])
        places[name] = kind(value) if kind in (set, frozenset) else value
    world.vouched = LazySet(frozen.vouched)
    world.tasks = LazyMap(packed, frozen.ids)
    world.names = dict(zip(frozen.names, frozen.ids, strict=True))
    world.names.pop("", None)
    world.names.update(frozen.aliases)
    return world
