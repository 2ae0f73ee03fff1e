"""Which task a section is: by its id, or, where that was lost or exchanged, by its title and text.

A heading that was given an id keeps it when an old buffer brings it back without one. One id
exchanged for another over the same text is a rename. Where two sections could be one task, no
verb is read from either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from taskboard.core.board import Board, Item
from taskboard.core.definition import definition, essence
from taskboard.core.facts import MAX_TITLE, clean, digest_of, title_of
from taskboard.core.ids import Names, ids_in
from taskboard.core.state import TERMINAL, Kind
from taskboard.core.task import Task, World


def name_items(board: Board, world: World) -> dict[int, str]:
    """The human id of every item. A heading without one is a task that stood on the board before
    and has lost its id there, or gets the next free id."""
    bare = [index for index, item in enumerate(board.items) if item.task is None]
    names = {index: item.task or "" for index, item in enumerate(board.items)}
    if bare:
        lost = _Lost(board, world)
        for match in lost.ways():
            for index in [i for i in bare if not names[i]]:
                names[index] = match(board.items[index])
        tasks = [item.task for item in board.items if item.task]
        fresh = Names([*world.names, *tasks], (*board.ids, *ids_in(board.data)))
        names |= {index: fresh.next() for index in bare if not names[index]}
    return names


class _Lost:
    """Tasks that are not on the board under their id. Each is found once."""

    def __init__(self, board: Board, world: World) -> None:
        there = {world.names.get(name) for name in board.ids}
        self._board = board
        self._tasks = [task for task in world.tasks.values() if task.task_id not in there]

    def ways(self) -> Iterator[Callable[[Item], str]]:
        """Every way to find one, the surest first."""
        yield from (self.of_text, self.of_earlier_text, self.of_title, self.of_growing_title)

    def of_text(self, item: Item) -> str:
        """A task of exactly this text, whatever became of it: a removal that was undone."""
        wanted = digest_of(definition(self._board, item))
        return self._take(lambda task: task.text == wanted)

    def of_earlier_text(self, item: Item) -> str:
        """A task that had exactly this text."""
        wanted = digest_of(definition(self._board, item))
        return self._take(lambda task: wanted in task.texts)

    def of_title(self, item: Item) -> str:
        """A task that has, or had, this title, and that the runtime itself gave an id."""
        title = title_of(item)
        return self._take(lambda task: _was_given(task) and title in (task.title, *task.titles))

    def of_growing_title(self, item: Item) -> str:
        """A new task whose title is still being typed, while an editor saves by itself."""
        title = title_of(item)
        return self._take(
            lambda task: (
                _was_given(task)
                and task.attempt == 0
                and task.kind is not Kind.WITHDRAWN
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
    return task.assigned and not task.hidden


def lost_headings(board: Board, world: World) -> frozenset[int]:
    """Where headings start that are no tasks by themselves (no id, and a status that is neither
    ready nor blocked) and were one: the runtime gave it an id that an old buffer has not."""
    if not board.loose:
        return frozenset()
    there = {world.names.get(name) for name in board.ids}
    lost = {
        title
        for task in world.tasks.values()
        if task.task_id not in there and _was_given(task)
        for title in (task.title, *task.titles)
    }
    return frozenset(start for start, title in board.loose if clean(title)[:MAX_TITLE] in lost)


class Lines(Protocol):
    """The runtime's own lines by the task's present id: those it wrote last, and all known."""

    def last(self, task: str | None) -> frozenset[bytes]: ...
    def ours(self, task: str | None) -> frozenset[bytes]: ...


def renames(board: Board, world: World, lines: Lines) -> dict[str, Task]:
    """Tasks by the id that their section carries now instead of theirs.

    An id the task had before is its own. A new id has never been given, stands once, and is over
    the text of exactly one task that is gone. A finished task under a new id with another status
    is new work if the text was made on its end: it has the line that the runtime wrote then."""
    found = {}
    fresh: list[Item] = []
    for item in board.items:
        task = world.named(item.task) if item.task else None
        if task is not None and task.task != item.task:
            found[str(item.task)] = task
        elif item.task and task is None:
            fresh.append(item)
    return found | _exchanged(board, world, fresh, lines) if fresh else found


def _exchanged(board: Board, world: World, fresh: list[Item], lines: Lines) -> dict[str, Task]:
    there = {world.names.get(name) for name in board.ids}
    gone = [t for t in world.tasks.values() if t.task_id not in there and not has_left(t)]
    ours = frozenset[bytes]().union(*(lines.ours(task.task) for task in gone))
    digests = [digest_of(definition(board, item, ours)) for item in fresh]
    twice = _more_than_once(digests)
    owners: dict[str, list[Task]] = {}
    for task in gone:
        owners.setdefault(task.text or "", []).append(task)
    found = {}
    for item, digest in zip(fresh, digests, strict=True):
        candidates = owners.get(digest, [])
        if digest not in twice and len(candidates) == 1 and item.task:
            was = candidates[0]
            again = was.kind in TERMINAL and item.status != was.status
            if not (again and _has_lines(board, item, lines.last(was.task))):
                found[item.task] = was
    return found


def _has_lines(board: Board, item: Item, lines: frozenset[bytes]) -> bool:
    """Whether an item has each of these lines among its fields, however they are spelled."""
    there = {essence(board.data[f.span.start : f.span.end]) for f in item.fields}
    return {essence(line) for line in lines} <= there


def doubled_ids(board: Board, world: World) -> frozenset[str]:
    """Ids that stand on more than one task of the board: the same id twice, or a task's present
    id beside one it had before."""
    seen: set[str] = set()
    found: set[str] = set()
    first: dict[str, str] = {}
    for name in (item.task for item in board.items):
        if name is None:
            continue
        if name in seen:
            found.add(name)
            continue
        seen.add(name)
        task_id = world.names.get(name)
        if task_id is not None and (other := first.setdefault(task_id, name)) != name:
            found |= {other, name}
    return frozenset(found)


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
        task_id = world.names.get(item.task) if item.task else None
        if task_id is None or task_id in world.unclosed:
            continue
        task = world.tasks[task_id]
        if has_left(task) and task.title != title_of(item):
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
