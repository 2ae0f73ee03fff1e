"""beads: a JSON object to each line, an issue each (``.beads/issues.jsonl``)."""

from __future__ import annotations

from typing import Any

from taskboard.core.imports.nouns import LEFT_OUT, Draft, Finding, Group, Reading
from taskboard.core.imports.records import decoded, entries, put_all
from taskboard.core.imports.source import Source
from taskboard.core.imports.take import put_field

_CERTAIN = 950
_TAKEN = ("id", "title", "status", "priority", "assignee", "dependencies")
_TEXTS = {
    "description": "",
    "design": "Design",
    "acceptance_criteria": "Acceptance criteria",
    "notes": "Notes",
    "close_reason": "Closed because",
}


def score(source: Source) -> float:
    """Certain when the first line is an object with an id, a title and a status."""
    first = next((line for line in source.lines if line.strip()), "")
    record = decoded(first) if first.startswith("{") else None
    keys = set(record) if isinstance(record, dict) else set()
    return _CERTAIN if {"id", "title", "status"} <= keys else 0


def read(source: Source) -> Reading:
    """Every line."""
    reading = Reading(groups=[Group(file=source.name, line=1)])
    for number, line in enumerate(source.lines, 1):
        record = decoded(line) if line.strip() else None
        if isinstance(record, dict):
            reading.groups[0].tasks.append(_draft(record, number, source.name))
        elif line.strip():
            said = f"This line is no JSON object: {line[:60]}"
            reading.findings.append(
                Finding(kind=LEFT_OUT, file=source.name, line=number, message=said)
            )
    return reading


def _draft(record: dict[str, Any], line: int, file: str) -> Draft:
    draft = Draft(
        title=str(record.get("title") or ""),
        line=line,
        file=file,
        word=str(record.get("status") or ""),
        old_id=str(record.get("id") or ""),
        owner=str(record.get("assignee") or ""),
    )
    urgent = record.get("priority")
    if urgent is not None:
        draft.priority = f"P{urgent}" if isinstance(urgent, int) else str(urgent)
    for link in entries(record.get("dependencies")):
        _link(draft, link)
    put_all(draft, {k: v for k, v in record.items() if k not in _TAKEN}, _TEXTS)
    return draft


def _link(draft: Draft, link: Any) -> None:
    other = (
        str(link.get("depends_on_id") or link.get("id") or "")
        if isinstance(link, dict)
        else str(link)
    )
    kind = (
        str(link.get("type") or link.get("dependency_type") or "blocks")
        if isinstance(link, dict)
        else "blocks"
    )
    if kind == "blocks":
        draft.needs.append(other)
    elif kind == "parent-child" and not draft.parent:
        draft.parent = other
    else:
        put_field(draft, kind, other)
