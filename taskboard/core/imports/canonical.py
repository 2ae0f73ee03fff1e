"""Readings to a board of ours, and the report of what it says in another way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from taskboard.core.board import Board
from taskboard.core.imports.naming import Register, every, give_ids, needs_of
from taskboard.core.imports.nouns import CHANGED, UNCLEAR, Draft, Finding, Group, Reading
from taskboard.core.imports.section import fenced, is_fenced, write_section
from taskboard.core.imports.take import put_field
from taskboard.core.imports.words import State, family_of_mark, priority_of, state_of, waits_for
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
            draft.needs += waits_for(draft.word)
            needs, said = needs_of(draft, find, absent_is_done=reading.absent_is_done)
            state = state_of(draft.word, draft.mark, draft.owner)
            findings += said
            states[id(draft)] = state
            fields[id(draft)] = _fields(draft, state, needs)
    ordered = list(every(task for reading in readings for task in reading.tasks))
    findings += _said_states([(draft, states[id(draft)]) for draft in ordered])
    tasks = tuple((draft, states[id(draft)]) for draft in ordered)
    for careful in (False, True):
        writer = _Writer(name, fields, careful=careful)
        text = writer.write(readings)
        fault = _fault(parse(text.encode()), tasks, writer)
        if not fault:
            return Imported(text=text, tasks=tasks, findings=(*findings, *writer.findings))
    raise ValueError(f"the new board does not read back as it was meant: {fault}")


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

    def __init__(
        self, name: str, fields: dict[int, list[tuple[str, str]]], *, careful: bool
    ) -> None:
        self._name = one_line(name) or "Imported"
        self._fields = fields
        self._careful = careful
        self._parts: list[str] = []
        self._open: list[tuple[int, int]] = []
        """Levels in the source of the headings that are open, with those they were given."""
        self._last = _DEEPEST
        """The level of the last group's tasks: nothing deeper may follow them."""
        self.findings: list[Finding] = []
        self.parents: list[str | None] = []
        """The task that each lies in."""
        self.prompts: list[str] | None = None if careful else []
        """The text of each, where nothing was escaped in it."""

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
            title = one_line(group.heading) or self._name
            text = f"{'#' * level} {title}\n" + (f"\n{prose}\n" if prose else "")
            if self._careful and not _is_prose(text, first=not self.parents):
                text = _fenced_prose(title, level, prose)
                self._say(group.file, group.line, "The text under this heading")
            self._parts.append(text)
        else:
            level = _TOP - 1
            while self._open and self._open[-1][1] > level:
                self._open.pop()
        under = min(level + 1, _DEEPEST)
        for task in group.tasks:
            self._task(task, under)
        if group.tasks:
            self._last = under

    def _say(self, file: str, line: int, what: str) -> None:
        said = f"{what} would be read as tasks or cut them off, so it is a block of code."
        self.findings.append(Finding(kind=CHANGED, file=file, line=line, message=said))

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
            text = write_section(task, deep, fields, careful=self._careful)
            self._parts.append(text)
            if self._careful and is_fenced(text):
                self._say(task.file, task.line, f"The text of {task.task}")
            if self.prompts is not None:
                self.prompts.append(text.partition("\n\n")[2].strip("\n"))
            self.parents.append(within[-1][1] if within else None)
            within.append((deep, task.task))
            ahead.extend((child, deep + 1, task.task) for child in reversed(task.children))


def _fenced_prose(title: str, level: int, prose: str) -> str:
    text = f"{'#' * level} {title}\n"
    if not _is_prose(text, first=False):
        text = f"{'#' * level} \\{title}\n"
    return f"{text}\n{fenced(prose)}\n" if prose else text


def _is_prose(text: str, *, first: bool) -> bool:
    """Whether the text holds no task and leaves nothing open: a task behind it is the only one."""
    board = parse(f"{text}\n# TASK-1 -\n- status: todo\n".encode())
    if parse(text.encode()).cut:
        return False
    alone = [item.task for item in board.items] == ["TASK-1"]
    return alone and not board.held and not board.cut and not (first and board.paused)


def _fault(board: Board, tasks: Sequence[tuple[Draft, State]], writer: _Writer) -> str:
    """What is not as it was meant: exactly these tasks, in their states and places, with their
    texts, and nothing else. Empty when all is well."""
    if board.held or board.cut or board.paused:
        return str(board.held or board.cut or "paused") if tasks or not board.held else ""
    items = board.items
    names = [item.task for item in items]
    got = [(item.task, f.value if (f := item.status_field) else "") for item in items]
    for name, wanted in zip_longest(got, [(d.task, s.status) for d, s in tasks]):
        if name != wanted:
            return f"{name} is there for {wanted}"
    if writer.parents != [names[i.parent] if i.parent is not None else None for i in items]:
        return "a task lies in another than it should"
    prompts = [item.prompt.strip("\n") for item in items]
    return "a text is cut" if writer.prompts not in (None, prompts) else ""
