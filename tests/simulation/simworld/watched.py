"""The product's ledger and write-back with somebody looking on: what was acknowledged, what was
written over what."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from simworld.person import marks
from simworld.stage import Violation
from taskboard.core.event import Draft, Event
from taskboard.core.task import World
from taskboard.ledgers.jsonl import JsonlLedger
from taskboard.loop.writeback import Base, Late, Outcome, WriteBack, Written


class WatchedLedger:
    """``Ledger`` and ``History``; ``acked`` learns the hash of every acknowledged sequence, and
    ``asked`` is called with what is about to be appended."""

    def __init__(
        self,
        inner: JsonlLedger,
        acked: dict[int, str],
        asked: Callable[[Sequence[Draft]], None],
    ) -> None:
        self.inner, self.acked, self.asked = inner, acked, asked

    async def look(self) -> World:
        world = await self.inner.look()
        if world.seq:
            self.acked[world.seq] = world.head
        return world

    async def append(self, drafts: Sequence[Draft], *, after: int | None = None) -> list[Event]:
        self.asked(drafts)
        events = await self.inner.append(drafts, after=after)
        self.acked.update({event.seq: event.hash for event in events})
        return events

    async def keep(self, data: bytes) -> str:
        return await self.inner.keep(data)

    async def fetch(self, sha256: str) -> bytes:
        return await self.inner.fetch(sha256)

    def read(self, after: int = 0) -> AsyncIterator[tuple[Event, bytes]]:
        return self.inner.read(after)


class WatchedWriteBack:
    """``WriteBack``; whatever it writes must leave every byte alone that is not ours."""

    def __init__(self, inner: WriteBack, say: Callable[[str], None]) -> None:
        self.inner, self.say = inner, say
        self.writes = 0

    @property
    def retry_at(self) -> float | None:
        return self.inner.retry_at

    def base(self) -> Base | None:
        return self.inner.base()

    def put(self, seen: bytes, new: Base) -> Outcome:
        if new.data != seen:
            _untouched(seen, new.data)
        outcome = self.inner.put(seen, new)
        if new.data != seen:
            self.say(f"  write-back: {type(outcome).__name__}")
            self.writes += isinstance(outcome, Written)
        return outcome

    def linger(self) -> list[Late]:
        return self.inner.linger()

    def absorb_late(self, late: Late) -> Path | None:
        self.say(f"  a late save of {len(late.data)} bytes is joined")
        return self.inner.absorb_late(late)


_OURS = re.compile(rb"- (status|note|result):.*")
_HEAD = re.compile(rb"(#+ )[A-Z][A-Z0-9-]*-\d+ ")


def _untouched(seen: bytes, new: bytes) -> None:
    gone = marks(seen) - marks(new)
    if gone:
        raise Violation(f"a projection leaves out what a person wrote: {sorted(gone)}")
    before, after = _theirs(seen), _theirs(new)
    if after[: len(before)] != before:
        first = next(
            (i for i, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]),
            min(len(before), len(after)),
        )
        raise Violation(
            f"a projection changes line {before[first : first + 1]} to {after[first : first + 1]}"
        )


def _theirs(data: bytes) -> list[bytes]:
    lines = [_HEAD.sub(rb"\1", line) for line in data.split(b"\n") if not _OURS.match(line)]
    while lines and not lines[-1]:
        lines.pop()
    return lines
