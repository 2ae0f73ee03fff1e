"""One request and its answer in HTTP/1.1, read with bounds and kept nowhere.

Evidence needs a status, a type and a digest. That is little enough to read by hand, and reading
it by hand is what keeps it little: no cookies, no credentials, no inflating, no second request
on the same connection.
"""

from __future__ import annotations

import asyncio
import hashlib
import re

import msgspec

from taskboard.core.urls import Target

LINE = 16 << 10
"""Bytes of one line of a head; give the ``StreamReader`` this limit."""
_LINES = 200
_INTERIM = 8
"""How many answers of 1xx may come before the one that counts."""
_PIECE = 64 << 10
_BROKEN = "it broke off in the middle"
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: .*)?")
_SIZE = re.compile(rb"[0-9]{1,18}")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?")


class Unreadable(Exception):
    """What came is no answer that can be understood in one way; the text is a clause."""


class TooLarge(Exception):
    """The body is larger than was allowed. The rest of it was not read."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """``bytes`` and ``sha256`` are those of the body as it was sent, without its chunking; None
    when the status is none of success and the body was not read."""

    status: int
    headers: dict[str, str]
    bytes: int | None = None
    sha256: str | None = None


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: Target, *, most: int
) -> Answer:
    """Send one GET and read its answer: of a success the whole body, at most ``most`` bytes.
    Raises ``Unreadable``, ``TooLarge``, and ``OSError`` or ``EOFError`` when the line breaks."""
    writer.write(_request(target))
    await writer.drain()
    status, headers = await _head(reader)
    if not 200 <= status < 300:
        return Answer(status=status, headers=headers)
    body = _Body(reader, most)
    if status not in (204, 205):
        await body.read(headers)
    return Answer(status=status, headers=headers, bytes=body.size, sha256=body.digest)


def _request(target: Target) -> bytes:
    lines = (
        f"GET {target.path} HTTP/1.1",
        f"Host: {target.host}",
        "User-Agent: taskboard (looks for evidence)",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    for _ in range(_INTERIM):
        found = _STATUS.fullmatch(await _line(reader))
        if found is None:
            raise Unreadable("its answer is no HTTP/1.1")
        headers = await _headers(reader)
        if not found[1].startswith(b"1"):
            return int(found[1]), headers
    raise Unreadable("it answers without end that it will answer")


async def _headers(reader: asyncio.StreamReader) -> dict[str, str]:
    found: dict[str, str] = {}
    for _ in range(_LINES):
        line = await _line(reader)
        if not line:
            return found
        name, colon, value = line.partition(b":")
        key = name.decode("latin-1").casefold()
        if not colon or not key or key != key.strip():
            raise Unreadable("a line of its head is no header")
        text = value.decode("latin-1").strip()
        found[key] = f"{found[key]}, {text}" if key in found else text
    raise Unreadable(f"its head has more than {_LINES} lines")


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return (await reader.readuntil(b"\n")).rstrip(b"\r\n")
    except asyncio.IncompleteReadError:
        raise EOFError(_BROKEN) from None
    except asyncio.LimitOverrunError:
        raise Unreadable(f"a line of its head is longer than {LINE} bytes") from None


class _Body:
    """A body on its way through: counted, digested and gone."""

    def __init__(self, reader: asyncio.StreamReader, most: int) -> None:
        self._reader, self._most = reader, most
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    async def read(self, headers: dict[str, str]) -> None:
        coding, length = headers.get("transfer-encoding"), headers.get("content-length")
        if coding is not None and length is not None:
            raise Unreadable("it says in two ways how long its body is")
        if coding is not None:
            if coding.casefold() != "chunked":
                raise Unreadable(f"its transfer encoding is {coding[:40]!r}")
            await self._chunks()
        elif length is not None:
            sizes = {word.strip() for word in length.split(",")}
            size = sizes.pop().encode("latin-1")
            if sizes or _SIZE.fullmatch(size) is None:
                raise Unreadable("its content length is no number")
            await self._exactly(int(size))
        else:
            while data := await self._reader.read(_PIECE):
                self._take(data)

    async def _chunks(self) -> None:
        while True:
            found = _CHUNK.fullmatch(await _line(self._reader))
            if found is None:
                raise Unreadable("its chunks are broken")
            size = int(found[1], 16)
            if size == 0:
                return  # what follows are more headers, of which none is wanted
            await self._exactly(size)
            if await _line(self._reader):
                raise Unreadable("its chunks are broken")

    async def _exactly(self, size: int) -> None:
        left = size
        while left:
            data = await self._reader.read(min(left, _PIECE))
            if not data:
                raise EOFError(_BROKEN)
            left -= len(data)
            self._take(data)

    def _take(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self._most:
            raise TooLarge
        self._digest.update(data)
