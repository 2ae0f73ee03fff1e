"""Which shape a file has: the one that sees most tasks in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from taskboard.core.imports.nouns import LEFT_OUT, UNCLEAR, Finding, Reading
from taskboard.core.imports.source import Source

_CERTAIN = 500
_MANY = 3


class Shape(Protocol):
    """What a module of ``shapes`` has."""

    def score(self, source: Source) -> float:
        """How many tasks it sees in the source; 0 for none, hundreds where a mark is certain."""

    def read(self, source: Source) -> Reading:
        """The tasks, and everything else of the source."""


class Chosen(NamedTuple):
    """The name of the shape a file has been read as (empty: none), and what that gave."""

    name: str
    reading: Reading


def seen_as(source: Source, shapes: Mapping[str, Shape]) -> str:
    """The shape that sees most tasks in the source; empty when none is sure of any."""
    scores = {name: shape.score(source) for name, shape in shapes.items()}
    best = max(sorted(scores), key=lambda one: scores[one], default="")
    return best if best and scores[best] >= 1 else ""


def read_as(source: Source, shapes: Mapping[str, Shape], wanted: str = "") -> Chosen:
    """The source, read as ``wanted`` or as the shape that sees most tasks in it."""
    scores = {name: shape.score(source) for name, shape in shapes.items()} if not wanted else {}
    name = wanted or max(sorted(scores), key=lambda one: scores[one], default="")
    if not name or (not wanted and not scores[name]):
        said = "No tasks are seen in it; name its shape with --from if it has some."
        return Chosen("", Reading(findings=[*source.findings, _nothing(source, said)]))
    reading = shapes[name].read(source)
    reading.findings[:0] = source.findings
    if not reading.tasks:
        reading.findings.append(_nothing(source, f"No tasks are seen in it as {name}."))
    rest = _rest(name, scores)
    if rest:
        count = int(scores[rest])
        said = f"Read as {name}. As {rest} it would have {count} tasks, which are text now."
        reading.findings.append(Finding(kind=UNCLEAR, file=source.name, line=0, message=said))
    return Chosen(name, reading)


def _nothing(source: Source, said: str) -> Finding:
    return Finding(kind=LEFT_OUT, file=source.name, line=0, message=said)


_ALIKE = frozenset({"checklist", "obsidian-tasks", "tasks-md", "lanes", "kanban"})


def _rest(name: str, scores: Mapping[str, float]) -> str:
    """Another shape that sees many tasks, too: not one that would see the same."""
    if scores.get(name, _CERTAIN) >= _CERTAIN:
        return ""
    others = {
        other: score
        for other, score in scores.items()
        if other != name and score >= _MANY and not {name, other} <= _ALIKE
    }
    return max(sorted(others), key=lambda one: others[one], default="")
