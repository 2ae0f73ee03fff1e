"""What ``claude -p --output-format stream-json`` tells, line by line. Pure.

Its exit status and its ``subtype`` alone lie: an API error has subtype ``success``, an
interruption has exit status 0. ``is_error`` of the result line is what counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from taskboard.core.agent_turn import (
    LINGER,
    LONG_WAIT,
    Trouble,
    Turn,
    at,
    brief_text,
    count_at,
    rows_at,
    text_at,
)
from taskboard.core.bill import Usage

_EPOCH = re.compile(r"limit reached\|(\d{10})\b")
_LIMIT = re.compile(r"\b(usage|session|weekly|spending)\b[^.]{0,20}\blimit\b", re.IGNORECASE)
_NO_LOGIN = re.compile(r"not logged in|/login|invalid api key|authenticat", re.IGNORECASE)
_NO_MONEY = re.compile(r"credit balance is too low", re.IGNORECASE)
_STOPS = {"error_max_turns": "turns", "error_max_budget_usd": "budget"}


class ClaudeCodeStream:
    """See ``taskboard.core.agent_turn.Stream``."""

    def __init__(self) -> None:
        self.over: float | None = None
        self._session = ""
        self._answers: dict[str, Usage] = {}
        self._reset: datetime | None = None
        self._trouble: Trouble | None = None
        self._result: Mapping[str, Any] | None = None

    def hear(self, line: Mapping[str, Any]) -> str:
        if self._result is not None:
            return ""
        self._session = text_at(line, "session_id") or self._session
        match line.get("type"):
            case "assistant":
                return self._assistant(line)
            case "system" if line.get("subtype") == "api_retry":
                return self._retry(line)
            case "system" if line.get("subtype") == "permission_denied":
                return f"{text_at(line, 'tool_name')} was not allowed"
            case "rate_limit_event":
                self._limit(line)
            case "result":
                self._result, self.over = line, LINGER
            case _:
                pass
        return ""

    def overhear(self, line: str) -> None:
        """Whatever counts stands in its lines."""

    def turn(self, code: int | None = None, stderr: str = "") -> Turn:  # noqa: ARG002
        result = self._result
        if result is None:
            return Turn(
                session=self._session,
                trouble=self._trouble,
                answers=tuple(self._answers.values()),
            )
        fine = result.get("is_error") is False and result.get("subtype") == "success"
        return Turn(
            session=self._session,
            complete=fine,
            trouble=None if fine else _trouble(result, self._reset),
            report=result.get("structured_output"),
            answers=tuple(self._answers.values()),
            total=tuple(_model_usage(result)),
            denied=tuple(
                dict.fromkeys(
                    text_at(d, "tool_name") for d in rows_at(result, "permission_denials")
                )
            ),
        )

    def _assistant(self, line: Mapping[str, Any]) -> str:
        message = at(line, "message")
        if model := text_at(message, "model"):
            self._answers[text_at(message, "id")] = _prompt_usage(model, at(message, "usage"))
        said = (_said(block) for block in rows_at(message, "content"))
        return "\n".join(text for text in said if text)

    def _retry(self, line: Mapping[str, Any]) -> str:
        status, wait = count_at(line, "error_status"), count_at(line, "retry_delay_ms") / 1000
        if status == 429 and wait > LONG_WAIT:
            error = "The service allows no more requests now (429)."
            self._trouble = Trouble(
                kind="quota", error=error, status=status, until=self._reset, wait=wait
            )
            self.over = 0.0
        if status == 401 and count_at(line, "attempt") > 1:
            # The first time it may have had a new token made; after that nothing changes.
            error = "The service does not accept the key or login (401)."
            self._trouble = Trouble(kind="authentication", error=error, status=status)
            self.over = 0.0
        return f"the service answered {status or 'nothing'}; trying again in {wait:.0f}s"

    def _limit(self, line: Mapping[str, Any]) -> None:
        info = at(line, "rate_limit_info")
        if text_at(info, "status") == "rejected":
            self._reset = _moment(at(info, "resetsAt"))


def _said(block: Mapping[str, Any]) -> str:
    if block.get("type") == "text":
        return text_at(block, "text")
    if block.get("type") == "tool_use":
        about = at(block, "input")
        told = (text_at(about, key) for key in ("command", "file_path", "pattern", "url"))
        return brief_text(f"{text_at(block, 'name')} {next(filter(None, told), '')}".strip())
    return ""


def _trouble(result: Mapping[str, Any], reset: datetime | None) -> Trouble:
    errors = at(result, "errors")
    listed = [e for e in errors if isinstance(e, str)] if isinstance(errors, list) else []
    error = text_at(result, "result") or "; ".join(listed)
    status = count_at(result, "api_error_status") or None
    if found := _EPOCH.search(error):
        reset = _moment(int(found[1]))
    kind = _kind(result, status, error)
    return Trouble(
        kind=kind,
        error=brief_text(error, 500) or "it ended with an error that it did not name",
        status=status,
        until=reset if kind == "quota" else None,
    )


def _kind(result: Mapping[str, Any], status: int | None, error: str) -> str:
    if text_at(result, "stop_reason") == "refusal":
        return "refused"
    unnamed = status is None and _NO_LOGIN.search(error)
    if status in (401, 402, 403) or unnamed or _NO_MONEY.search(error):
        return "authentication"
    if status == 429 or _LIMIT.search(error):
        return "quota"
    if text_at(result, "terminal_reason") in ("api_error", "image_error"):
        return "provider"
    return _STOPS.get(text_at(result, "subtype"), "stopped")


def _prompt_usage(model: str, usage: Any) -> Usage:
    """The prompt's side of an answer; its output is not known when the line is written."""
    written = count_at(usage, "cache_creation_input_tokens")
    hour = min(written, count_at(usage, "cache_creation", "ephemeral_1h_input_tokens"))
    return Usage(
        model=model,
        input=count_at(usage, "input_tokens"),
        cache_read=count_at(usage, "cache_read_input_tokens"),
        cache_write=written - hour,
        cache_write_1h=hour,
    )


def _model_usage(result: Mapping[str, Any]) -> Iterator[Usage]:
    found = at(result, "modelUsage")
    for model, counts in found.items() if isinstance(found, Mapping) else ():
        written = count_at(counts, "cacheCreationInputTokens")
        hour = min(written, count_at(counts, "cacheCreationEphemeral1hInputTokens"))
        yield Usage(
            model=str(model),
            input=count_at(counts, "inputTokens"),
            output=count_at(counts, "outputTokens"),
            cache_read=count_at(counts, "cacheReadInputTokens"),
            cache_write=written - hour,
            cache_write_1h=hour,
        )


def _moment(epoch: Any) -> datetime | None:
    """Seconds since 1970, of this century."""
    if type(epoch) is not int or not 0 < epoch < 4_102_444_800:
        return None
    return datetime.fromtimestamp(epoch, UTC)
