"""Whose section is on the board, whose has gone, and whose has come back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from taskboard.core.board import Board
from taskboard.core.state import CLOSED, Kind
from taskboard.core.task import Task, World

FEWEST = 5
"""Open tasks a board has at least before many of them gone at once are doubted."""

MOST_GONE = 0.3
"""The part of the open tasks that may go at once without being doubted."""


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """Human ids, as the ledger had them before this look. ``gone`` have just vanished, ``back``
    were missing and are there again; ``dropped`` are sections the runtime added that a save does
    not contain, and that none ever has; ``kept`` are such that a save contains now. ``known``
    counts the tasks of the ledger that stand on the board."""

    known: int = 0
    gone: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def presence(
    board: Board,
    world: World,
    shown: Mapping[str, str],
    named: Iterable[str],
    renamed: Collection[str] = (),
) -> Presence:
    """Compare the board with the ledger. ``shown`` is what the last projection showed, by human
    id; ``named`` the ids of the board's items, given ones too; ``renamed`` the task ids that
    stand under a new id."""
    there = {world.names.get(name) for name in (*named, *board.ids)} | set(renamed)
    gone, back, dropped, kept = [], [], [], []
    for task in world.tasks.values():
        if task.task_id in there:
            if task.missing_since:
                back.append(task.task)
            if task.section is not None:
                kept.append(task.task)
        elif task.task in shown or task.section is None:
            if task.section is not None and not task.dropped:
                dropped.append(task.task)
            elif _may_be_missed(task):
                gone.append(task.task)
    return Presence(
        known=len(there - {None}),
        gone=tuple(gone),
        back=tuple(back),
        dropped=tuple(dropped),
        kept=tuple(kept),
    )


def _may_be_missed(task: Task) -> bool:
    return not task.missing_since and not task.hidden and task.kind is not Kind.WITHDRAWN


def too_many_gone(world: World, gone: Collection[str]) -> bool:
    """Whether so many open tasks have gone at once that it was hardly meant: more than 30 % of
    at least 5."""
    alive = {t.task for t in world.tasks.values() if t.kind not in CLOSED and _may_be_missed(t)}
    return len(alive) >= FEWEST and len(alive.intersection(gone)) > MOST_GONE * len(alive)
