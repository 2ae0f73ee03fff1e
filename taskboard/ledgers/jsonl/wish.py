"""What waits in the ledger's queue."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from taskboard.core.event import Draft, Event
from taskboard.core.event import EventType as E

if TYPE_CHECKING:
    import asyncio

_TYPED = ("title", "text", "fields")
"""What people typed: it stands on their own board, and ``objects/`` holds it verbatim."""
_VERBATIM = {E.CREATED: _TYPED, E.EDITED: _TYPED, E.BOARD_WRITTEN: ("edits",)}


class Turn:
    """``await`` it to let every task run that is ready: ``asyncio.sleep(0)`` with less around."""

    def __await__(self) -> Generator[None, None, None]:
        yield


TURN = Turn()


class Wish:
    """A commit that waits for its turn, then for the flush, and what came of it."""

    __slots__ = ("after", "done", "drafts", "end", "error", "events", "waits")

    def __init__(self, drafts: Sequence[Draft], after: int | None) -> None:
        self.drafts = drafts
        self.after = after
        self.waits = True
        """Nobody has taken it up yet."""
        self.events: list[Event] = []
        self.error: BaseException | None = None
        self.end = 0
        """Bytes that must be durable before it is acknowledged; 0 when nothing is written."""
        self.done: asyncio.Future[list[Event]] | None = None
        """Set when the flush is under way elsewhere."""


def redacted(draft: Draft, redact: Callable[[Any], Any]) -> Draft:
    """The draft as it may be stored: all of its data but what people typed is redacted."""
    data, typed = draft.data, _VERBATIM.get(draft.type)
    if typed is None:
        clean = redact(data)
        return draft if clean is data else msgspec.structs.replace(draft, data=clean)
    whole = {key: one for key, one in data.items() if key in typed}
    whole.update(redact({key: one for key, one in data.items() if key not in typed}))
    return msgspec.structs.replace(draft, data=whole)
