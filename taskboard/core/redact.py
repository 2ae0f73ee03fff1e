"""Secrets out of text, before it is stored or shown; whole texts and streams give the same.

What counts is a set of spans: every occurrence of a known secret (in any of its usual spellings)
and of every well-known token shape. Overlapping and touching spans become one ``[redacted]``.
Whether a span starts at a character depends only on the character before it and on a bounded
number after it, so a stream decides exactly what the whole text would.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

REDACTED = "[redacted]"
"""What stands in the place of a secret."""

SHORTEST = 8
"""Shorter values are words, not secrets."""

HELD = 2048
"""The stream holds back at most this many characters: the end of an unfinished line."""

_PIECE = 1024
_PEM_LONGEST = 32 * 1024
_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE", re.IGNORECASE)
_RUN = re.compile(r"[A-Za-z0-9_.~+/=%-]*")
_PEM = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_SHAPES = (
    r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}",
    r"gh[pousr]_[A-Za-z0-9]{20}",
    r"github_pat_[A-Za-z0-9_]{20}",
    r"glpat-[A-Za-z0-9_-]{16}",
    r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20}",
    r"(?<![A-Za-z0-9])[rs]k_(?:live|test)_[A-Za-z0-9]{10}",
    r"xox[a-z]-[A-Za-z0-9-]{10}",
    r"xapp-[A-Za-z0-9-]{10}",
    r"AIza[A-Za-z0-9_-]{30}",
    r"ya29\.[A-Za-z0-9_-]{20}",
    r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,1500}\.[A-Za-z0-9_-]{5}",
    r"(?i:bearer)[ \t]{1,8}([A-Za-z0-9_.~+/=-]{16})",
    (
        r"(?i:authorization|x-api-key|private-token)[\"']{0,2}[ \t]{0,4}[:=][ \t\"']{0,6}"
        r"(?:[A-Za-z]{1,20}[ \t]{1,4})?([A-Za-z0-9_.~+/=-]{8})"
    ),
)
"""How a token starts. Where there is a group the span starts with it; every span then runs on
while token characters follow, so that its length needs no bound."""
_URL = r"://[^\s/@:]{0,128}:([^\s/@]{1,512})@"
"""A password in a URL: only its group is covered."""

_TOKEN_PATTERNS = tuple(re.compile(shape) for shape in _SHAPES)
_URL_PATTERN = re.compile(_URL)
_ANY = re.compile("|".join((*_SHAPES, _URL)))


class _Span(NamedTuple):
    start: int
    end: int


class _Literals(tuple[str, ...]):
    """Every spelling of every secret, each of a bounded length."""

    __slots__ = ()

    @property
    def across(self) -> tuple[str, ...]:
        """Those that go on over a line's end."""
        return tuple(s for s in self if "\n" in s or "\r" in s)


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
        self._literals = secrets if isinstance(secrets, _Literals) else _literals(secrets)
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
        stream = self.fresh()
        return stream.feed(text) + stream.flush()

    def redact_data(self, value: Any) -> Any:
        """JSON data with every string in it, keys too, redacted."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, Mapping):
            return {self.redact_data(key): self.redact_data(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.redact_data(item) for item in value]
        return value

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
        found = _ANY.search(text, self._start)
        while found and found.start() < limit:
            for span in _tokens_at(text, found.start()):
                self._spans.append(span)
                self._running = self._running or span.end == len(text)
            found = _ANY.search(text, found.start() + 1)
        self._spans.extend(_passwords(text, self._start, limit))

    def _find_literals(self, limit: int) -> None:
        for literal in self._literals:
            last = limit + len(literal) - 1
            at = self._text.find(literal, self._start, last)
            while at >= 0:
                self._spans.append(_Span(at, at + len(literal)))
                at = self._text.find(literal, at + 1, last)

    def _find_keys(self, limit: int) -> None:
        """From BEGIN to END, but not for ever: a lone BEGIN costs a bounded piece of text."""
        found = _PEM.search(self._text, self._start)
        while found and found.start() < limit:
            self._meet_key(found)
            found = _PEM.search(self._text, found.start() + 1)
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


def _tokens_at(text: str, at: int) -> Iterator[_Span]:
    for pattern in _TOKEN_PATTERNS:
        if token := pattern.match(text, at):
            yield _Span(token.start(token.lastindex or 0), _run_end(text, token.end()))


def _passwords(text: str, start: int, limit: int) -> Iterator[_Span]:
    at = text.find("://", start, limit + 2)
    while at >= 0:
        if found := _URL_PATTERN.match(text, at):
            yield _Span(*found.span(1))
        at = text.find("://", at + 1, limit + 2)


def _open_at(text: str, literal: str, start: int) -> int:
    """Where the end of ``text`` may be the beginning of ``literal``; its length when nowhere."""
    at = text.find(literal[0], max(start, len(text) - len(literal) + 1))
    while at >= 0:
        if literal.startswith(text[at:]):
            return at
        at = text.find(literal[0], at + 1)
    return len(text)


def _literals(secrets: Iterable[str]) -> _Literals:
    forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
    pieces = {piece for form in forms if len(form) >= SHORTEST for piece in _pieces(form)}
    return _Literals(sorted(pieces))


def _pieces(form: str) -> Iterator[str]:
    """Even pieces of a bounded length; they touch, so together they leave one mark."""
    count = -(-len(form) // _PIECE)
    size = -(-len(form) // count)
    return (form[at : at + size] for at in range(0, len(form), size))


def _forms(secret: str) -> Iterator[str]:
    raw = _raw(secret)
    text = raw.decode("utf-8", "replace")  # as it comes out of a stream that is not all UTF-8
    yield from (secret, text, text.strip(), json.dumps(text)[1:-1])
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield from (line for line in text.splitlines() if len(line) >= 2 * SHORTEST)
    for kept in ("", "/", "/:"):
        for spelling in ("%{:02X}", "%{:02x}"):
            coded = _percent(raw, kept, spelling)
            yield coded
            yield coded.replace("%20", "+")
    for value in {raw, raw.strip()}:
        yield from _base64(value)


def _percent(raw: bytes, kept: str, spelling: str) -> str:
    """As in a URL: what is neither unreserved nor ``kept`` is spelled as bytes."""
    plain = _UNRESERVED + kept.encode()
    return "".join(chr(byte) if byte in plain else spelling.format(byte) for byte in raw)


def _raw(secret: str) -> bytes:
    try:
        return secret.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return secret.encode("utf-8", "replace")


def _base64(raw: bytes) -> Iterator[str]:
    """Its base64, alone and in the middle of something longer at each of three alignments,
    there without the characters that its neighbours decide; and wrapped into lines."""
    for shift in range(3):
        code = base64.b64encode(b"\0" * shift + raw).decode()
        inner = code[(0, 2, 3)[shift] : (shift + len(raw)) * 8 // 6]
        yield inner
        yield inner.translate(str.maketrans("+/", "-_"))
    whole = base64.b64encode(raw).decode()
    for width in (64, 76):
        yield from (whole[at : at + width] for at in range(0, len(whole), width))
