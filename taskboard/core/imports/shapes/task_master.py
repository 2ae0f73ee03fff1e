"""task-master: one JSON document with a list of tasks, or such a list to each tag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from taskboard.core.imports.nouns import LEFT_OUT, Draft, Finding, Group, Reading
from taskboard.core.imports.records import decoded, entries, put_all, spelled
from taskboard.core.imports.source import Source

_CERTAIN = 950
_DEEPEST = 20
"""Levels of subtasks; nobody has more, and what lies deeper is text."""
_TAKEN = ("id", "title", "status", "priority", "dependencies", "subtasks")
_TEXTS = {"description": "", "details": "Details", "testStrategy": "Test strategy"}


def score(source: Source) -> float:
    """Certain when the document has tasks."""
    first = next((line for line in source.lines if line.strip()), "")
    if not first.lstrip().startswith("{"):
        return 0
    document = decoded(source.text)
    return _CERTAIN if isinstance(document, dict) and any(_lists(document)) else 0


def read(source: Source) -> Reading:
    """Every task, its subtasks as its children."""
    document = decoded(source.text)
    reading = Reading()
    if not isinstance(document, dict):
        said = "This is no JSON document with tasks."
        reading.findings.append(Finding(kind=LEFT_OUT, file=source.name, line=0, message=said))
        return reading
    for tag, tasks in _lists(document):
        group = Group(file=source.name, line=1, heading=tag, level=2 if tag else 0)
        group.tasks = [_draft(task, source.name, "") for task in tasks if isinstance(task, dict)]
        reading.groups.append(group)
        for odd in (task for task in tasks if not isinstance(task, dict)):
            said = f"This is no task: {spelled(odd)[:60]}"
            reading.findings.append(Finding(kind=LEFT_OUT, file=source.name, line=0, message=said))
    for key in [k for k in document if k not in ("tasks", *(tag for tag, _ in _lists(document)))]:
        said = f"{key!r} beside the tasks is left out: {spelled(document[key])[:60]}"
        reading.findings.append(Finding(kind=LEFT_OUT, file=source.name, line=0, message=said))
    return reading


def _lists(document: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(document.get("tasks"), list):
        yield "", document["tasks"]
        return
    for tag, inner in document.items():
        if isinstance(inner, dict) and isinstance(inner.get("tasks"), list):
            yield tag, inner["tasks"]


def _draft(record: dict[str, Any], file: str, above: str, depth: int = 0) -> Draft:
    number = str(record.get("id", ""))
    draft = Draft(
        title=str(record.get("title") or ""),
        line=0,
        file=file,
        word=str(record.get("status") or ""),
        old_id=f"{above}.{number}" if above else number,
        priority=str(record.get("priority") or ""),
    )
    for other in entries(record.get("dependencies")):
        word = str(other)
        draft.needs.append(f"{above}.{word}" if above and "." not in word else word)
    put_all(draft, {k: v for k, v in record.items() if k not in _TAKEN}, _TEXTS)
    inner = record.get("subtasks") or []
    if depth < _DEEPEST and isinstance(inner, list):
        tasks = [task for task in inner if isinstance(task, dict)]
        draft.children = [_draft(task, file, draft.old_id, depth + 1) for task in tasks]
        inner = [task for task in inner if not isinstance(task, dict)]
    if inner:
        draft.body += ["**subtasks:**", "", spelled(inner)]
    return draft
