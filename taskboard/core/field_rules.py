"""Rules about single fields: values that cannot be read, or would do something unexpected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from taskboard.core.board import Diagnosis, Field, Part, once
from taskboard.core.codes import finding
from taskboard.core.event import MAX_FIELDS
from taskboard.core.fields import EXECUTABLE, code_span_end, prose_around
from taskboard.core.outcome import Tier
from taskboard.core.ready import PRIORITIES
from taskboard.core.scope import Scope, at, fields_of_part, typed
from taskboard.core.spending import read_money
from taskboard.core.steps import read_steps
from taskboard.core.units import read_duration, read_time

_SIGNS = re.compile("[\"'`#()\\\\]")
_QUOTES = re.compile("[\"'`\\\\]")
_BACKTICK = re.compile(r"(?:[^`\\]|\\.)*`", re.DOTALL)
_COMMANDS = ("run", "verify")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_LIKE_FIELD = re.compile(
    rb"[ \t]*(?:[-*+][ \t]+)?(?:\*\*|__)?(?P<key>[A-Za-z]{1,30})(?:\*\*|__)?"
    rb"(?::(?:\*\*|__)?(?:\s|$)|\xef\xbc\x9a)"
)
_HEAD = 4096
"""Bytes of a task's prose that are looked at for what may be meant as fields."""
_TIERS = frozenset(tier.value for tier in Tier)
_COUNT = re.compile(r"[1-9][0-9]{0,3}")

_READABLE: dict[str, tuple[Callable[[str], object], str]] = {
    "timeout": (read_duration, "a duration like 90s, 30m, 2h or 1d"),
    "not-before": (read_time, "a UTC time like 2026-04-20T15:25Z"),
    "max-attempts": (_COUNT.fullmatch, "a whole number from 1"),
    "budget": (read_money, "an amount of US dollars like 2.50"),
    "steps": (read_steps, "a list of at most 16 steps, plain words like analyze, deliver"),
}


def empty_field(part: Part) -> Iterator[Diagnosis]:
    """TB115: a key without a value."""
    for field in part.fields:
        if not field.value:
            yield at("TB115", part, field, f"The field '{field.key}' has no value.")


def unclosed_quote(part: Part) -> Iterator[Diagnosis]:
    """TB108: a command that the shell would refuse for its quoting."""
    for field in fields_of_part(part, *_COMMANDS):
        if missing := open_quote(field.value):
            said = f"The command in '{field.key}' lacks a closing {missing}."
            yield at("TB108", part, field, said)


def unclosed_code(part: Part) -> Iterator[Diagnosis]:
    """TB109: a backtick that opens a code span which never ends."""
    for field in part.fields:
        if not field.value.startswith("`"):
            continue
        value = typed(part, field)
        if code_span_end(value, _marks(value)) < 0:
            yield at("TB109", part, field)


def half_code(part: Part) -> Iterator[Diagnosis]:
    """TB124: a command with prose behind its code span."""
    for field in fields_of_part(part, *_COMMANDS):
        value = typed(part, field)
        if value.startswith("`") and 0 < code_span_end(value, _marks(value)) < len(value):
            yield at("TB124", part, field)


def _marks(value: str) -> int:
    return len(value) - len(value.lstrip("`"))


def bad_value(part: Part) -> Iterator[Diagnosis]:
    """TB118: a duration, time, number or priority that is none."""
    for field in fields_of_part(part, *_READABLE):
        readable, wanted = _READABLE[field.key]
        if field.value and not _reads(readable, field.value):
            said = f"{field.key}: {field.value!r} is not {wanted}."
            yield at("TB118", part, field, said)


def _reads(readable: Callable[[str], object], value: str) -> bool:
    found = readable(value)
    return found is not None and found is not False


def odd_priority(part: Part) -> Iterator[Diagnosis]:
    """TB125: a word that is no priority; the task runs all the same."""
    for field in fields_of_part(part, "priority"):
        if field.value and field.value.casefold() not in PRIORITIES:
            said = f"priority: {field.value!r} is none of critical, high, medium, low, P0 to P4."
            yield at("TB125", part, field, said)


def unknown_evidence(part: Part) -> Iterator[Diagnosis]:
    """TB119: a kind of evidence that does not exist."""
    for field in fields_of_part(part, "evidence"):
        for word in (part.strip() for part in field.value.split(",")):
            if word and word.casefold() not in _TIERS:
                said = f"{word!r} is no kind of evidence."
                yield at("TB119", part, field, said)


def project_outside(scope: Scope) -> Iterator[Diagnosis]:
    """TB121: a folder that is not beneath the board nor beneath a permitted root. Judged by
    its spelling: symbolic links are followed, and judged again, when the run starts."""
    for item in scope.board.items:
        for field in _projects(item.first.part):
            if not _permitted(field.value, scope.roots):
                said = f"The project {field.value!r} lies outside the board's folder."
                yield scope.at("TB121", item, field, said)


@once
def _projects(part: Part) -> tuple[Field, ...]:
    return tuple(field for field in fields_of_part(part, "project") if field.value)


def _permitted(path: str, roots: tuple[str, ...]) -> bool:
    steps = _steps(path)
    if steps is None or path.startswith("~"):
        return False
    if not path.startswith("/"):
        return True
    allowed = [_steps(root) for root in roots if root.startswith("/")]
    return any(root is not None and steps[: len(root)] == root for root in allowed)


def _steps(path: str) -> list[str] | None:
    """The folders of a path with ``.`` and ``..`` resolved; None when it climbs out."""
    steps: list[str] = []
    for step in path.split("/"):
        if step == "..":
            if not steps:
                return None
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return steps


def not_a_list_item(part: Part) -> Iterator[Diagnosis]:
    """TB122: what decides what is executed, in a form or place in which it does not count."""
    for span in prose_around(part.fields, part.heading_end, len(part.raw)):
        prose = part.raw[span.start : span.end]
        found = [(n, key) for n, key in _like_fields(prose) if key in EXECUTABLE]
        first = len(_LINE_END.findall(part.raw, 0, span.start)) if found else 0
        for number, key in found:
            said = f"'{key}' counts only as a list item among the fields: '- {key}: value'."
            yield finding("TB122", said, line=first + number, task=part.task)


def _like_fields(prose: bytes) -> Iterator[tuple[int, str]]:
    """The keys of the lines at the head of a task's prose that look like fields, with the number
    of the line in it."""
    head = prose[:_HEAD]
    number = at = 0
    while True:
        stop = _LINE_END.search(head, at)
        line = head[at : stop.start() if stop else len(head)]
        found = _LIKE_FIELD.match(line)
        if found is not None:
            yield number, found["key"].decode("ascii", "replace").casefold()
        elif line.strip():
            return
        if stop is None:
            return
        number, at = number + 1, stop.end()


def fields_too_large(part: Part) -> Iterator[Diagnosis]:
    """TB123: more field text than fits the ledger."""
    size = sum(field.span.end - field.span.start for field in part.fields)
    if size > MAX_FIELDS:
        said = f"The fields hold {size} bytes; at most {MAX_FIELDS} are read."
        yield finding("TB123", said, line=0, task=part.task)


@lru_cache(maxsize=4096)
def open_quote(command: str) -> str | None:
    """The quote or backslash that a POSIX shell would miss the end of, or None. In doubt None:
    the shell itself has the last word."""
    inside: list[str] = []
    seen = escaped = -2
    for mark in _SIGNS.finditer(command) if _QUOTES.search(command) else ():
        at, sign, top = mark.start(), mark[0], inside[-1] if inside else ""
        before = command[at - 1] if at else " "
        if at <= seen:
            continue
        if sign == "\\" and top != "'":
            seen = escaped = at + 1
            if seen == len(command):
                return "character after the backslash"
        elif sign == "`" and top != "'":
            close = _BACKTICK.match(command, at + 1)  # the shell, too, looks for its end first
            if close is None:
                return "quote (`)"
            seen = close.end() - 1
        elif sign == "#" and top not in ("'", '"'):
            if before in " \t;&|()" and escaped != at - 1:
                break
        else:
            _step(sign, before, inside)
    return next((f"quote ({mark})" for mark in inside if mark in "'\""), None)


def _step(sign: str, before: str, inside: list[str]) -> None:
    """Enter or leave a quote, a substitution or a group."""
    top = inside[-1] if inside else ""
    if top == "'":
        if sign == "'":
            inside.pop()
    elif sign == top == '"' or (sign == ")" and top == "("):
        inside.pop()
    elif sign == '"' or (sign in "'(" and top != '"') or (sign == "(" and before == "$"):
        inside.append(sign)
