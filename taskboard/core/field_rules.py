"""Rules about single fields: values that cannot be read, or would do something unexpected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from taskboard.core.board import Diagnosis
from taskboard.core.codes import finding
from taskboard.core.event import MAX_FIELDS
from taskboard.core.fields import EXECUTABLE, code_span_end, prose_around
from taskboard.core.outcome import Tier
from taskboard.core.ready import PRIORITIES
from taskboard.core.scope import Scope
from taskboard.core.spending import read_money
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
_COUNT = re.compile(r"[1-9][0-9]{0,3}")

_READABLE: dict[str, tuple[Callable[[str], object], str]] = {
    "timeout": (read_duration, "a duration like 90s, 30m, 2h or 1d"),
    "not-before": (read_time, "a UTC time like 2026-04-20T15:25Z"),
    "max-attempts": (_COUNT.fullmatch, "a whole number from 1"),
    "budget": (read_money, "an amount of US dollars like 2.50"),
}


def empty_field(scope: Scope) -> Iterator[Diagnosis]:
    """TB115: a key without a value."""
    for item, field in scope.fields():
        if not field.value:
            yield scope.at("TB115", item, field, f"The field '{field.key}' has no value.")


def unclosed_quote(scope: Scope) -> Iterator[Diagnosis]:
    """TB108: a command that the shell would refuse for its quoting."""
    for item, field in scope.fields(*_COMMANDS):
        if missing := open_quote(field.value):
            said = f"The command in '{field.key}' lacks a closing {missing}."
            yield scope.at("TB108", item, field, said)


def unclosed_code(scope: Scope) -> Iterator[Diagnosis]:
    """TB109: a backtick that opens a code span which never ends."""
    for item, field in scope.fields():
        if not field.value.startswith("`"):
            continue
        typed = scope.typed(field)
        if code_span_end(typed, _marks(typed)) < 0:
            yield scope.at("TB109", item, field)


def half_code(scope: Scope) -> Iterator[Diagnosis]:
    """TB124: a command with prose behind its code span."""
    for item, field in scope.fields(*_COMMANDS):
        typed = scope.typed(field)
        if typed.startswith("`") and 0 < code_span_end(typed, _marks(typed)) < len(typed):
            yield scope.at("TB124", item, field)


def _marks(typed: str) -> int:
    return len(typed) - len(typed.lstrip("`"))


def bad_value(scope: Scope) -> Iterator[Diagnosis]:
    """TB118: a duration, time, number or priority that is none."""
    for item, field in scope.fields(*_READABLE):
        readable, wanted = _READABLE[field.key]
        if field.value and not _reads(readable, field.value):
            said = f"{field.key}: {field.value!r} is not {wanted}."
            yield scope.at("TB118", item, field, said)


def _reads(readable: Callable[[str], object], value: str) -> bool:
    found = readable(value)
    return found is not None and found is not False


def odd_priority(scope: Scope) -> Iterator[Diagnosis]:
    """TB125: a word that is no priority; the task runs all the same."""
    for item, field in scope.fields("priority"):
        if field.value and field.value.casefold() not in PRIORITIES:
            said = f"priority: {field.value!r} is none of critical, high, medium, low, P0 to P4."
            yield scope.at("TB125", item, field, said)


def unknown_evidence(scope: Scope) -> Iterator[Diagnosis]:
    """TB119: a kind of evidence that does not exist."""
    tiers = {tier.value for tier in Tier}
    for item, field in scope.fields("evidence"):
        for word in (part.strip() for part in field.value.split(",")):
            if word and word.casefold() not in tiers:
                said = f"{word!r} is no kind of evidence."
                yield scope.at("TB119", item, field, said)


def project_outside(scope: Scope) -> Iterator[Diagnosis]:
    """TB121: a folder that is not beneath the board nor beneath a permitted root. Judged by
    its spelling: symbolic links are followed, and judged again, when the run starts."""
    for item, field in scope.fields("project"):
        if field.value and not _permitted(field.value, scope.roots):
            said = f"The project {field.value!r} lies outside the board's folder."
            yield scope.at("TB121", item, field, said)


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


def not_a_list_item(scope: Scope) -> Iterator[Diagnosis]:
    """TB122: what decides what is executed, in a form or place in which it does not count."""
    for item in scope.board.items:
        for span in prose_around(item.fields, item.heading.end, item.pieces[0].end):
            prose = scope.board.data[span.start : span.end]
            found = [(n, key) for n, key in _like_fields(prose) if key in EXECUTABLE]
            above = scope.board.data[item.heading.start : span.start] if found else b""
            first = item.line + len(_LINE_END.findall(above))
            for number, key in found:
                said = f"'{key}' counts only as a list item among the fields: '- {key}: value'."
                yield finding("TB122", said, line=first + number, task=item.task)


def _like_fields(prose: bytes) -> Iterator[tuple[int, str]]:
    """The keys of the lines at the head of a task's prose that look like fields, with the number
    of the line in it."""
    for number, line in enumerate(_LINE_END.split(prose[:_HEAD])):
        found = _LIKE_FIELD.match(line)
        if found is not None:
            yield number, found["key"].decode("ascii", "replace").casefold()
        elif line.strip():
            return


def fields_too_large(scope: Scope) -> Iterator[Diagnosis]:
    """TB123: more field text than fits the ledger."""
    for item in scope.board.items:
        size = sum(field.span.end - field.span.start for field in item.fields)
        if size > MAX_FIELDS:
            said = f"The fields hold {size} bytes; at most {MAX_FIELDS} are read."
            yield finding("TB123", said, line=item.line, task=item.task)


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
