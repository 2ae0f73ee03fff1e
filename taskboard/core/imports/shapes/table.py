"""Tables with a row to each task: the head says which column is the status, the id, the title.

Whoever needs more room than a cell adds a section with the row's id as its heading: that becomes
the task's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from taskboard.core.fields import canonical_key
from taskboard.core.headings import heading_id, title_after
from taskboard.core.imports.cells import Table, tables_in
from taskboard.core.imports.listed import add_front
from taskboard.core.imports.marks import take_id
from taskboard.core.imports.nouns import Draft, Group, Reading
from taskboard.core.imports.source import Source, Title
from taskboard.core.imports.take import put, unlinked
from taskboard.core.imports.words import family_of

_IDS = frozenset("id task-id ticket issue key no nr num number 编号 任务id شناسه".split())
_TITLES = frozenset(
    "task title name what item description feature story work summary todo subject 任务 标题 "
    "作業 タスク عنوان وظیفه".split()
)
_STATES = frozenset("progress stage done complete 进度 进展".split())
_EDGES = re.compile(r"^[\s*`_\[]+|[\s*`_\]]+$")


class _Plan(NamedTuple):
    """Which column is what; -1: none."""

    state: int
    name: int
    title: int


def score(source: Source) -> float:
    """How many rows tables with a status have."""
    return sum(
        _filled(table) + 0.5
        for _, start, end in source.sections()
        for table, plan in _tables(source, start, end)
        if plan.state >= 0
    )


def read(source: Source) -> Reading:
    """Every row of every table with a status, or with ids of tasks."""
    reading = Reading()
    rows: dict[str, Draft] = {}
    waiting: list[Draft] = []
    under = 0
    for title, start, end in source.sections():
        named = heading_id(title.text)
        owner = rows.get(named["id"]) if named is not None else None
        if waiting and title.level > under and owner is None:
            waiting[-1].body += source.lines[title.start : end]
            continue
        waiting = []
        if owner is not None and named is not None:
            _detail(source, owner, title_after(title.text, named), title, end)
            waiting, under = [owner], title.level
            continue
        group = Group(
            file=source.name, line=title.start + 1, heading=title.text, level=title.level
        )
        _fill(source, group, start, end)
        rows |= {d.old_id: d for d in group.tasks if d.old_id and d.old_id not in rows}
        reading.groups.append(group)
    add_front(source, reading)
    return reading


def _detail(source: Source, owner: Draft, rest: str, title: Title, end: int) -> None:
    if rest and rest != owner.title:
        owner.body += ["", rest]
    owner.body += source.lines[title.end : end]


def _fill(source: Source, group: Group, start: int, end: int) -> None:
    at = start
    for table, plan in _tables(source, start, end):
        group.prose += source.lines[at : table.start]
        if group.prose and group.prose[-1].strip():
            group.prose.append("")
        group.tasks += [
            _draft(source.name, table.head, plan, line, cells)
            for line, cells in table.rows
            if any(cells)
        ]
        at = table.end
    group.prose += source.lines[at:end]


def _tables(source: Source, start: int, end: int) -> Iterator[tuple[Table, _Plan]]:
    for table in tables_in(source.lines[start:end], source.hidden[start:end], start):
        plan = _plan(table)
        if _filled(table) and (plan.state >= 0 or _has_ids(table, plan)):
            yield table, plan


def _filled(table: Table) -> int:
    """How many rows say something."""
    return sum(any(cells) for _, cells in table.rows)


def _plan(table: Table) -> _Plan:
    keys = [canonical_key(_bare(cell)) or "" for cell in table.head]
    keys = [
        "#" if cell.strip() in ("#", "№") else key
        for cell, key in zip(table.head, keys, strict=True)
    ]
    state = next((n for n, key in enumerate(keys) if key == "status"), -1)
    if state < 0:
        state = next((n for n, key in enumerate(keys) if key in _STATES and _says(table, n)), -1)
    name = next((n for n, key in enumerate(keys) if key in _IDS or key == "#"), -1)
    title = next((n for n, key in enumerate(keys) if key in _TITLES and n != state), -1)
    if title < 0:
        free = (n for n in range(len(keys)) if n not in (state, name))
        title = next(free, -1)
    return _Plan(state, name, title)


def _says(table: Table, column: int) -> bool:
    """Whether most cells of a column are words or signs of a status."""
    cells = [cells[column] for _, cells in table.rows if column < len(cells) and cells[column]]
    return sum(family_of(cell) != "" for cell in cells) * 2 > len(cells)


def _has_ids(table: Table, plan: _Plan) -> bool:
    if plan.name < 0:
        return False
    ids = [_bare(cells[plan.name]) for _, cells in table.rows if plan.name < len(cells)]
    return bool(ids) and all(heading_id(word) is not None for word in ids)


def _draft(file: str, head: list[str], plan: _Plan, line: int, cells: list[str]) -> Draft:
    draft = Draft(title="", line=line + 1, file=file)
    for column, cell in enumerate(cells):
        if not cell:
            continue
        if column == plan.state:
            draft.word = _EDGES.sub("", cell) or cell
        elif column == plan.name:
            draft.old_id = _bare(cell)
        elif column == plan.title:
            draft.title = cell
        elif column < len(head) and head[column]:
            put(draft, _bare(head[column]), cell)
        else:
            draft.body.append(f"- {cell}")
    if not draft.title:
        draft.title = draft.old_id
    if plan.name < 0:
        take_id(draft)
    return draft


def _bare(cell: str) -> str:
    return unlinked(cell.strip("*_` "))
