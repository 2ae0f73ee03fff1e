"""The open file: its lock, its identity, its poison mark, and the chain folded from it."""

from __future__ import annotations

import errno
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from taskboard.clock import Clock
from taskboard.core.codec import decode
from taskboard.core.event import Draft, Event
from taskboard.core.task import World
from taskboard.errors import Corrupt, Storage
from taskboard.files import Files, Log
from taskboard.heads import Heads
from taskboard.ledgers.jsonl.chain import Chain, Place
from taskboard.ledgers.jsonl.recover import cut_tail, move_house

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Store:
    """``events.jsonl`` and what stands around it, as one process sees it. Raises ``OSError`` for
    trouble with files, ``Corrupt`` (for good) for trouble with their bytes."""

    def __init__(
        self, files: Files, path: Path, state: Path, heads: Heads | None, *, writable: bool
    ) -> None:
        self.chain = Chain(path.name)
        self._files = files
        self._heads = heads
        self._judged = heads is None or not writable
        """It was found to be ours to write to, or nobody asks."""
        self._path = path
        self._state = state
        self._lock = state / "events.lock"
        self._mark = state / "events.poisoned"
        self._quarantine = state / "quarantine"
        self._writable = writable
        self._log: Log | None = None
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
        if self._log is not None and self._log.size_at(self._path) == self.chain.end:
            return not self._started
        if self._files.stat(self._path) is None:
            if self.chain.end:
                raise self._gone("it is no longer there")
            return self._writable
        self._open()
        return bool(self._fold()) or not self._started

    def repair(self, clock: Clock) -> list[Draft]:
        """Under the lock: fold everything, cut a torn tail. The facts to record."""
        if self._corrupt is not None:
            raise self._corrupt
        log = self._log
        assert log is not None
        facts = []
        if self._size != self.chain.end:
            tail = self._fold()
            if tail:
                name = f"{clock.uuid()}.tail"
                end = self.chain.end
                fact = cut_tail(self._files, log, self._quarantine, end=end, tail=tail, name=name)
                facts.append(fact)
                self.sync()
        if self._moved is not None:
            facts.insert(0, self._moved)
            self._moved = None
        return facts

    def write(self, data: bytes) -> None:
        """One write at the end, under the lock. Raises ``OSError`` when nothing was written, and
        ``Storage`` when nobody knows what reached the disk."""
        assert self._log is not None
        try:
            self._log.append(data)
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
        self.chain = Chain(self._path.name)
        self.chain.world = world
        with suppress(OSError):  # then the next look folds it
            self._fold()

    def begin(self, ledger_id: str) -> None:
        """This machine's own ledger is about to begin. Raises ``Storage``."""
        if self._heads is not None:
            self._heads.begin(ledger_id, self._path)
        self._judged = True

    def note(self) -> None:
        """All that is folded is durable: remember how far that is."""
        world = self.chain.world
        ours = self._writable and self._judged and self._corrupt is None
        if self._heads is not None and ours and world.ledger_id is not None:
            self._heads.note(world.ledger_id, world.seq, world.head, self.chain.end, self._path)

    def doubt(self) -> Corrupt | None:
        """Why nobody may write to this ledger: it was rolled back, or came from elsewhere."""
        return self._heads.judge(self._path) if self._heads is not None else None

    def read(self, start: int, limit: int) -> bytes:
        """Bytes of the open file."""
        assert self._log is not None
        return self._log.read(start, limit)

    def again(self, places: list[Place]) -> list[Event]:
        """The events of earlier commits."""
        return [
            decode(line)
            for start, end in places
            for line in self.read(start, end - start).splitlines(keepends=True)
        ]

    def sync(self) -> None:
        """Make all that was written durable. Raises ``Storage``, for good; then nobody, in no
        process, may believe what was written since the last good one. Thread-safe."""
        assert self._log is not None
        try:
            self._log.sync()
            found = self._is_poisoned()
        except OSError as error:
            raise self._poison(error) from error
        if found:
            raise poisoned(self._path)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._heads is not None:
            self._heads.flush()
        if self._log is not None:
            self._log.close()
            self._log = None

    def _open(self) -> None:
        """Have the file open that the path names, and see that it still holds what was folded."""
        size = self._log.size_at(self._path) if self._log is not None else None
        if size is not None:
            if size < self.chain.end:
                raise self._gone(f"it was cut to {size} bytes")
            self._size = size
            return
        found = self._files.stat(self._path)
        if found is None and self.chain.end:
            raise self._gone("it is no longer there")
        self.close()
        self._log = self._files.open_log(self._path, writable=self._writable)
        self._size = self._log.size()
        self._recognise()

    def _recognise(self) -> None:
        """Another file stands at the path: it must go on from the last record folded here."""
        chain = self.chain
        if not chain.end:
            return
        tail = b',"hash":"%b"}\n' % chain.world.head.encode()
        if self.read(chain.end - len(tail), len(tail)) != tail:
            raise self._gone("another file stands in its place that does not hold it")

    def _fold(self) -> bytes:
        assert self._log is not None
        try:
            tail = self.chain.catch_up(self._log.read)
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
        self._moved = move_house(self._files, self._path, self._quarantine, name=name)
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
        chain = self.chain
        self._corrupt = Corrupt(
            f"{self._path} no longer holds event {chain.world.seq}, which was read from it: "
            f"{why}.",
            hint="Nothing was written. Put the file back, or start again to look at what is "
            "there now.",
            code="ledger_rollback",
            data={"seq": chain.world.seq, "head": chain.world.head},
        )
        return self._corrupt


def poisoned(path: Path) -> Storage:
    """The error after a failed sync, for everyone who was waiting and everyone after."""
    return Storage(
        f"{path} could not be made durable: a sync failed, so nothing is acknowledged.",
        hint="Look after the disk, then start again: the next start moves the valid records to "
        "a new file and keeps the old one in .taskboard/quarantine/.",
        data={"reason": "poisoned"},
    )


def trouble(path: Path, error: OSError) -> Storage:
    """A refusing disk in the words of the contract."""
    return Storage(
        f"{path}: {error.strerror or error}. Nothing was recorded.",
        hint="Make room or mend the disk, then try again.",
        data={"errno": error.errno},
    )
