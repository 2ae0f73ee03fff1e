"""Event to line and back. One event is one line of JSON whose ``hash`` is the SHA-256 of the
bytes before ``,"hash":``; the chain is ``prev`` = the hash of the line before."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from taskboard.core.event import MAX_LINE, Event
from taskboard.errors import Corrupt, TaskboardError

_SET = msgspec.structs.force_setattr
_ENCODER = msgspec.json.Encoder()
_PARSE = msgspec.json.Decoder(Event).decode
_SHA256 = hashlib.sha256()
"""Never fed, only copied: OpenSSL 3 takes longer to find the algorithm than to hash a line."""
_COPY = _SHA256.copy
_HASH_KEY = b',"hash":'
_TAIL = len(_HASH_KEY) + 64 + 2 + 1
"""Bytes of ``,"hash":"<64 hex>"}``."""
_HASH_VALUE = len(_HASH_KEY) - _TAIL
_HASH_EMPTY = len(_HASH_KEY) + 3
"""Bytes of ``,"hash":""}``: how an event without its hash ends."""
_VERSION = re.compile(rb'\{"v":([1-9][0-9]{0,5}),"')
_PREV_KEY = b',"prev":"'
_PREV = len(_PREV_KEY) + 64 + 1
"""Bytes of ``,"prev":"<64 hex>"``, which stand before the hash."""


def _digest(data: bytes) -> str:
    running = _SHA256.copy()
    running.update(data)
    return running.hexdigest()


def seal(event: Event) -> tuple[Event, bytes]:
    """The event with its hash, and its line with the newline. Raises ``TaskboardError`` for a line
    longer than ``MAX_LINE``, ``TypeError`` or ``ValueError`` when ``data`` is no JSON."""
    body = _ENCODER.encode(event)[:-_HASH_EMPTY]
    digest = _digest(body)
    line = b'%b,"hash":"%b"}\n' % (body, digest.encode())
    if len(line) > MAX_LINE:
        raise TaskboardError(
            f"An event of {len(line)} bytes is over the limit of {MAX_LINE} ({event.type}).",
            hint="Large payloads go to objects/; this is a defect, please report it.",
            task=event.task,
        )
    # The caller gives the event away to be sealed; a copy would cost as much as the encoding.
    _SET(event, "hash", digest)
    return event, line


def decode(line: bytes) -> Event:
    """The event of a line (newline included), its hash checked. Raises ``Corrupt``."""
    if line.endswith(b"\n"):
        return unseal(line[:-1])
    _parsed(line)  # what is no event at all is told first
    raise Corrupt("the line does not end with its hash")


def unseal(line: bytes) -> Event:
    """The event of a line without its newline, its hash checked. Raises ``Corrupt``."""
    event = _parsed(line)
    if line[-_TAIL:_HASH_VALUE] != _HASH_KEY:
        raise Corrupt("the line does not end with its hash")
    running = _SHA256.copy()  # not by _digest: a ledger is folded by millions of these
    running.update(line[:-_TAIL])
    # Equal means 64 characters, and then nothing but the object's end can follow.
    if running.hexdigest() != event.hash:
        raise Corrupt("the line's hash does not match its bytes")
    return event


def unseal_all(lines: Sequence[bytes]) -> tuple[list[Event], Corrupt | None]:
    """The events of lines without their newlines, as ``unseal`` makes each; those before the first
    bad line when there is one, and what is wrong with that. All are decoded, then all are hashed:
    that is a fifth quicker than by turns."""
    with suppress(msgspec.MsgspecError, UnicodeDecodeError):
        events = list(map(_PARSE, lines))
        for event, line in zip(events, lines, strict=True):
            running = _COPY()
            running.update(line[:-_TAIL])
            if running.hexdigest() != event.hash or line[-_TAIL:_HASH_VALUE] != _HASH_KEY:
                break
        else:
            return events, None
    good: list[Event] = []
    for line in lines:
        try:
            good.append(unseal(line))
        except Corrupt as error:
            return good, error
    return good, None


def _parsed(line: bytes) -> Event:
    try:
        return _PARSE(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Corrupt(f"not an event: {error}") from None


def version_of(line: bytes) -> int:
    """The format that a line or the beginning of one says it has, 0 when it says none. A newer
    version's line need not be readable here; this is where every version says what it is."""
    found = _VERSION.match(line)
    return int(found[1]) if found else 0


def relink(line: bytes, prev: str) -> tuple[bytes, str]:
    """A good line as it would stand after the line with hash ``prev``, and its hash there. All
    its other bytes stay. Raises ``Corrupt`` when it does not end with ``prev`` and ``hash``."""
    body = line[: -_TAIL - 1]
    if body[-_PREV:][: len(_PREV_KEY)] != _PREV_KEY:
        raise Corrupt("the line does not end with prev and hash")
    body = b'%b%b%b"' % (body[:-_PREV], _PREV_KEY, prev.encode())
    digest = _digest(body)
    return b'%b,"hash":"%b"}\n' % (body, digest.encode()), digest
