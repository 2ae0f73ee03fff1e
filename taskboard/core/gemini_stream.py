"""What ``gemini --output-format stream-json`` tells, line by line. Pure.

Its exit status is the service's HTTP status modulo 256 and more telling than its result line; 0
alone means nothing, for it is 0 after a signal too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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

_CODE = re.compile(r'\\?"code\\?":\s*(\d{3})\b')
_QUOTA = re.compile(r"quota|rate limit|resource.?exhausted", re.IGNORECASE)
_KEY = re.compile(r"api key not valid|api_key_invalid|GEMINI_API_KEY|auth method", re.IGNORECASE)
_REFUSED = re.compile(r"safety|prohibited|blocked by", re.IGNORECASE)
_RETRY = re.compile(r"\. Retrying after (\d{1,15})ms\.\.\.\s*\Z")
"""The end of a line of its stderr (what it quotes stands within one): how long it waits now, as
its service has told it."""
_AGAIN = re.compile(r"\bSuggested retry after (\d{1,12}(?:\.\d*)?)s\b")
_NO_LOGIN, _TURNS = 41, 53
"""Exit statuses."""


class GeminiStream:
    """See ``taskboard.core.agent_turn.Stream``."""

    def __init__(self) -> None:
        self.over: float | None = None
        self._session = ""
        self._said = ""
        self._heard = ""
        self._result: Mapping[str, Any] | None = None
        self._waiting: Trouble | None = None

    def hear(self, line: Mapping[str, Any]) -> str:
        if self._result is not None:
            return ""
        match line.get("type"):
            case "init":
                self._session = text_at(line, "session_id")
            case "message" if line.get("role") == "assistant":
                return self._message(line)
            case "tool_use":
                self._said = ""
                return _tool(line)
            case "error":
                return brief_text(text_at(line, "message"))
            case "result":
                self._result, self.over = line, LINGER
            case _:
                pass
        return ""

    def overhear(self, line: str) -> None:
        """It waits for as long as its service says, up to five minutes."""
        found = _RETRY.search(line)
        if found and self.over is None and int(found[1]) / 1000 > LONG_WAIT:
            error = "The service allows no more requests now."
            self._waiting = Trouble(kind="quota", error=error, wait=int(found[1]) / 1000)
            self.over = 0.0

    def turn(self, code: int | None = None, stderr: str = "") -> Turn:
        result = self._result
        fine = result is not None and result.get("status") == "success"
        trouble = None if fine else self._waiting or _trouble(result, code, stderr)
        return Turn(
            session=self._session,
            complete=fine,
            trouble=trouble,
            report=report_in(self._said),
            answers=tuple(_used(result)),
        )

    def _message(self, line: Mapping[str, Any]) -> str:
        """Pieces of one message follow each other; a message that is no piece stands alone."""
        text = text_at(line, "content")
        self._said = self._said + text if line.get("delta") is True else text
        return "" if self._said.lstrip().startswith(("{", "`")) else text


def _tool(line: Mapping[str, Any]) -> str:
    given = at(line, "parameters")
    told = (text_at(given, key) for key in ("command", "file_path", "dir_path", "pattern", "url"))
    return brief_text(f"{text_at(line, 'tool_name')} {next(filter(None, told), '')}".strip())


def _used(result: Mapping[str, Any] | None) -> Iterator[Usage]:
    """It counts anew in each process. Its ``input_tokens`` are the whole prompt."""
    models = at(result, "stats", "models")
    for model, counts in models.items() if isinstance(models, Mapping) else ():
        read = count_at(counts, "cached")
        yield Usage(
            model=str(model),
            input=max(count_at(counts, "input_tokens") - read, 0),
            output=count_at(counts, "output_tokens"),
            cache_read=read,
        )


def _trouble(result: Mapping[str, Any] | None, code: int | None, stderr: str) -> Trouble | None:
    """Without a result line only what its exit status says for certain."""
    error = text_at(result, "error", "message")
    status = _status(code, error)
    kind = _kind(status, code, error or stderr)
    if result is None and kind == "provider" and status is None:
        return None
    said = error or _first(stderr)
    again = _AGAIN.search(error)
    return Trouble(
        kind=kind,
        error=brief_text(said, 500) or "it failed and did not say why",
        status=status,
        wait=float(again[1]) if again else None,
    )


def _status(code: int | None, error: str) -> int | None:
    if found := _CODE.search(error):
        return int(found[1])
    return code + 256 if code is not None and 144 <= code <= 255 else None


def _kind(status: int | None, code: int | None, said: str) -> str:
    if code == _TURNS:
        return "turns"
    if status in (401, 403) or code == _NO_LOGIN or (status == 400 and _KEY.search(said)):
        return "authentication"
    if status == 429 or (status is None and _QUOTA.search(said)):
        return "quota"
    return "refused" if status is None and _REFUSED.search(said) else "provider"


def _first(stderr: str) -> str:
    """The first line that is no warning."""
    lines = (line.strip() for line in stderr.splitlines())
    return next((x for x in lines if x and not x.startswith(("Warning", "[STARTUP"))), "")
