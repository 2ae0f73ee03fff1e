"""A world to bytes and back. Pure; what it is good for is said in ``ledgers.jsonl.checkpoint``.

Tasks are packed one by one, so that a start need not unpack those that nobody asks for.
"""

from __future__ import annotations

from typing import Any

import msgspec

from taskboard.core.lazy import LazyMap
from taskboard.core.task import Task, World

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Task)


class Frozen(msgspec.Struct, array_like=True):
    """A world without its tasks: ``facts`` are its attributes by name; of each task the id and the
    size of its bytes."""

    facts: dict[str, Any]
    ids: list[str]
    sizes: list[int]


def freeze(world: World) -> tuple[Frozen, list[bytes]]:
    """The world, and the bytes of each task."""
    tasks = world.tasks
    if isinstance(tasks, LazyMap):
        packed = tasks.pack(_ENCODER.encode)
    else:
        packed = [_ENCODER.encode(task) for task in tasks.values()]
    facts = {name: value for name, value in vars(world).items() if name != "tasks"}
    return Frozen(facts, list(tasks), [len(one) for one in packed]), packed


def thaw(frozen: Frozen, tasks: bytes) -> World:
    """The world that was frozen; ``tasks`` are the bytes of all its tasks. Raises ``ValueError``
    or ``TypeError`` when it was frozen by another version."""
    world = World()
    places = vars(world)
    if frozen.facts.keys() != places.keys() - {"tasks"}:
        raise ValueError("another version's world")
    for name, value in frozen.facts.items():
        kind = type(places[name])
        places[name] = kind(value) if kind in (set, frozenset) else value
    world.tasks = LazyMap.packed(_DECODER.decode, frozen.ids, frozen.sizes, tasks)
    return world
