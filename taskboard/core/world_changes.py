"""What facts about no task change: the ledger, pauses, daemons, git, and what a look at the board
found out about sections (``sighted``), which ``core.fold`` applies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from taskboard.core.changes import Fact
from taskboard.core.event import Event
from taskboard.core.event import EventType as E
from taskboard.core.task import Uptime, World


def _opened(world: World, event: Event) -> None:
    world.ledger_id = event.data.get("ledger_id")
    world.forked_from = (event.data.get("forked_from") or {}).get("ledger_id")


def _paused(world: World, event: Event) -> None:
    world.paused = event.type == E.PAUSED


def _daemon(world: World, event: Event) -> None:
    started = event.type == E.DAEMON_STARTED
    world.daemon_version = str(event.data.get("version", "")) if started else None


def _git_moved(world: World, event: Event) -> None:
    world.git_head = event.data.get("git", world.git_head)


def _saved(world: World, event: Event) -> None:
    data = event.data
    world.digest = data.get("digest", world.digest)
    world.absorbed = event.seq
    _stands(world, event)
    world.tangled = frozenset(data.get("tangled", ()))
    world.held = data.get("held")
    if world.held is None:
        world.cut = data.get("cut")
        world.read, world.read_at = world.digest, event.seq
    world.git_head = data.get("git", world.git_head)
    world.withheld = bool(data.get("withheld"))


def _stands(world: World, event: Event) -> None:
    """What is on the board from this event on: a save, or what the runtime has written."""
    whole = "edits" not in event.data
    world.board = event.data.get("digest", world.board)
    world.board_from = event.seq if whole else world.board_from
    world.board_edits = 0 if whole else world.board_edits + 1


WORLD_CHANGES: dict[str, Callable[[World, Event], None]] = {
    E.LEDGER_OPENED.value: _opened,
    E.PAUSED.value: _paused,
    E.RESUMED.value: _paused,
    E.DAEMON_STARTED.value: _daemon,
    E.DAEMON_STOPPED.value: _daemon,
    E.GIT_MOVED.value: _git_moved,
    E.FILE_CHANGED_TRIGGERED.value: _saved,
    E.BOARD_WRITTEN.value: _stands,
}
"""What facts about no task change in the world."""


_SIGHTED: dict[str, dict[str, Any]] = {
    "back": {"missing_since": None, "withdrawing": False},
    "dropped": {"dropped": True},
    "kept": {"section": None},
}
"""What a look at the board says of the tasks it lists; ``gone`` says since when, besides."""

_SAVED = E.FILE_CHANGED_TRIGGERED.value
_SEEN = frozenset({"gone", *_SIGHTED})


def sighted(fact: Fact, ts: str) -> list[tuple[str, dict[str, Any]]]:
    """What a look at the board found out about sections, by human id."""
    if fact.type != _SAVED or _SEEN.isdisjoint(fact.data):
        return []
    told = fact.data.get("uptime")
    gone = {"missing_since": ts, "missing_at": Uptime(*told) if told else None}
    found = [(str(name), gone) for name in fact.data.get("gone", ())]
    for key, change in _SIGHTED.items():
        found += [(str(name), change) for name in fact.data.get(key, ())]
    return found
