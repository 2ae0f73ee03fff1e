"""The Anthropic Messages API: a client, what went wrong in a word, and the tokens of an answer.

The SDK takes two seconds to import, so it is imported in a thread when it is first needed. It
retries by itself (429, 5xx, lost connections); what it lacks is an end: whoever calls gives one
with ``asyncio.timeout``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from taskboard.core.bill import Usage, tokens
from taskboard.core.plain import plain
from taskboard.errors import TaskboardError

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
"""Variables that hold a key, the first that is set counts. Profiles on disk do not: a key is
given to taskboard on purpose."""

BASE_URL = "ANTHROPIC_BASE_URL"

_KEY_HINT = "Set ANTHROPIC_API_KEY to a valid key, or unset it to go without a model."
_BILL_HINT = "Look at the plan and the billing of this key's organization."
_MODEL_HINT = "Look at the name of the model in the settings."
_LONGEST = 300


class NoKey(TaskboardError):
    """The environment holds no key of the Anthropic API."""

    code = "authentication"
    exit_code = 78


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong with a request.

    ``kind`` in a word; of a service: ``rate_limited``, ``overloaded``, ``server``, ``timeout``,
    ``unreachable``, ``cut`` (the answer broke off), ``auth``, ``billing``, ``no_model``,
    ``too_large``, ``bad_request`` or ``unexpected``; whoever asks may have words of its own.
    ``retryable``: the same may work later. ``retry_after`` seconds, where the service named
    them. ``hint`` is what cures it, where that is known."""

    kind: str
    message: str
    retryable: bool = False
    status: int | None = None
    request_id: str = ""
    retry_after: float | None = None
    hint: str = ""


NO_KEY = Trouble(kind="auth", message="There is no key of the Anthropic API.", hint=_KEY_HINT)
_TOO_LATE = Trouble(kind="timeout", message="No answer came in time.", retryable=True)


def has_key(environ: Mapping[str, str]) -> bool:
    """Whether there is a key; not whether it is good."""
    return any(environ.get(name, "").strip() for name in KEYS)


@asynccontextmanager
async def connect(
    environ: Mapping[str, str], *, one_try: float, patience: float, retries: int = 2
) -> AsyncIterator[AsyncAnthropic]:
    """A client with the key and the base URL of ``environ``. ``one_try``: seconds for each try.
    A service that asks for a longer wait than ``patience`` seconds is not waited for. Raises
    ``NoKey``."""
    key, token = (environ.get(name, "").strip() for name in KEYS)
    if not key and not token:
        raise NoKey(NO_KEY.message, hint=NO_KEY.hint)
    base_url = environ.get(BASE_URL, "").strip() or None

    async def impatient(response: Any) -> None:
        # The SDK sleeps as long as it is told to, for weeks if need be.
        if (_retry_after(response.headers) or 0) > patience:
            response.headers["x-should-retry"] = "false"

    import asyncio

    anthropic, http = await asyncio.to_thread(_open, base_url, impatient)
    async with anthropic.AsyncAnthropic(
        **({"api_key": key} if key else {"auth_token": token}),
        base_url=base_url,
        timeout=one_try,
        max_retries=retries,
        http_client=http,
        open_telemetry=False,
    ) as client:
        yield client


def _open(base_url: str | None, hook: Callable[[Any], Awaitable[None]]) -> tuple[Any, Any]:
    """The SDK and what it sends with: together they take seconds the first time."""
    anthropic = import_module("anthropic")
    hooks = {"response": [hook]}
    if not _on_this_machine(base_url):
        return anthropic, anthropic.DefaultAsyncHttpxClient(event_hooks=hooks)
    # In clear, to this very machine: no proxy knows the way, and there is nothing to verify.
    here = {"trust_env": False, "verify": False, "follow_redirects": False}
    return anthropic, anthropic.DefaultAsyncHttpxClient(event_hooks=hooks, **here)


def classify(error: BaseException) -> Trouble:
    """What an error means that came out of a client, its stream, or ``asyncio.timeout``."""
    if isinstance(error, TimeoutError):
        return _TOO_LATE
    if isinstance(error, NoKey):
        return NO_KEY
    anthropic = import_module("anthropic")
    if isinstance(error, anthropic.APIStatusError):
        return _refusal(error)
    return _lost(error, anthropic, import_module("httpx2"))


def usage_of(message: Any, asked: str) -> Usage:
    """The tokens of an answer, which may lack any of them; ``asked`` is the model of the
    request, for an answer that does not say its own."""
    usage = getattr(message, "usage", None)
    parts = getattr(usage, "cache_creation", None)
    written = _count(usage, "cache_creation_input_tokens")
    long = min(_count(parts, "ephemeral_1h_input_tokens"), written)
    model = getattr(message, "model", None)
    return Usage(
        model=model if isinstance(model, str) and model else asked,
        input=_count(usage, "input_tokens"),
        output=_count(usage, "output_tokens"),
        cache_read=_count(usage, "cache_read_input_tokens"),
        cache_write=written - long,
        cache_write_1h=long,
    )


def said(error: object) -> str:
    """An error's words in one plain line of bounded length."""
    line = " ".join(plain(str(error)[: 4 * _LONGEST]).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."


_BY_STATUS = {
    401: "auth",
    402: "billing",
    403: "auth",
    404: "no_model",
    408: "timeout",
    409: "server",
    413: "too_large",
    429: "rate_limited",
    504: "timeout",
    529: "overloaded",
}
_BY_TYPE = {
    "authentication_error": "auth",
    "billing_error": "billing",
    "permission_error": "auth",
    "not_found_error": "no_model",
    "rate_limit_error": "rate_limited",
    "timeout_error": "timeout",
    "api_error": "server",
    "overloaded_error": "overloaded",
    "request_too_large": "too_large",
}
_HINTS = {"auth": _KEY_HINT, "billing": _BILL_HINT, "no_model": _MODEL_HINT}
_PASSING = {"rate_limited", "overloaded", "server", "timeout"}


def _lost(error: BaseException, anthropic: Any, httpx2: Any) -> Trouble:
    """An error of the way there or back."""
    import json

    if isinstance(error, anthropic.APITimeoutError | httpx2.TimeoutException):
        return _TOO_LATE
    broken = (
        httpx2.RemoteProtocolError,
        httpx2.ReadError,
        anthropic.APIResponseValidationError,
        json.JSONDecodeError,  # the SDK lets it out as it is
    )
    if isinstance(error, broken) or isinstance(error.__cause__, broken):
        return Trouble(kind="cut", message="The answer broke off.", retryable=True)
    if isinstance(error, anthropic.APIConnectionError | httpx2.TransportError):
        cause = error.__cause__ or error
        message = f"The service cannot be reached: {said(cause) or type(cause).__name__}"
        return Trouble(kind="unreachable", message=message, retryable=True)
    return Trouble(kind="unexpected", message=f"{type(error).__name__}: {said(error)}")


def _refusal(error: Any) -> Trouble:
    """An error that the service has answered; inside a stream its status is 200."""
    status = int(error.status_code)
    kind = _BY_STATUS.get(status) if status >= 400 else None
    kind = kind or _BY_TYPE.get(str(error.type)) or ("bad_request" if status < 500 else "server")
    words = said(error.api_message or error.type or "no reason given")
    code = f", {said(error.error_code)}" if error.error_code else ""
    return Trouble(
        kind=kind,
        message=f"The service answered {status}{code}: {words}",
        retryable=kind in _PASSING,
        status=status,
        request_id=said(error.request_id or ""),
        retry_after=_retry_after(error.response.headers),
        hint=_HINTS.get(kind, ""),
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the service asks for. A date is measured from the service's own clock."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _number(headers.get(name, ""))
        if seconds is not None:
            return seconds * unit
    from email.utils import parsedate_to_datetime  # lazily: every command starts by here

    try:
        until = parsedate_to_datetime(headers.get("retry-after", ""))
        since = parsedate_to_datetime(headers.get("date", ""))
        return max((until - since).total_seconds(), 0.0)
    except (TypeError, ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return min(number, 1e9) if number >= 0 else None


def _count(source: Any, name: str) -> int:
    return tokens(getattr(source, name, None))


def _on_this_machine(base_url: str | None) -> bool:
    import ipaddress  # lazily: every command starts by here
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(base_url or "")
        host = parts.hostname or ""
        here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
    return here and parts.scheme == "http"
