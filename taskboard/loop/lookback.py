"""Finding a place in the ledger from its end: what is asked about lies near it, and a ledger of
years is long. The windows that are read grow until the place is in one of them."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from taskboard.core.absence import Leaving
from taskboard.core.event import Event
from taskboard.ledger import History

FAR = 100_000
"""Events that are looked back for somebody's last act."""
_WINDOW = 2048
_GROWTH = 4
_WIDEST = 32 * 1024
"""Events held at one time."""


async def when_left(
    history: History, seq: int, *, me: str, device: str, now: datetime
) -> tuple[Event | None, int]:
    """The last act of ``me`` before they were gone last (see ``Leaving``), in a ledger that ends
    at ``seq``, and its sequence. When they have been here all the time, or for so long that
    ``FAR`` events lie between, None and the sequence that was looked back to."""
    leaving, after = Leaving(me, device, now), seq
    async for window in _windows(history, seq):
        leaving.take(window)
        found = leaving.found()
        if found is not None:
            return found, found.seq
        after = window[0].seq - 1 if window else 0
        if seq - after >= FAR:
            break
    return None, after


async def seq_before(history: History, seq: int, moment: datetime) -> int:
    """The sequence of the last event before ``moment``; 0 when there is none. The ledger ends at
    ``seq``."""
    async for window in _windows(history, seq):
        earlier = [e.seq for e in window if _is_before(e, moment)]
        if earlier:
            return earlier[-1]
    return 0


async def last_of(
    history: History, seq: int, after: int, count: int, wanted: Callable[[Event], bool]
) -> list[tuple[Event, bytes]]:
    """The last ``count`` events, each with its line, that are ``wanted`` and come after ``after``
    in a ledger that ends at ``seq``."""
    size, found = max(_WINDOW, 4 * count), deque[tuple[Event, bytes]](maxlen=count)
    while count:
        start = max(seq - size, after)
        found.clear()
        async for event, line in history.read(start):
            if event.seq <= seq and wanted(event):
                found.append((event, line))
        if len(found) == count or start == after:
            break
        size *= _GROWTH
    return list(found)


async def _windows(history: History, seq: int) -> AsyncIterator[list[Event]]:
    """The ledger from its end, in pieces that do not overlap, each in order."""
    end, size = seq, _WINDOW
    while end > 0:
        start = max(end - size, 0)
        window = []
        async for event, _line in history.read(start):
            if event.seq > end:
                break
            window.append(event)
        yield window
        end, size = start, min(size * _GROWTH, _WIDEST)


def _is_before(event: Event, moment: datetime) -> bool:
    try:
        return datetime.fromisoformat(event.ts) < moment
    except ValueError:
        return False
