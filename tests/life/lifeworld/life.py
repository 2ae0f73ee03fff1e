"""One life of a board: a daemon that runs its tasks, and three who edit it at once.

``ann`` reads and saves at once, and does what is whole again only a moment later; ``bob`` saves
buffers that are old by then; ``bot`` is an agent that reads the board, works for a while and
writes the whole file back with several changes.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from typing import Any

from lifeworld import texts
from lifeworld.hands import Buffer, Hand
from lifeworld.judge import Judge
from lifeworld.saves import Diary
from lifeworld.splices import Foreign, splices
from lifeworld.table import Wrong
from lifeworld.watch import Hints, while_it_lives
from taskboard.core.hold import ACCEPTABLE, HELD
from taskboard.loop import command
from taskboard.loop.absorb import absorb
from taskboard.loop.context import Memory
from taskboard.loop.daemon import Daemon
from taskboard.loop.tick import tick
from taskboard.testing.files import SimFiles
from taskboard.testing.simdisk import _keep

_QUIET = 150.0
"""Seconds without an event after which nothing more is to be expected."""

_SPINS = 100
_APART = 5.0
_UNSYNCED = 20
_DOUBTS = {HELD[key] for key in ACCEPTABLE}


class Life:
    """``play`` runs one seed to its end and raises ``Wrong`` with the whole story. ``gaps`` is the
    chance of a save between the daemon's last look at the board and its swap."""

    def __init__(self, desk: Any, seed: int, actions: int = 40, *, gaps: float = 0.0) -> None:
        self.desk, self.seed, self.left = desk, seed, actions
        self.dice = random.Random(seed)
        self.diary = Diary()
        self.files = SimFiles(desk.files.disk)
        self.hints = Hints()
        self.highest = 0
        self.turns, self.turned = 0, 0.0
        self.gap, self.gaps, self.chance = 0.0, 0, gaps
        self.commits: list[Buffer] = []
        self.judge = Judge(desk, self.diary)

    def play(self) -> Life:
        """The whole life. Answers itself."""
        try:
            self.desk.play(self._live())
        except Exception as trouble:
            story = "\n".join([*self.diary.trace[-90:], *self.judge.story()[-160:]])
            raise Wrong(
                f"seed {self.seed}: {type(trouble).__name__}: {trouble}\n{story}\n\n"
                f"the board:\n{self._bytes().decode()}\nseed {self.seed}: {trouble}"
            ) from trouble
        return self

    async def _live(self) -> None:
        ann, bob, bot = (
            Hand(w, self.dice, self.diary, self._number) for w in ("ann", "bob", "bot")
        )
        first = Buffer(f"# Life of a board\n\n{ann.mark()}\n\n", frozenset())
        for _ in range(3):
            first.text = texts.append(first.text, ann.section(first, named=True))
        self.save(ann, first, "the first board")
        await asyncio.sleep(5)
        daemon = Daemon(self.desk.ctx, self.desk.memory, self.hints, self._progress)
        self.desk.files.steps.between = lambda operation: self._in_the_gap(ann, operation)
        main = asyncio.create_task(daemon.run())
        try:
            await while_it_lives(main, self._edits(ann, bob, bot))
        finally:
            self.desk.files.steps.between = None
            daemon.stop()
            await main
        await self._silence()
        await self.judge.judge()

    async def _edits(self, ann: Hand, bob: Hand, bot: Hand) -> None:
        await asyncio.gather(self._ann(ann), self._bob(bob), self._bot(bot))
        await self._settle(ann)

    def _progress(self) -> None:
        """After every turn: a daemon that turns and turns while no time passes is spinning."""
        now = self.desk.clock.awake()
        self.desk.clock.advance(1e-6)  # looking takes time
        while len(self.desk.files.disk.pending) > _UNSYNCED:  # the system writes back by itself
            _keep(self.desk.files.disk.pending.pop(0))
        self.turns = self.turns + 1 if now - self.turned < 1e-3 else 0
        self.turned = now
        if self.turns > _SPINS:
            raise Wrong("the daemon spins")

    # Who edits.

    async def _ann(self, hand: Hand) -> None:
        moments = [self._empty, self._missing, self._conflict, self._half, self._checkout]
        while self._goes_on():
            await self._pause(1, 25)
            if self._is_doubted() and self.dice.random() < 0.5:
                await self._accept()
            elif self.dice.random() < 0.2:
                await self.dice.choice(moments)(hand)
            elif self.dice.random() < 0.1 and hand.done:
                self._undo(hand)
            elif self.dice.random() < 0.08:
                buffer = self.read()  # by itself, or it is another task
                self.save(hand, buffer, hand.exchange(buffer))
            else:
                self.edit(hand, self.read(), 1 if self.dice.random() < 0.7 else 2)

    async def _bob(self, hand: Hand) -> None:
        while self._goes_on():
            await self._pause(5, 30)
            buffer = self.read()
            await self._pause(2, 150)
            if self._goes_on():
                self.edit(hand, buffer, 1)

    async def _bot(self, hand: Hand) -> None:
        while self._goes_on():
            await self._pause(10, 40)
            buffer = self.read()
            await self._pause(5, 40)
            if self._goes_on():
                self.edit(hand, buffer, self.dice.randint(2, 4))

    def _in_the_gap(self, hand: Hand, operation: str) -> None:
        """A save between the daemon's last look and its swap."""
        swaps = operation.startswith(f"exchange {self.desk.workspace.displaced}")
        quiet = self.desk.clock.awake() - self.gap > _APART and not self.diary.last.odd
        if (
            swaps
            and quiet
            and self.chance
            and self._goes_on()
            and self.dice.random() < self.chance
        ):
            self.gap = self.desk.clock.awake()  # the swap that takes ours back is left alone
            self.edit(hand, self.read(), 1)
            self.gaps += 1

    def _goes_on(self) -> bool:
        return self.left > 0

    async def _pause(self, least: float, most: float) -> None:
        await asyncio.sleep(self.dice.uniform(least, most))

    def _number(self) -> int:
        self.highest = max(self.highest, texts.highest(self._bytes().decode())) + 50
        return self.highest

    # Reading and saving.

    def _bytes(self) -> bytes:
        try:
            return self.files.read(self.desk.workspace.board)
        except FileNotFoundError:
            return b""

    def read(self) -> Buffer:
        """Open the board. What the last person saved must be all there."""
        self.check()
        last, data = self.diary.last, self._bytes()
        if last.odd:  # nobody works on a board that is no board: they see what was there before
            last = next(s for s in reversed(self.diary.saves) if not s.odd)
            data = last.data
        buffer = Buffer(data.decode().replace("\r\n", "\n"), last.lineage, b"\r\n" in data)
        if self.dice.random() < 0.15:
            self.commits.append(Buffer(buffer.text, buffer.lineage, buffer.crlf))
        return buffer

    def check(self) -> None:
        """Outside what is the runtime's to write, the board is the last person's save."""
        last = self.diary.last
        if last.odd == "missing":
            return
        try:
            splices(last.data, self._bytes())
        except Foreign as foreign:
            raise Wrong(f"save #{last.index} does not stand on the board: {foreign}") from None

    def edit(self, hand: Hand, buffer: Buffer, count: int) -> None:
        self.left -= 1
        before = Buffer(buffer.text, buffer.lineage, buffer.crlf)
        what = [hand.edit(buffer) for _ in range(count)]
        self.save(hand, buffer, ", ".join(what))
        self.last_undo = (hand.who, before)
        hand.done.append("edit")

    def save(
        self,
        hand: Hand,
        buffer: Buffer,
        what: str,
        odd: str | None = None,
        *,
        same: bool = False,
    ) -> None:
        """An editor replaces the board, in one step."""
        data = buffer.data()
        if self.diary.saves:
            self.check()
        if self.diary.saves and data == self._bytes() and not (odd or self.diary.last.odd):
            return  # the same bytes again: no change
        if odd == "missing":
            self.files.remove(self.desk.workspace.board)
        else:
            self.files.write(self.desk.workspace.board, data)
        self.diary.note(
            who=hand.who,
            what=what,
            at=self.desk.clock.wall.timestamp(),
            data=data,
            lineage=buffer.lineage,
            odd=odd,
            same=same or hashlib.sha256(data).hexdigest() == self.desk.memory.sight.digest,
        )
        asyncio.get_running_loop().call_soon(self.hints.tell, self.desk.workspace.board.name)

    # What is whole again only a moment later.

    async def _for_a_moment(
        self, hand: Hand, text: str, odd: str, most: float, after: Buffer
    ) -> None:
        self.left -= 1
        same = self._bytes() == after.data() and not self.diary.last.odd
        self.save(hand, Buffer(text, after.lineage, after.crlf), f"({odd})", odd)
        await self._pause(0.1, most)
        if self.diary.last.odd == odd and self.diary.last.who == hand.who:
            self.save(hand, after, f"whole again after {odd}", same=same)

    async def _empty(self, hand: Hand) -> None:
        await self._for_a_moment(hand, "", "empty", 40, self.read())

    async def _missing(self, hand: Hand) -> None:
        await self._for_a_moment(hand, "", "missing", 20, self.read())

    async def _half(self, hand: Hand) -> None:
        buffer = self.read()
        half = buffer.text[: self.dice.randrange(len(buffer.text))]
        await self._for_a_moment(hand, half, "half", 1.2, buffer)

    async def _conflict(self, hand: Hand) -> None:
        buffer = self.read()
        mark = f"<<<<<<< HEAD\nours {hand.mark()}\n=======\ntheirs {hand.mark()}\n>>>>>>> branch\n"
        await self._for_a_moment(hand, mark + buffer.text, "conflict", 60, buffer)

    async def _checkout(self, hand: Hand) -> None:
        """An older version for a while, then back (git checkout, git stash and pop)."""
        if not self.commits:
            return
        self.left -= 1
        now, old = self.read(), self.dice.choice(self.commits)
        same = self._bytes() == now.data() and not self.diary.last.odd
        self.save(hand, Buffer(old.text, old.lineage, old.crlf), "checks an older version out")
        await self._pause(1, 45)
        self.save(hand, now, "checks the newest version out again", same=same)

    def _undo(self, hand: Hand) -> None:
        who, before = self.last_undo
        if who == hand.who:
            self.left -= 1
            self.save(hand, before, "undoes the last edit")

    # The end.

    async def _settle(self, hand: Hand) -> None:
        """Nobody edits; everything comes to rest."""
        for _ in range(60):
            seq = (await self.desk.ctx.ledger.look()).seq
            await asyncio.sleep(_QUIET)
            if self._is_doubted():
                await self._accept()
            elif self.desk.memory.sight.held is not None:
                whole = next(s for s in reversed(self.diary.saves) if not s.odd)
                text = whole.data.decode().replace("\r\n", "\n")
                self.save(hand, Buffer(text, whole.lineage), "makes the board whole again")
            elif (await self.desk.ctx.ledger.look()).seq == seq:
                break
        else:
            raise Wrong("it never comes to rest")
        self.check()

    def _is_doubted(self) -> bool:
        return self.desk.memory.sight.held in _DOUBTS and not self.diary.last.odd

    async def _accept(self) -> None:
        """``taskboard accept``: another process says that the board is meant as it is."""
        digest = self.diary.last.digest
        self.diary.accepted.add(digest)
        self.diary.trace.append(f"          save #{self.diary.last.index} is accepted")
        memory = Memory()
        await command.begin(self.desk.ctx, memory)
        if memory.sight.held is not None:
            await absorb(self.desk.ctx, memory, accept=True)
        await command.end(self.desk.ctx, memory)
        self.hints.tell(self.desk.workspace.ledger.name)

    async def _silence(self) -> None:
        """Another process finds nothing to do."""
        seq, board = (await self.desk.ctx.ledger.look()).seq, self._bytes()
        await tick(self.desk.ctx, Memory())
        await tick(self.desk.ctx, Memory(), start=True)
        if (await self.desk.ctx.ledger.look()).seq != seq or self._bytes() != board:
            raise Wrong("a turn over a board at rest does something")
