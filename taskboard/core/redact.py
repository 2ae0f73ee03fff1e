"""Secrets out of text, before it is stored or shown; whole texts and streams give the same.

What counts is a set of spans: every occurrence of a known secret (in any of its usual spellings)
and of every well-known token shape. Overlapping and touching spans become one ``[redacted]``.
Whether a span starts at a character depends only on the character before it and on a bounded
number after it, so a stream decides exactly what the whole text would.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec

from taskboard.core.spellings import SHORTEST, Spellings, spellings

REDACTED = "[redacted]"
"""What stands in the place of a secret."""

HELD = 2048
"""The stream holds back at most this many characters: the end of an unfinished line."""

_PEM_LONGEST = 32 * 1024
_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE", re.IGNORECASE)
_RUN = re.compile(r"[A-Za-z0-9_.~+/=%-]*")
_PEM = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_STARTS = ("-----BEGIN ", "-----END ")
_URL = re.compile(r"://[^\s/@:]{0,128}:([^\s/@]{1,512})@")
"""A password in a URL: only its group is covered."""

_BEARER = r"[ \t]{1,8}([A-Za-z0-9_.~+/=-]{16})"
_HEADER = (
    r"[\"']{0,2}[ \t]{0,4}[:=][ \t\"']{0,6}(?:[A-Za-z]{1,20}[ \t]{1,4})?([A-Za-z0-9_.~+/=-]{8})"
)
_SHAPES = (
    ("AKIA ASIA", r"[A-Z0-9]{16}"),
    ("ghp_ gho_ ghu_ ghs_ ghr_", r"[A-Za-z0-9]{20}"),
    ("github_pat_", r"[A-Za-z0-9_]{20}"),
    ("glpat-", r"[A-Za-z0-9_-]{16}"),
    ("sk-", r"[A-Za-z0-9_-]{20}"),
    ("sk_live_ sk_test_ rk_live_ rk_test_", r"[A-Za-z0-9]{10}"),
    ("xox", r"[a-z]-[A-Za-z0-9-]{10}"),
    ("xapp-", r"[A-Za-z0-9-]{10}"),
    ("AIza", r"[A-Za-z0-9_-]{30}"),
    ("ya29.", r"[A-Za-z0-9_-]{20}"),
    ("eyJ", r"[A-Za-z0-9_-]{5,1500}\.[A-Za-z0-9_-]{5}"),
    ("Bearer bearer BEARER", _BEARER),
    ("Authorization authorization AUTHORIZATION", _HEADER),
    ("X-Api-Key X-API-Key x-api-key X-API-KEY", _HEADER),
    ("Private-Token PRIVATE-TOKEN private-token", _HEADER),
)
"""How tokens start, and what must follow. Where there is a group the span starts with it. Every
span then runs on while token characters follow, so that its length needs no bound."""
_WITHIN_WORDS = {"sk-", "eyJ"}
"""These also stand in the middle of ordinary words (``task-``), so nothing may precede them."""


_STARTS = tuple((start, rest) for starts, rest in _SHAPES for start in starts.split())


@cache  # made when there is something to look at: most commands print nothing of anybody else's
def _tokens() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((start, re.compile(_before(start) + rest)) for start, rest in _STARTS)


def _before(start: str) -> str:
    before = "(?<![A-Za-z0-9_-])" if start in _WITHIN_WORDS else ""
    return before + re.escape(start)


_TRACES = (*(start for start, _ in _STARTS), "://", *_PEM_STARTS)
"""What every token, password in a URL and key block begins with: most texts have nothing of it,
and need no closer look."""


def _begins(start: str, text: str) -> bool:
    return re.search(_before(start), text) is not None


class _Span(NamedTuple):
    start: int
    end: int


def secrets_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values of 8 characters and more of variables whose name says that they are secret."""
    return tuple(
        value
        for name, value in environ.items()
        if len(value.strip()) >= SHORTEST and _NAMES.search(name)
    )


class Redactor:
    """Takes secrets out of text. ``redact`` is for a whole text; ``feed`` and ``flush`` are for
    one stream, so every stream needs its own: ``fresh`` makes one cheaply."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._literals = secrets if isinstance(secrets, Spellings) else spellings(secrets)
        self._text = ""
        self._start = 0  # what lies before it is context: one character at most
        self._spans: list[_Span] = []  # decided, and not wholly written yet
        self._running: bool = False  # the last span goes on with the next token characters
        self._pem: _Span | None = None  # an open key block and where patience with it ends
        self._marked = False  # the last thing written was REDACTED

    def fresh(self) -> Redactor:
        """Another stream with the same secrets."""
        return Redactor(self._literals)

    def redact(self, text: str) -> str:
        """The whole text without its secrets. Does not touch the stream."""
        if self._has_no_trace(text):
            return text
        stream = self.fresh()
        return stream.feed(text) + stream.flush()

    def redact_data(self, value: Any) -> Any:
        """JSON data with every string in it, keys too, redacted."""
        return value if self._is_plain(value) else self._redacted(value)

    def _redacted(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, Mapping):
            return {self._redacted(key): self._redacted(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._redacted(item) for item in value]
        return value

    def _is_plain(self, value: Any) -> bool:
        """Whether all of it is seen at one look to hold no secret: as JSON that escapes nothing,
        in which every string stands as it is."""
        try:
            text = msgspec.json.encode(value).decode()
        except (msgspec.MsgspecError, TypeError, UnicodeError):
            return False
        return "\\" not in text and self._has_no_trace(text)

    def _has_no_trace(self, text: str) -> bool:
        # Each by itself: to find one plain word is the quickest thing there is to do with a text,
        # and a pattern of all of them takes ten times as long.
        for trace in _TRACES:
            if trace in text and (trace not in _WITHIN_WORDS or _begins(trace, text)):
                return False
        return not any(word in text for word in self._literals)

    def feed(self, chunk: str) -> str:
        """More of the stream; answers what can be said for certain by now. Unfinished lines are
        held back, at most ``HELD`` characters of them."""
        before = len(self._text)
        self._text += chunk
        if self._running:
            end = _run_end(self._text, before)
            self._spans.append(_Span(before, end))
            self._running = end == len(self._text)
        return self._advance(self._decidable())

    def flush(self) -> str:
        """The stream is over: the rest. The next ``feed`` starts a new one."""
        rest = self._advance(len(self._text))
        self._begin()
        return rest

    def _begin(self) -> None:
        self._text, self._start, self._spans = "", 0, []
        self._running, self._pem, self._marked = False, None, False

    def _decidable(self) -> int:
        """Up to here no character can start a span that more text would change."""
        text = self._text
        line = max(text.rfind("\n"), text.rfind("\r")) + 1
        limit = max(line, len(text) - HELD, self._start)
        for literal in self._literals.across:
            limit = min(limit, _open_at(text, literal, self._start))
        return limit

    def _advance(self, limit: int) -> str:
        if limit <= self._start:
            return ""
        self._find_tokens(limit)
        self._find_literals(limit)
        self._find_keys(limit)
        written = self._write(limit)
        self._cut(limit)
        return written

    def _find_tokens(self, limit: int) -> None:
        text = self._text
        run = _Span(0, -1)  # the last run seen: looking for its end once keeps this linear
        for start, pattern in _tokens():
            for at in _finds(text, start, self._start, limit):
                if token := pattern.match(text, at):
                    if not run.start <= token.end() <= run.end:
                        run = _Span(token.end(), _run_end(text, token.end()))
                    self._spans.append(_Span(token.start(token.lastindex or 0), run.end))
                    self._running = self._running or run.end == len(text)
        for at in _finds(text, "://", self._start, limit):
            if found := _URL.match(text, at):
                self._spans.append(_Span(*found.span(1)))

    def _find_literals(self, limit: int) -> None:
        for literal in self._literals:
            for at in _finds(self._text, literal, self._start, limit):
                self._spans.append(_Span(at, at + len(literal)))

    def _find_keys(self, limit: int) -> None:
        """From BEGIN to END, but not for ever: a lone BEGIN costs a bounded piece of text."""
        starts = (at for s in _PEM_STARTS for at in _finds(self._text, s, self._start, limit))
        for at in sorted(starts):
            if found := _PEM.match(self._text, at):
                self._meet_key(found)
        if self._pem:
            self._spans.append(_Span(self._pem.start, min(self._pem.end, limit)))
            self._pem = _Span(limit, self._pem.end) if self._pem.end > limit else None

    def _meet_key(self, found: re.Match[str]) -> None:
        at, is_open = found.start(), self._pem
        if is_open:
            self._spans.append(_Span(is_open.start, min(at, is_open.end)))
        if found[1] == "BEGIN":
            self._pem = _Span(at, at + _PEM_LONGEST)
        elif is_open:
            if at < is_open.end:
                self._spans.append(_Span(at, found.end()))
            self._pem = None

    def _write(self, limit: int) -> str:
        out: list[str] = []
        at = self._start
        for start, end in sorted(self._spans):
            if start >= limit:
                break
            if end <= at:
                continue
            if start > at:
                out.append(self._text[at:start])
                self._marked = False
            if not self._marked:
                out.append(REDACTED)
                self._marked = True
            at = min(end, limit)
        if at < limit:
            out.append(self._text[at:limit])
            self._marked = False
        return "".join(out)

    def _cut(self, limit: int) -> None:
        gone = limit - 1  # one character stays as context
        self._text = self._text[gone:]
        self._start = 1
        self._spans = [_Span(a - gone, b - gone) for a, b in self._spans if b > limit]
        if self._pem:
            self._pem = _Span(self._pem.start - gone, self._pem.end - gone)


def _run_end(text: str, at: int) -> int:
    run = _RUN.match(text, at)
    return run.end() if run else at


def _finds(text: str, part: str, start: int, limit: int) -> Iterator[int]:
    """Where ``part`` begins, from ``start`` up to, not including, ``limit``."""
    last = limit + len(part) - 1
    at = text.find(part, start, last)
    while at >= 0:
        yield at
        at = text.find(part, at + 1, last)


def _open_at(text: str, literal: str, start: int) -> int:
    """Where the end of ``text`` may be the beginning of ``literal``; its length when nowhere."""
    at = text.find(literal[0], max(start, len(text) - len(literal) + 1))
    while at >= 0:
        if literal.startswith(text[at:]):
            return at
        at = text.find(literal[0], at + 1)
    return len(text)
