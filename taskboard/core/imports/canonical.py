"""Readings to a board of ours, and the report of what it says in another way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from taskboard.core.board import Board
from taskboard.core.imports.naming import Register, every, give_ids, needs_of
from taskboard.core.imports.nouns import CHANGED, UNCLEAR, Draft, Finding, Group, Reading
from taskboard.core.imports.section import fenced, write_section
from taskboard.core.imports.take import put_field
from taskboard.core.imports.words import State, family_of_mark, priority_of, state_of
from taskboard.core.parse import parse
from taskboard.core.render import one_line

_DEEPEST = 6
_TOP = 2
"""Level of tasks that stand under no heading of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The new board: its text, its tasks as they stand on it, and what it says in another way."""

    text: str
    tasks: tuple[tuple[Draft, State], ...]
    findings: tuple[Finding, ...]


def write_board(
    readings: Sequence[Reading],
    name: str,
    *,
    taken: Collection[str] = (),
    spoken: Collection[str] = (),
) -> Imported:
    """One board of all ``readings``. ``name`` is its title where the sources have none; ``taken``
    are ids that are not to be given, ``spoken`` those that the sources name. Raises ValueError
    when the text could not be read back as it was meant, which is a mistake of ours."""
    drafts = list(every(task for reading in readings for task in reading.tasks))
    findings = [f for reading in readings for f in reading.findings]
    findings += give_ids(drafts, taken, spoken)
    register = Register(drafts)
    _adopt(readings, drafts, register)
    states: dict[int, State] = {}
    fields: dict[int, list[tuple[str, str]]] = {}
    for reading in readings:
        for draft in every(reading.tasks):
            find = lambda word, near=draft: register.find(word, near)  # noqa: E731
            needs, said = needs_of(draft, find, absent_is_done=reading.absent_is_done)
            state = state_of(draft.word, draft.mark, draft.owner)
            findings += said
            states[id(draft)] = state
            fields[id(draft)] = _fields(draft, state, needs)
    ordered = list(every(task for reading in readings for task in reading.tasks))
    findings += _said_states([(draft, states[id(draft)]) for draft in ordered])
    writer = _Writer(name, fields)
    text = writer.write(readings)
    _must_read_back(parse(text.encode()), ordered, states, writer)
    return Imported(
        text=text,
        tasks=tuple((draft, states[id(draft)]) for draft in ordered),
        findings=tuple(findings + writer.findings),
    )


def _adopt(readings: Sequence[Reading], drafts: list[Draft], register: Register) -> None:
    """Put tasks that name a parent under it. Those that stand in another stay there, and so do
    those whose parents go round in a circle."""
    roots = {id(d): task for r in readings for task in r.tasks for d in every([task])}
    parents: dict[int, Draft] = {}
    for draft in drafts if any(d.parent for d in drafts) else ():
        other = register.find(draft.parent, draft) if draft.parent else None
        inside = other is not None and any(child is draft for child in other.children)
        if (
            other is not None
            and roots[id(draft)] is draft
            and not _circles(draft, other, roots, parents)
        ):
            parents[id(draft)] = other
        elif draft.parent and not inside:
            put_field(draft, "source-parent", draft.parent)
    for reading in readings:
        for group in reading.groups:
            group.tasks = [task for task in group.tasks if id(task) not in parents]
    for draft in drafts:
        if id(draft) in parents:
            parents[id(draft)].children.append(draft)


def _circles(
    draft: Draft, other: Draft, roots: dict[int, Draft], parents: dict[int, Draft]
) -> bool:
    """Whether ``other`` lies beneath ``draft`` already."""
    above = roots[id(other)]
    while id(above) in parents:
        above = roots[id(parents[id(above)])]
    return above is draft


def _fields(draft: Draft, state: State, needs: str) -> list[tuple[str, str]]:
    found = [("status", state.status)]
    if needs:
        found.append(("needs", needs))
    if draft.owner:
        found.append(("owner", draft.owner))
    level = priority_of(draft.priority)
    if level:
        found.append(("priority", level))
    if draft.priority and level.casefold() != draft.priority.casefold():
        put_field(draft, "source-priority", draft.priority)
    if draft.word and not state.exact:
        put_field(draft, "source-status", draft.word)
    elif draft.mark is not None and not draft.word and not state.exact:
        put_field(draft, "source-status", f"[{draft.mark}]")
    return [*found, *draft.fields]


def _said_states(tasks: Iterable[tuple[Draft, State]]) -> Iterator[Finding]:
    """What became of words that are no status here: once for each word and file."""
    groups: dict[tuple[str, str, str, bool], list[Draft]] = {}
    for draft, state in tasks:
        boxed = draft.mark is not None and bool(draft.word)
        ticked = family_of_mark(draft.mark)
        if boxed and (ticked == "done") != (state.family == "done") and ticked:
            said = f"The box says [{draft.mark}] and the place {draft.word!r}; the place counts."
            yield Finding(kind=UNCLEAR, file=draft.file, line=draft.line, message=said)
        if not state.exact and (draft.word or draft.mark is not None):
            word = one_line(draft.word or f"[{draft.mark}]")
            groups.setdefault((draft.file, word, state.status, bool(state.family)), []).append(
                draft
            )
    for (file, word, status, known), drafts in groups.items():
        who = drafts[0].task if len(drafts) == 1 else f"{len(drafts)} tasks"
        said = f"{who}: {word!r} became {status!r}."
        if word.casefold() == "ready":
            said = f"{who}: 'ready' became {status!r}, for nothing imported starts by itself."
        elif not known:
            said = f"{who}: {word!r} is no status that is known; it became {status!r}."
        kind = CHANGED if known else UNCLEAR
        yield Finding(kind=kind, file=file, line=drafts[0].line, message=said)


class _Writer:
    """The text of the board, group by group."""

    def __init__(self, name: str, fields: dict[int, list[tuple[str, str]]]) -> None:
        self._name = one_line(name) or "Imported"
        self._fields = fields
        self._parts: list[str] = []
        self._open: list[tuple[int, int]] = []
        """Levels in the source of the headings that are open, with those they were given."""
        self._last = _DEEPEST
        """The level of the last group's tasks: nothing deeper may follow them."""
        self.findings: list[Finding] = []
        self.parents: list[str | None] = []

    def write(self, readings: Sequence[Reading]) -> str:
        for reading in readings:
            self._open = []
            for group in reading.groups:
                if group.heading or group.tasks or any(line.strip() for line in group.prose):
                    self._group(group)
        return "\n".join(self._parts) if self._parts else f"# {self._name}\n"

    def _group(self, group: Group) -> None:
        prose = "\n".join(group.prose).strip("\n")
        if group.heading or not self._parts or (prose and self._parts):
            level = self._level(group)
            title = group.heading or self._name
            self._parts.append(_prose(title, level, prose, first=not self.parents))
        else:
            level = _TOP - 1
            while self._open and self._open[-1][1] > level:
                self._open.pop()
        under = min(level + 1, _DEEPEST)
        for task in group.tasks:
            self._task(task, under)
        if group.tasks:
            self._last = under

    def _level(self, group: Group) -> int:
        if not group.heading:
            level = 1
            self._open = []
        else:
            while self._open and self._open[-1][0] >= group.level:
                self._open.pop()
            level = min(group.level, self._open[-1][1] + 1 if self._open else _DEEPEST, self._last)
        self._open.append((group.level, level))
        return level

    def _task(self, draft: Draft, level: int) -> None:
        ahead: list[tuple[Draft, int, str]] = [(draft, level, "")]
        within: list[tuple[int, str]] = []
        while ahead:
            task, deep, above = ahead.pop()
            fields = self._fields[id(task)]
            if deep > _DEEPEST:
                deep = _DEEPEST
                fields = [*fields, ("source-parent", above)]
                said = (
                    f"{task.task} belongs to {above}, too deep for a heading; it stands beside it."
                )
                self.findings.append(
                    Finding(kind=UNCLEAR, file=task.file, line=task.line, message=said)
                )
            while within and within[-1][0] >= deep:
                within.pop()
            self._parts.append(write_section(task, deep, fields))
            self.parents.append(within[-1][1] if within else None)
            within.append((deep, task.task))
            ahead.extend((child, deep + 1, task.task) for child in reversed(task.children))


def _prose(title: str, level: int, prose: str, *, first: bool) -> str:
    """A heading and the prose under it; fenced where it would be read as more than that."""
    text = f"{'#' * level} {title}\n"
    whole = f"{text}\n{prose}\n" if prose else text
    if _is_prose(whole, first=first):
        return whole
    if not _is_prose(text, first=False):
        text = f"{'#' * level} \\{title}\n"
    return f"{text}\n{fenced(prose)}\n" if prose else text


def _is_prose(text: str, *, first: bool) -> bool:
    """Whether the text holds no task and leaves nothing open: a task behind it is the only one."""
    board = parse(f"{text}\n# TASK-1 -\n- status: todo\n".encode())
    alone = [item.task for item in board.items] == ["TASK-1"]
    return alone and not board.held and not board.cut and not (first and board.paused)


def _must_read_back(
    board: Board, drafts: Sequence[Draft], states: dict[int, State], writer: _Writer
) -> None:
    """Exactly the tasks that were imported, in their states and places, and nothing else."""
    wanted = [(d.task, states[id(d)].status) for d in drafts]
    got = [
        (item.task, item.status_field.value if item.status_field else "") for item in board.items
    ]
    if drafts and (got != wanted or board.held or board.cut or board.paused):
        at = next(
            (n for n, pair in enumerate(zip(got, wanted, strict=False)) if pair[0] != pair[1]), -1
        )
        where = drafts[at].task if at >= 0 else board.held or board.cut or "their number"
        raise ValueError(f"the new board does not read back as it was meant ({where})")
    names = [item.task for item in board.items]
    above = [names[i.parent] if i.parent is not None else None for i in board.items]
    if above != writer.parents:
        raise ValueError("the new board's tasks do not lie in each other as they were meant to")
