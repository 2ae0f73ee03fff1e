"""The open files: their lock, identity and poison mark, and the chain folded from them."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from taskboard.clock import Clock
from taskboard.core.codec import decode
from taskboard.core.event import Draft, Event
from taskboard.core.event import EventType as E
from taskboard.core.segment import LIMIT, seal_draft
from taskboard.core.task import World
from taskboard.errors import Corrupt, Storage
from taskboard.files import Files
from taskboard.heads import Heads, Mark
from taskboard.ledgers.jsonl.chain import Chain, Place
from taskboard.ledgers.jsonl.checkpoint import Checkpoint
from taskboard.ledgers.jsonl.recover import cut_tail, move_house, seal
from taskboard.ledgers.jsonl.reel import Reel
from taskboard.ledgers.jsonl.trouble import gone, newer, poisoned
from taskboard.log import log

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Store:
    """``events.jsonl`` and what stands around it, as one process sees it. Raises ``OSError`` for
    trouble with files, ``Corrupt`` (for good) for trouble with their bytes. A file of ``limit``
    bytes is sealed."""

    def __init__(
        self,
        files: Files,
        path: Path,
        state: Path,
        heads: Heads | None,
        *,
        writable: bool,
        limit: int = LIMIT,
    ) -> None:
        self._files = files
        self._heads = heads
        self._judged = heads is None or not writable
        """It was found to be ours to write to, or nobody asks."""
        self._path = path
        self._state = state
        self._lock = state / "events.lock"
        self._mark = state / "events.poisoned"
        self._quarantine = state / "quarantine"
        self._segments = state / "segments"
        self._writable = writable
        self._limit = limit
        self._reel = Reel(files, path, self._segments, writable=writable)
        self._checkpoint = Checkpoint(files, state / "checkpoint")
        self.chain = Chain(self._reel.locate)
        self._size = 0
        self._corrupt: Corrupt | None = None
        self._started = False
        self._poisoned = False
        self._moved: Draft | None = None

    def lock(self) -> AbstractContextManager[None]:
        """The machine-wide lock; ``enter`` comes first under it."""
        if not self._started:
            self._files.make_folder(self._state)
        return self._files.lock(self._lock)

    def enter(self) -> None:
        """Under the lock: have the file open that the path names now."""
        if self._is_poisoned():
            if self._started:
                raise poisoned(self._path)
            self._judge()
            self._move()
        self._open()
        self._started = True

    def refresh(self) -> bool:
        """Fold, without the lock, the complete commits that are there. Whether something is
        left that only the lock can judge, or that only a writer may begin."""
        if self._corrupt is not None:
            raise self._corrupt
        if self._writable and self._is_poisoned():
            if self._started:
                raise poisoned(self._path)
            return True
        if self._reel.size() == self.chain.end:
            return not self._started
        if self._files.stat(self._path) is None:
            if self.chain.end:
                raise self._gone("it is no longer there")
            self._reel.require_first(None)
            return self._writable
        self._open()
        return bool(self._fold()) or not self._started

    def repair(self, clock: Clock) -> list[Draft]:
        """Under the lock: fold everything, cut a torn tail. The facts to record."""
        if self._corrupt is not None:
            raise self._corrupt
        facts = []
        if self._size != self.chain.end or not self._judged:
            tail = self._fold()
            if tail:
                name, end = f"{clock.uuid()}.tail", self.chain.end
                reel, place = self._reel, self._quarantine
                facts.append(cut_tail(self._files, reel, place, end=end, tail=tail, name=name))
                self.sync()
        if self._moved is not None:
            facts.insert(0, self._moved)
            self._moved = None
        return facts

    def full(self) -> Draft | None:
        """Under the lock: the fact that the file was sealed, when that is due."""
        size = self.chain.end - self._reel.base
        if size < self._limit:
            return None
        return seal_draft(self.chain.world.ledger_id, len(self._reel.parts) + 1, size)

    def rotate(self, line: bytes) -> bool:
        """Under the lock: seal the file, and go on in a new one that begins with ``line``. False
        when that could not be done now and nothing has changed."""
        self.sync()  # a segment is durable for ever: nobody syncs it again
        number, files = len(self._reel.parts) + 1, self._files
        try:
            seal(files, self._path, self._segments, self._quarantine, number=number, line=line)
        except OSError as error:
            if self._reel.size() is None:  # it was replaced, and nobody knows if that lasts
                raise self._poison(error) from error
            log.warning("%s grows on: it could not be sealed: %s", self._path, error)
            self._limit += self._limit // 8
            return False
        self._open()
        return True

    def write(self, data: bytes) -> None:
        """One write at the end, under the lock. Raises ``OSError`` when nothing was written, and
        ``Storage`` when nobody knows what reached the disk."""
        try:
            self._reel.append(data)
        except OSError as error:
            # A full disk was cut back and synced. Trouble with that sync has been reported on
            # this file once and would never be again, so it is as final as any other.
            if error.errno not in _FULL or isinstance(error.__context__, OSError):
                raise self._poison(error) from error
            raise

    def fold_anew(self) -> None:
        """Something was folded that could not be written: fold the file again, into the same
        world, which others look at."""
        world = self.chain.world
        vars(world).update(vars(World()))
        self.chain = Chain(self._reel.locate)
        self.chain.world = world
        with suppress(OSError):  # then the next look folds it
            self._checkpoint.load(self.chain, self._holds, self._anew)
            self._fold()

    def begin(self, ledger_id: str) -> None:
        """This machine's own ledger is about to begin. Raises ``Storage``."""
        if self._heads is not None:
            self._heads.begin(ledger_id, self._path)
        self._judged = True

    def note(self, events: Sequence[Event] = ()) -> None:
        """All that is folded is durable: remember how far that is. At once when work follows upon
        ``events``: a ledger put back to before them must not have it done again."""
        world, base = self.chain.world, self._reel.base
        ours = self._writable and self._judged and self._corrupt is None
        if self._heads is not None and ours and world.ledger_id is not None:
            end, sealed = self.chain.end - base, len(self._reel.parts)
            mark = Mark(world.ledger_id, world.seq, world.head, end, sealed)
            begins = any(event.type == E.CLAIMED for event in events)
            self._heads.note(mark, self._path, at_once=begins)

    def keep_checkpoint(self) -> None:
        """All that is folded is durable: spare the next start folding it, when it is much."""
        ours = self._writable and self._judged and self._corrupt is None
        if ours and self._checkpoint.is_due(self.chain):
            self._checkpoint.save(self.chain)

    def doubt(self) -> Corrupt | None:
        """Why nobody may write to this ledger: it was rolled back, or came from elsewhere."""
        return self._heads.judge(self._path, self._segments) if self._heads is not None else None

    def lines(self, start: int, stop: int) -> Iterator[bytes]:
        """The lines between two places, each with its newline."""
        return self._reel.lines(start, stop)

    def again(self, places: list[Place]) -> list[Event]:
        """The events of earlier commits."""
        return [decode(line) for place in places for line in self._reel.lines(*place)]

    def sync(self) -> None:
        """Make all that was written durable. Raises ``Storage``, for good; then nobody, in no
        process, may believe what was written since the last good one. Thread-safe."""
        try:
            self._reel.sync()
            found = self._is_poisoned()
        except OSError as error:
            raise self._poison(error) from error
        if found:
            raise poisoned(self._path)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._heads is not None:
            self._heads.flush()
        self._reel.close()

    def _open(self) -> None:
        """Have the file open that the path names, and see that it still holds what was folded."""
        size = self._reel.size()
        if size is not None:
            if size < self.chain.end:
                raise self._gone(f"it was cut to {size - self._reel.base} bytes")
            self._size = size
            return
        if self.chain.end and self._files.stat(self._path) is None:
            raise self._gone("it is no longer there")
        self._size = self._reel.open()
        chain = self.chain
        if not chain.end:
            self._checkpoint.load(chain, self._holds, self._anew)
        elif not self._holds(chain.world.seq, chain.end, chain.world.head):
            raise self._gone("another file stands in its place that does not hold it")

    def _holds(self, _seq: int, end: int, digest: str) -> bool:
        """Whether the event with this hash ends at this place."""
        tail = b',"hash":"%b"}\n' % digest.encode()
        return (
            len(tail) <= end <= self._size and self._reel.read(end - len(tail), len(tail)) == tail
        )

    def _anew(self, end: int) -> World:
        """The ledger folded from its first byte to a place."""
        chain, read = Chain(self._reel.locate), self._reel.read
        chain.catch_up(lambda start, limit: read(start, min(limit or end, end - start)))
        return chain.world

    def _fold(self) -> bytes:
        try:
            tail = self.chain.catch_up(self._reel.read)
            if self.chain.newer is not None and self._writable:
                raise newer(self.chain.newer)
            self._judge()
        except Corrupt as error:
            self._corrupt = error
            raise
        return tail

    def _judge(self) -> None:
        """Raise what forbids writing to this file, before anything is written to it. A damaged
        one has said so already: that tells more."""
        if not self._judged:
            doubt = self.doubt()
            if doubt is not None:
                raise doubt
            self._judged = self.chain.end > 0

    def _move(self) -> None:
        mark = self._files.stat(self._mark)
        assert mark is not None
        name = f"{mark.inode}-{mark.mtime_ns}.jsonl"  # the same after a crash half-way
        files, segments = self._files, self._segments
        self._moved = move_house(files, self._path, segments, self._quarantine, name=name)
        self._files.remove(self._mark)
        self._files.sync_folder(self._state)

    def _is_poisoned(self) -> bool:
        return self._poisoned or self._files.exists(self._mark)

    def _poison(self, error: OSError) -> Storage:
        self._poisoned = True
        with suppress(OSError):  # best effort: this disk is failing
            self._files.write(self._mark, f"{error}\n".encode())
        return poisoned(self._path)

    def _gone(self, why: str) -> Corrupt:
        self._corrupt = gone(self._path, self.chain.world, why)
        return self._corrupt
