"""``JsonlLedger``: the ledger as one file of JSON lines, for all processes of one machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskboard.clock import Clock
from taskboard.core.codec import decode
from taskboard.core.commit import apply, commit, opening, repeated
from taskboard.core.event import Draft, Event
from taskboard.core.segment import LIMIT
from taskboard.core.task import World
from taskboard.core.units import stamp
from taskboard.errors import Conflict, Corrupt, Storage
from taskboard.files import Files
from taskboard.heads import Heads
from taskboard.ledger import Verified
from taskboard.ledgers.jsonl.flush import Flusher, again
from taskboard.ledgers.jsonl.objects import Objects
from taskboard.ledgers.jsonl.store import Store
from taskboard.ledgers.jsonl.trouble import trouble
from taskboard.ledgers.jsonl.wish import TURN, Wish, redacted

if TYPE_CHECKING:
    import asyncio

    from taskboard.ledgers.jsonl.verify import Expected


class JsonlLedger:
    """Implements ``Ledger`` and ``History`` on ``path`` (``events.jsonl``), with its lock, marks,
    quarantine and objects under ``state`` (``.taskboard``).

    Nothing is opened before the first use. ``device`` and ``board`` are written into events.
    ``heads`` remembers what was acknowledged and refuses files that do not go on from there.
    ``redact`` is applied to the ``data`` of every draft except to what people typed. Not
    ``writable``, it makes no file, takes no lock, repairs nothing, and leaves a torn tail out.
    ``threads`` False keeps every sync on the loop, for simulated disks and clocks. ``segment`` is
    how many bytes a file has when it is sealed and the chain goes on in a new one.
    """

    def __init__(
        self,
        files: Files,
        clock: Clock,
        *,
        path: Path,
        state: Path,
        device: str,
        board: str,
        heads: Heads | None = None,
        redact: Callable[[Any], Any] | None = None,
        writable: bool = True,
        threads: bool = True,
        segment: int = LIMIT,
    ) -> None:
        self._clock = clock
        self._device = device
        self._board = board
        self._redact = redact
        self._writable = writable
        self._files = files
        self._path = path
        self._segments = state / "segments"
        self._objects = Objects(files, state / "objects")
        self._store = Store(files, path, state, heads, writable=writable, limit=segment)
        self._flusher = Flusher(self._store.sync, threads=threads, seconds=clock.awake)
        self._queue: list[Wish] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        """The loop that the queue waits in."""
        self._held: list[bytes] | None = None
        """Commits in the world and not yet in the file; None when each is written by itself."""

    async def look(self) -> World:
        """Fold what others appended; durable when it returns. Raises ``Corrupt``, ``Storage``."""
        self._catch_up()
        if self._writable:
            await self._flusher.until(self._store.chain.end)
            self._flusher.now()  # whatever another task wrote while this one waited
            self._store.note()
            self._store.keep_checkpoint()
        return self._store.chain.world

    async def append(self, drafts: Sequence[Draft], *, after: int | None = None) -> list[Event]:
        """Record all drafts or none; durable when it returns. See ``Ledger.append``."""
        if not self._writable:
            raise Storage(f"{self._path} was opened for reading only.", code="internal")
        if not drafts:
            return []
        import asyncio  # only here: who reads does without it, and without what it imports

        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # one that was closed left its queue behind
            self._loop = loop
            self._queue = []
        wish = Wish(drafts, after)
        self._queue.append(wish)
        try:
            if self._flusher.expects_company(len(self._queue)):
                await TURN  # every task that is ready now shares one lock and one sync
        except BaseException:  # given up: not recorded, unless that is done already
            wish.waits = False
            if wish.done is not None:
                wish.done.cancel()
            raise
        if wish.waits:
            self._drain(loop)
        if wish.error is not None:
            raise wish.error
        events = wish.events if wish.done is None else await wish.done
        if self._flusher.is_clean:
            self._store.note(events)
        return events

    async def keep(self, data: bytes) -> str:
        """Store bytes durably under their SHA-256. Raises ``Storage``."""
        try:
            return self._objects.keep(data)
        except OSError as error:
            raise trouble(self._path.parent, error) from error

    async def fetch(self, sha256: str) -> bytes:
        """Bytes kept earlier. Raises ``NotFound``, ``Corrupt``."""
        try:
            return self._objects.fetch(sha256)
        except OSError as error:
            raise trouble(self._path.parent, error, reading=True) from error

    async def read(self, after: int = 0) -> AsyncIterator[tuple[Event, bytes]]:
        """Events with a greater sequence, each with its line as stored, up to the present."""
        world = await self.look()
        store = self._store
        last = world.seq
        for line in store.lines(store.chain.near(after), store.chain.end):
            event = decode(line)
            if after < event.seq <= last:
                yield event, line

    async def verify(self, expect: Expected | None = None) -> Verified:
        """Prove all files again, from the first byte: chain, sequence, transitions, and the
        stored texts that something is made of later; that it holds what this machine has
        recorded, and the head that is ``expect``ed. Writes nothing."""
        from taskboard.ledgers.jsonl.verify import cut_off, verify

        try:
            proof = verify(self._files, self._path, self._segments, self._objects, expect)
            return cut_off(proof, self._store.doubt(), self._path.name)
        except OSError as error:
            raise trouble(self._path, error, reading=True) from error

    def doubt(self) -> Corrupt | None:
        """Why nothing may be written to this ledger (``ledger_rollback``, ``ledger_foreign``), or
        None. Whoever writes is told by an exception; this is for those who only read."""
        try:
            return self._store.doubt()
        except OSError as error:
            raise trouble(self._path, error, reading=not self._writable) from error

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._flusher.is_clean:
            self._store.note()
            self._store.keep_checkpoint()
        self._store.close()

    def _catch_up(self) -> None:
        self._flusher.check()
        store = self._store
        try:
            if store.refresh() and self._writable:
                with store.lock():
                    store.enter()
                    self._repair()
        except OSError as error:
            raise trouble(self._path, error, reading=not self._writable) from error
        self._flusher.wrote(store.chain.end)

    def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        """Record all that waits, under one lock, and have it flushed."""
        queue, self._queue = self._queue, []
        wishes = [wish for wish in queue if wish.waits]
        for wish in wishes:
            wish.waits = False
        if len(wishes) > 1:
            self._flusher.met()
        store = self._store
        try:
            self._flusher.check()
            with store.lock():
                store.enter()
                self._repair()
                ts = stamp(self._clock.now())  # one for all: it orders nothing
                self._rotate(ts)
                self._grant_all(wishes, ts)
        except BaseException as error:
            for wish in wishes:
                if not wish.end:
                    self._refuse(wish, error)
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
        self._flush([wish for wish in wishes if wish.end], loop)

    def _flush(self, wishes: list[Wish], loop: asyncio.AbstractEventLoop) -> None:
        """Acknowledge what is written once it is durable: now, or by each wish's future."""
        flusher = self._flusher
        if not wishes:
            return
        if flusher.is_slow(len(wishes), loop):
            for wish in wishes:
                wish.done = loop.create_future()
                flusher.hold(wish.end, wish.done, wish.events)
            flusher.flush(loop)
            return
        try:
            flusher.now()
        except BaseException as trouble:
            for wish in wishes:
                wish.error = again(trouble)
            if isinstance(trouble, KeyboardInterrupt | SystemExit):
                raise

    def _grant_all(self, wishes: list[Wish], ts: str) -> None:
        """Record what may be recorded. Several wishes share one write: when that fails none of
        it is true. Those with ids of their own do not: a repeated one is read from the file."""
        alone = len(wishes) == 1 or any(draft.id for wish in wishes for draft in wish.drafts)
        held: list[bytes] | None = None if alone else []
        self._held = held
        try:
            for wish in wishes:
                self._grant(wish, ts)
            if held:
                self._store.write(b"".join(held))
        except BaseException:
            if held:
                for wish in wishes:
                    wish.end = 0
                self._store.fold_anew()
            raise
        finally:
            self._held = None
            self._flusher.wrote(self._store.chain.end)

    def _grant(self, wish: Wish, ts: str) -> None:
        """Record one commit, to be acknowledged by the flush."""
        try:
            wish.events = self._record(wish.drafts, wish.after, ts)
            wish.end = self._store.chain.end
        except BaseException as error:  # its own trouble, whatever it is
            self._refuse(wish, error)
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise

    def _refuse(self, wish: Wish, error: BaseException) -> None:
        if wish.error is None:
            wish.error = trouble(self._path, error) if isinstance(error, OSError) else error

    def _record(self, drafts: Sequence[Draft], after: int | None, ts: str) -> list[Event]:
        chain = self._store.chain
        redact = self._redact
        clean = drafts if redact is None else [redacted(draft, redact) for draft in drafts]
        places = chain.recent.places(clean)
        if places:
            return repeated(clean, self._store.again(places))
        if after is not None and chain.world.seq != after:
            raise Conflict(
                f"The ledger is at event {chain.world.seq}, no longer at {after}.",
                hint="Look again and decide anew.",
            )
        return self._write(clean, ts)

    def _repair(self) -> None:
        """Under the lock: fold all there is, and cut what no writer can still be writing."""
        for draft in self._store.repair(self._clock):
            self._write([draft], stamp(self._clock.now()))
        self._flusher.wrote(self._store.chain.end)

    def _rotate(self, ts: str) -> None:
        """Under the lock: seal a full file, and go on in a new one."""
        store, draft = self._store, self._store.full()
        if draft is None:
            return
        chain, ids = store.chain, [self._clock.uuid()]
        sealed = commit(chain.world, [draft], ts=ts, device=self._device, ids=ids)
        if store.rotate(sealed[0].line):
            apply(chain.world, sealed)
            chain.note([sealed[0].event], len(sealed[0].line))

    def _write(self, drafts: Sequence[Draft], ts: str) -> list[Event]:
        chain, clock = self._store.chain, self._clock
        whole = drafts if chain.end else opening(drafts, clock.uuid(), self._board)
        ids = [draft.id or clock.uuid() for draft in whole]
        sealed = commit(chain.world, whole, ts=ts, device=self._device, ids=ids)
        data = sealed[0].line if len(sealed) == 1 else b"".join([one.line for one in sealed])
        if not chain.end:
            self._store.begin(str(whole[0].data["ledger_id"]))
        if self._held is None:
            self._store.write(data)
        else:
            self._held.append(data)
        apply(chain.world, sealed)
        events = [one.event for one in sealed]
        chain.note(events, len(data))
        return events if whole is drafts else events[len(whole) - len(drafts) :]
