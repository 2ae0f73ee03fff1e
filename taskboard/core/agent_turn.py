"""What an agent's program said in one go, whatever its stream looks like, and JSON lines as they
come. Pure: bytes in, facts out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Protocol

from taskboard.core.bill import Usage, tokens

LONGEST_LINE = 16 << 20
"""Bytes of one line that are kept; a longer line is left out."""
LONG_WAIT = 60.0
"""Seconds. A program that would wait for longer before it asks its service again is ended, and its
task waits instead: we need no process that sleeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a turn did not end well, as its program says: ``kind`` is ``authentication quota
    provider refused turns budget stopped`` or ``capability``; ``status`` the service's HTTP
    status; ``until`` when a quota is said to be over, else ``wait`` seconds. ``until`` without a
    time zone is the machine's own time; a mere time of day is the next one."""

    kind: str
    error: str
    status: int | None = None
    until: datetime | time | None = None
    wait: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One go of a program. ``complete`` is that its closing line came and tells of success.
    ``answers`` are priced one by one; ``total`` is what the session has used since it began, by
    the program's own count (empty: it did not come to tell)."""

    session: str = ""
    complete: bool = False
    trouble: Trouble | None = None
    report: Any = None
    answers: tuple[Usage, ...] = ()
    total: tuple[Usage, ...] = ()
    denied: tuple[str, ...] = ()


class Stream(Protocol):
    """One program's way to tell. ``over`` is None while it goes on; then the seconds that its
    process is given to end by itself."""

    @property
    def over(self) -> float | None: ...

    def hear(self, line: Mapping[str, Any]) -> str:
        """One line; answers what a person would want to read of it, or nothing."""
        ...

    def overhear(self, line: str) -> None:
        """One line of its stderr."""
        ...

    def turn(self, code: int | None, stderr: str) -> Turn:
        """What has been heard, in the light of the exit status (None: a signal, or it is not
        known) and the end of what stood on stderr."""
        ...


_PAID = frozenset({"assistant", "result", "turn.completed"})
"""Lines by which one of the programs tells what it has used."""


class Metered:
    """A stream that calls ``told`` with the turn so far whenever more was used."""

    def __init__(self, stream: Stream, told: Callable[[Turn], None]) -> None:
        self._stream, self._told = stream, told
        self._used: tuple[tuple[Usage, ...], tuple[Usage, ...]] = ((), ())

    @property
    def over(self) -> float | None:
        """See ``Stream``."""
        return self._stream.over

    def hear(self, line: Mapping[str, Any]) -> str:
        """See ``Stream``."""
        said = self._stream.hear(line)
        if line.get("type") not in _PAID:
            return said
        turn = self._stream.turn(None, "")
        if (turn.answers, turn.total) != self._used:
            self._used = (turn.answers, turn.total)
            self._told(turn)
        return said

    def overhear(self, line: str) -> None:
        """See ``Stream``."""
        self._stream.overhear(line)

    def turn(self, code: int | None, stderr: str) -> Turn:
        """See ``Stream``."""
        return self._stream.turn(code, stderr)


LINGER = 10.0
"""Seconds between a closing line and the end of the process; a tool that a program has left
running may keep it for ever."""


class Lines:
    """Bytes as they come, in any pieces, to lines."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that are whole now."""
        *whole, rest = data.split(b"\n")
        for piece in whole:
            self._rest += piece
            line, skipped = bytes(self._rest), self._skipping
            self._rest.clear()
            self._skipping = False
            if not skipped:
                yield line
        self._rest += rest
        if len(self._rest) > LONGEST_LINE:
            self._rest.clear()
            self._skipping = True


class JsonLines:
    """Bytes as they come, in any pieces, to the JSON objects on their lines. What is no object is
    passed over: programs print warnings in between."""

    def __init__(self) -> None:
        self._lines = Lines()

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The objects that are whole now."""
        found = map(_object, self._lines.feed(data))
        return (line for line in found if line is not None)

    def finish(self) -> Iterator[dict[str, Any]]:
        """What stood behind the last newline, when it is whole."""
        return self.feed(b"\n")


def _object(line: bytes) -> dict[str, Any] | None:
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


# Reading of JSON that nobody vouches for: the wrong type is as good as nothing.


def text_at(found: Any, *path: str) -> str:
    """The text at a path of keys, or an empty one."""
    value = at(found, *path)
    return value if isinstance(value, str) else ""


def count_at(found: Any, *path: str) -> int:
    """The whole number of 0 or more at a path of keys, or 0. Absurdly large ones are cut."""
    return tokens(at(found, *path))


def at(found: Any, *path: str) -> Any:
    """What stands at a path of keys, or None."""
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def rows_at(found: Any, *path: str) -> list[Mapping[str, Any]]:
    """The objects in the list at a path of keys."""
    value = at(found, *path)
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def brief_text(text: str, longest: int = 200) -> str:
    """One line of it."""
    line = " ".join(text[: 2 * longest].split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
