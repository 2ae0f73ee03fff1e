"""How one secret may be spelled: as it is, in JSON, in a URL, in base64, a line at a time."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator

SHORTEST = 8
"""Shorter values are words, not secrets."""

LONGEST = 1024
"""Longer spellings are looked for in pieces of at most this many characters."""

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


class Spellings(tuple[str, ...]):
    """Every spelling of every secret, none shorter than ``SHORTEST`` or longer than
    ``LONGEST``."""

    __slots__ = ()

    @property
    def across(self) -> tuple[str, ...]:
        """Those that go on over a line's end."""
        return tuple(s for s in self if "\n" in s or "\r" in s)


def spellings(secrets: Iterable[str]) -> Spellings:
    """All that has to be looked for; secrets shorter than ``SHORTEST`` are not."""
    forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
    pieces = {piece for form in forms if len(form) >= SHORTEST for piece in _pieces(form)}
    return Spellings(sorted(pieces))


def _pieces(form: str) -> Iterator[str]:
    """Even pieces of a bounded length; they touch, so together they leave one mark."""
    count = -(-len(form) // LONGEST)
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
