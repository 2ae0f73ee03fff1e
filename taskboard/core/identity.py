"""Which task a section is: by its id, or, where that was lost or exchanged, by its title and text.

A heading that was given an id keeps it when an old buffer brings it back without one. One id
exchanged for another over the same text is a rename. Where two sections could be one task, no
verb is read from either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from taskboard.core.board import Board, Item
from taskboard.core.definition import definition
from taskboard.core.facts import digest_of, title_of
from taskboard.core.ids import Names
from taskboard.core.state import TERMINAL, Kind
from taskboard.core.task import Task, World


def name_items(board: Board, world: World) -> dict[int, str]:
    """The human id of every item. A heading without one is a task that stood on the board before
    and has lost its id there, or gets the next free id."""
    bare = [index for index, item in enumerate(board.items) if item.task is None]
    names = {index: item.task or "" for index, item in enumerate(board.items)}
    if bare:
        lost = _Lost(board, world)
        for match in (lost.of_text, lost.of_title, lost.of_growing_title):
            for index in [i for i in bare if not names[i]]:
                names[index] = match(board.items[index])
        fresh = Names([*world.names, *board.ids])
        names |= {index: fresh.next() for index in bare if not names[index]}
    return names


class _Lost:
    """Tasks that are not on the board under their id. Each is found once."""

    def __init__(self, board: Board, world: World) -> None:
        there = {world.names.get(name) for name in board.ids}
        self._board = board
        self._tasks = [
            task
            for task in world.tasks.values()
            if task.task_id not in there and not (task.hidden and task.kind in TERMINAL)
        ]

    def of_text(self, item: Item) -> str:
        """A task of exactly this text, withdrawn ones too: an edit that was undone."""
        wanted = digest_of(definition(self._board, item))
        return self._take(lambda task: task.text == wanted)

    def of_title(self, item: Item) -> str:
        """A task of this title that the runtime itself gave an id."""
        title = title_of(item)
        return self._take(lambda task: _was_given(task) and task.title == title)

    def of_growing_title(self, item: Item) -> str:
        """A new task whose title is still being typed, while an editor saves by itself."""
        title = title_of(item)
        return self._take(
            lambda task: (
                _was_given(task)
                and task.attempt == 0
                and bool(task.title and title)
                and (task.title.startswith(title) or title.startswith(task.title))
            )
        )

    def _take(self, fits: Callable[[Task], bool]) -> str:
        found = next((task for task in self._tasks if fits(task)), None)
        if found is None:
            return ""
        self._tasks.remove(found)
        return found.task


def _was_given(task: Task) -> bool:
    return task.assigned and task.kind is not Kind.WITHDRAWN


def renames(
    board: Board, world: World, ours: Callable[[str], frozenset[bytes]]
) -> dict[str, Task]:
    """Tasks by the id that their section carries now instead of theirs.

    An id the task had before is its own. A new id has never been given, stands once, and is over
    the text of exactly one task that is gone; a copy of a finished task under a new id with
    another status is new work. ``ours`` are the runtime's own lines by the task's present id."""
    found = {}
    fresh: list[Item] = []
    for item in board.items:
        task = world.named(item.task) if item.task else None
        if task is not None and task.task != item.task:
            found[str(item.task)] = task
        elif item.task and task is None:
            fresh.append(item)
    return found | _exchanged(board, world, fresh, ours) if fresh else found


def _exchanged(
    board: Board, world: World, fresh: list[Item], ours: Callable[[str], frozenset[bytes]]
) -> dict[str, Task]:
    there = {world.names.get(name) for name in board.ids}
    gone = [t for t in world.tasks.values() if t.task_id not in there and not has_left(t)]
    lines = frozenset[bytes]().union(*(ours(task.task) for task in gone))
    digests = [digest_of(definition(board, item, lines)) for item in fresh]
    twice = _more_than_once(digests)
    owners: dict[str, list[Task]] = {}
    for task in gone:
        owners.setdefault(task.text or "", []).append(task)
    found = {}
    for item, digest in zip(fresh, digests, strict=True):
        candidates = owners.get(digest, [])
        if digest not in twice and len(candidates) == 1 and item.task:
            was = candidates[0]
            if was.kind not in TERMINAL or item.status == was.status:
                found[item.task] = was
    return found


def doubled_ids(board: Board, world: World) -> frozenset[str]:
    """Ids that stand on more than one task of the board: the same id twice, or a task's present
    id beside one it had before."""
    literal = _more_than_once(item.task for item in board.items if item.task)
    by_task: dict[str, set[str]] = {}
    for item in board.items:
        task = world.named(item.task) if item.task else None
        if task is not None and item.task:
            by_task.setdefault(task.task_id, set()).add(item.task)
    aliases = (names for names in by_task.values() if len(names) > 1)
    return literal.union(*aliases)


def tangled_ids(names: Mapping[int, str], texts: Sequence[bytes], world: World) -> frozenset[str]:
    """Ids that stand over a text the ledger knows as another task's (two ids exchanged, say):
    nobody can tell which of the two is meant."""
    owners: dict[str, set[str]] = {}
    for task in world.tasks.values():
        if task.text is not None and task.kind is not Kind.WITHDRAWN:
            owners.setdefault(task.text, set()).add(task.task)
    found: set[str] = set()
    for index, name in names.items():
        known = world.named(name)
        others = owners.get(digest_of(texts[index]), set()) if known is not None else set()
        if known is not None and others and known.task not in others:
            found |= {name, *others}
    return frozenset(found)


def reused_ids(board: Board, world: World) -> frozenset[str]:
    """Ids of tasks that have left the board, over a section with another title."""
    found = set()
    for item in board.items:
        task = world.named(item.task) if item.task else None
        if task is not None and has_left(task) and task.title != title_of(item):
            found.add(task.task)
    return frozenset(found)


def has_left(task: Task) -> bool:
    """Whether a task was taken off the board for good: withdrawn, or hidden after its end."""
    return task.kind is Kind.WITHDRAWN or task.hidden


def _more_than_once(words: Iterable[str]) -> frozenset[str]:
    seen: set[str] = set()
    twice: set[str] = set()
    for word in words:
        (twice if word in seen else seen).add(word)
    return frozenset(twice)
