"""What ``codex exec --json`` tells, line by line. Pure.

Only ``turn.completed`` tells of success: errors in between are remarks, and commands that fail
leave its exit status 0. It counts tokens from the beginning of a session, and names no model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time
from typing import Any

from taskboard.core.agent_turn import (
    LINGER,
    LONG_WAIT,
    Trouble,
    Turn,
    at,
    brief_text,
    count_at,
    text_at,
)
from taskboard.core.bill import Usage
from taskboard.core.report_text import report_in

_STATUS = re.compile(r"\bstatus:? (\d{3})\b")
_QUOTA = re.compile(r"quota exceeded|usage limit|out of credits", re.IGNORECASE)
_NO_LOGIN = re.compile(r"not logged in|log out and sign in|refresh token|login", re.IGNORECASE)
_REFUSED = re.compile(r"content policy|flagged for|invalid_prompt|safety", re.IGNORECASE)
_AGAIN = re.compile(r"try again in ([^.]*)", re.IGNORECASE)
_PART = re.compile(r"(\d{1,6}) (second|minute|hour|day)", re.IGNORECASE)
_AT = re.compile(
    r"try again at (?:([a-z]{3})[a-z]* (\d{1,2})(?:st|nd|rd|th)?,? (\d{4}),? )?"
    r"(\d{1,2}:\d{2} ?[ap]m)\b",
    re.IGNORECASE,
)
"""It tells local time: the date too, when it is another day."""
_RETRY = re.compile(
    r"\S{10,40} +WARN .{0,2000}?\bcodex_core::responses_retry: [^(]{0,200}"
    r"\(\d+/\d+ in (\d{1,15}(?:\.\d*)?)s\)(?:.*?\bsampling_error=(.*))?"
)
"""A line of its log on stderr, from its beginning (what it quotes is no such line): how long it
waits now, as its service has told it, and why. Its lines on stdout do not say for how long; a wait
of less than a second is told in other units."""
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


class CodexStream:
    """See ``taskboard.core.agent_turn.Stream``. ``model`` is the one that was asked for."""

    def __init__(self, model: str) -> None:
        self.over: float | None = None
        self._model = model
        self._session = ""
        self._last = ""
        self._total: tuple[Usage, ...] = ()
        self._trouble: Trouble | None = None
        self._complete = False

    def hear(self, line: Mapping[str, Any]) -> str:
        match line.get("type"):
            case "thread.started":
                self._session = text_at(line, "thread_id")
            case "item.started":
                return _begun(at(line, "item"))
            case "item.completed":
                return self._item(at(line, "item"))
            case "error":
                return self._remark(text_at(line, "message"))
            case "turn.completed":
                self._total = (_usage(self._model, at(line, "usage")),)
                self._complete, self.over = True, LINGER
            case "turn.failed":
                self._trouble = _trouble(text_at(line, "error", "message"))
                self.over = LINGER
            case _:
                pass
        return ""

    def overhear(self, line: str) -> None:
        """It waits for as long as its service says, be it hours."""
        found = _RETRY.match(line)
        if found and self.over is None and float(found[1]) > LONG_WAIT:
            trouble = _trouble(found[2] or "The service allows no more requests now.")
            self._trouble = replace(trouble, kind="quota", wait=float(found[1]))
            self.over = 0.0

    def turn(self, code: int | None = None, stderr: str = "") -> Turn:  # noqa: ARG002
        return Turn(
            session=self._session,
            complete=self._complete,
            trouble=None if self._complete else self._trouble,
            report=report_in(self._last),
            total=self._total,
        )

    def _item(self, item: Any) -> str:
        if text_at(item, "type") != "agent_message":
            return brief_text(text_at(item, "message"))
        self._last = text_at(item, "text")
        return "" if report_in(self._last) else self._last

    def _remark(self, message: str) -> str:
        """It tries a refused key six times; once is enough for us."""
        trouble = _trouble(message)
        if trouble.kind == "authentication" and message.startswith("Reconnecting"):
            self._trouble, self.over = trouble, 0.0
        return brief_text(message)


def _begun(item: Any) -> str:
    if text_at(item, "type") == "command_execution":
        return brief_text(f"$ {text_at(item, 'command')}")
    changes = at(item, "changes")
    paths = [text_at(change, "path") for change in changes] if isinstance(changes, list) else []
    return brief_text(" ".join(["changes", *paths])) if any(paths) else ""


def _usage(model: str, found: Any) -> Usage:
    """Its ``input_tokens`` are the whole prompt."""
    read, written = (
        count_at(found, "cached_input_tokens"),
        count_at(found, "cache_write_input_tokens"),
    )
    return Usage(
        model=model,
        input=max(count_at(found, "input_tokens") - read - written, 0),
        output=count_at(found, "output_tokens"),
        cache_read=read,
        cache_write=written,
    )


def _trouble(message: str) -> Trouble:
    found = _STATUS.search(message)
    status = int(found[1]) if found else None
    return Trouble(
        kind=_kind(status, message),
        error=brief_text(message, 500) or "it failed and did not say why",
        status=status,
        until=_until(message),
        wait=_wait(message),
    )


def _kind(status: int | None, message: str) -> str:
    if status == 429 or _QUOTA.search(message):
        return "quota"
    if status in (401, 403) or (status is None and _NO_LOGIN.search(message)):
        return "authentication"
    return "refused" if _REFUSED.search(message) else "provider"


def _wait(message: str) -> float | None:
    """``try again in 3 hours 5 minutes``, in seconds."""
    found = _AGAIN.search(message)
    parts = _PART.findall(found[1]) if found else []
    return float(sum(int(n) * _SECONDS[unit.lower()] for n, unit in parts)) or None


def _until(message: str) -> datetime | time | None:
    """``try again at Nov 26th, 2026 8:52 AM`` or ``at 11:52 AM``, in the machine's own time."""
    found = _AT.search(message)
    if found is None:
        return None
    month, day, year, clock = found.groups()
    clock = clock.upper().replace(" ", "")
    try:
        if month is None:
            return datetime.strptime(clock, "%I:%M%p").time()  # noqa: DTZ007 - as it is told
        told = f"{month.title()} {day} {year} {clock}"
        return datetime.strptime(told, "%b %d %Y %I:%M%p")  # noqa: DTZ007 - as it is told
    except ValueError:
        return None
