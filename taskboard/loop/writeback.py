"""Write-back that cannot lose an edit, and the base that edits are read against.

Every method that writes expects that the caller holds the lock that daemon and commands share.
At every instant each version of the board that a person saved is on the board, in
``displaced/``, in ``conflicts/``, or was returned to the caller.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from taskboard.clock import Clock
from taskboard.core.join import join
from taskboard.core.units import stamp
from taskboard.errors import Storage, next_step
from taskboard.files import Files, Stat
from taskboard.loop.displaced import Displaced, Late, Slot, digest
from taskboard.loop.patience import Patience
from taskboard.loop.projection import Base, load_base, save_base
from taskboard.loop.swap import Lost, Missing, Outcome, Swap, Unable, Written

__all__ = ["Base", "Late", "Lost", "Missing", "Outcome", "Unable", "WriteBack", "Written"]

LINGER = 30.0
"""Seconds for which a displaced file is looked at again."""

_QUIET = 0.2
"""Seconds without a write before a late save is taken for whole."""

_TAKEN_OFF = "another program takes off at once what is written; it is written again in {:.0f} s"

_ROUNDS = 16
"""How often a save in the gap sends a join round again before the next turn goes on."""


class WriteBack:
    """Projections of one board. ``state`` is the workspace's ``.taskboard`` folder, ``boot``
    names the machine's present boot (ages are told by wall time without it); a ``board`` that
    is a symbolic link is swapped at its target. A disk that refuses raises ``Storage``."""

    def __init__(
        self, files: Files, clock: Clock, *, board: Path, state: Path, boot: str = ""
    ) -> None:
        self._files = files
        self._clock = clock
        self._named = board
        self._last = state / "projection" / "last"
        self._next = state / "projection" / "next"
        self._conflicts = state / "conflicts"
        self._displaced = Displaced(
            files, clock, board=board, folder=state / "displaced", boot=boot
        )
        self._swap = Swap(files, self._displaced)
        self._loaded: tuple[Stat, Base | None] | None = None
        self._patience = Patience()

    @property
    def retry_at(self) -> float | None:
        """When (awake clock) a projection may be written that was put off; None when none was."""
        return self._patience.retry_at

    def base(self) -> Base | None:
        """What was last projected, or None when nothing was (or the record cannot be read).
        Writes nothing: after a crash between swap and record it works out which one it was."""
        coming = load_base(self._files, self._next)
        if coming is not None and self._arrived(coming):
            return coming
        found = self._files.stat(self._last)
        if found is None:
            return None
        if self._loaded is None or self._loaded[0] != found:
            self._loaded = (found, load_base(self._files, self._last))
        return self._loaded[1]

    def put(self, seen: bytes, new: Base) -> Outcome:
        """Write ``new`` over a board that holds ``seen``; nothing is written when it is there
        already. ``Lost`` when a person saved in the gap, ``Missing`` when no board is there,
        ``Unable`` on a file system that offers no safe way, or while another program takes the
        same lines off as soon as they are written (see ``Patience``)."""
        try:
            self._recover()
            before = self.base()
            new = new.following(before)
            if new.data == seen:
                self._remember(new)
                return Written()
            now, again = self._clock.awake(), before is not None and new.shows_the_same(before)
            if again and (wait := self._patience.wait(now)):
                return Unable(_TAKEN_OFF.format(wait))
            save_base(self._files, self._next, new)
            outcome = self._swap.replace(seen, new.data)
            if isinstance(outcome, Written):
                self._patience.wrote(now, again=again)
            self._conclude(outcome)
        except OSError as trouble:
            raise self._refused(trouble) from trouble
        return outcome

    def make(self, new: Base) -> Outcome:
        """Write ``new`` where no board is, and never over one: ``Lost`` when there is."""
        try:
            self._recover()
            save_base(self._files, self._next, new.following(self.base()))
            outcome = self._swap.make(new.data)
            self._conclude(outcome)
        except OSError as trouble:
            raise self._refused(trouble) from trouble
        return outcome

    def linger(self) -> list[Late]:
        """Look at the displaced files again: late saves, each for ``absorb_late``. Files older
        than 30 s that nobody changed are removed. A save younger than 0.2 s may be half
        written and is left for the next call."""
        try:
            late, old = [], []
            for slot in self._recover():
                found = self._displaced.read(slot)
                if slot.held and found is not None:
                    late += self._release(slot, found)
                elif found is not None and digest(found) not in (slot.base, slot.wrote):
                    if self._is_quiet(slot):
                        late.append(self._late(slot, found))
                elif found is None or self._displaced.age(slot) > LINGER:
                    old.append(slot)
            for slot in old:
                self._displaced.drop(slot)
        except OSError as trouble:
            raise self._refused(trouble) from trouble
        return late

    def absorb_late(self, late: Late) -> Path | None:
        """Join a late save into the board. Where both changed one line the late one stands; the
        board as it was before is kept whole in ``conflicts/``, and its path returned. What
        cannot be written now comes back from the next ``linger``."""
        try:
            if late.joined:
                self.settle(late)
                name = late.slot.conflict
                return None if name is None else self._conflicts / name
            for _ in range(_ROUNDS):
                outcome, conflict = self._join(late)
                if isinstance(outcome, Written):
                    self.settle(late)
                    return conflict
                if conflict is not None:
                    self._files.remove(conflict)
                if not isinstance(outcome, Lost):
                    break
        except OSError as trouble:
            raise self._refused(trouble) from trouble
        return None

    def settle(self, late: Late) -> None:
        """The late save is in the board: its bytes are what the file should hold, and it is
        watched for another 30 s."""
        if late.slot.held:
            self._displaced.drop(late.slot)
        else:
            self._displaced.hold(late.base, late.data)
            self._displaced.renew(late.slot, late.data)

    def _join(self, late: Late) -> tuple[Outcome, Path | None]:
        try:
            present = self._files.read(self._displaced.board())
        except FileNotFoundError:
            return Missing(), None
        joined = join(late.base, present, late.data)
        if not late.base and _grew_from(present, late.data):
            whole = _said(late.data) <= _said(present)
            return Written(), None if whole else self.keep(late.data)
        conflict = self.keep(present) if joined.conflicts else None
        if joined.data == present:
            return Written(), conflict

        def promise(carrier: Slot) -> None:
            slot = msgspec.structs.replace(
                late.slot,
                joined=carrier.name,
                join_sha=digest(late.data),
                conflict=conflict.name if conflict else None,
            )
            self._displaced.save(slot, late.base)

        return self._swap.replace(present, joined.data, promise), conflict

    def keep(self, data: bytes) -> Path:
        """Store the board's other version in ``conflicts/``, durable, under a name of its own."""
        self._files.make_folder(self._conflicts)
        moment = stamp(self._clock.now()).replace(":", "").replace(".", "-")
        taken = set(self._files.names(self._conflicts))
        name = f"{moment}-{self._named.name}"
        number = 1
        while name in taken:
            number += 1
            name = f"{moment}-{number}-{self._named.name}"
        self._files.write(self._conflicts / name, data)
        return self._conflicts / name

    def _release(self, slot: Slot, found: bytes) -> list[Late]:
        """Let go of a save's copy once it is old and the board has the save; one that the board
        has not goes to ``conflicts/``."""
        if self._displaced.age(slot) <= LINGER:
            return []
        base = self._displaced.load(slot.name)[1]
        try:
            present = self._files.read(self._displaced.board())
        except FileNotFoundError:
            return []
        if join(base, present, found).data == present:
            self._displaced.drop(slot)
            return []
        slot = msgspec.structs.replace(slot, conflict=self.keep(found).name)
        return [Late(slot=slot, base=base, data=found, joined=True)]

    def _late(self, slot: Slot, found: bytes) -> Late:
        """A late save; ``joined`` when a crash came between the swap that carries it and
        ``settle``."""
        joined = slot.join_sha == digest(found) and any(
            self._displaced.came_off(other)
            for other in self._displaced.slots()
            if other.name == slot.joined
        )
        return Late(slot=slot, base=self._displaced.load(slot.name)[1], data=found, joined=joined)

    def _is_quiet(self, slot: Slot) -> bool:
        """Whether nobody wrote a moment ago to the file, or to the board that was made while it
        was away."""
        paths = [self._displaced.file(slot)]
        if slot.base == digest(b""):
            paths.append(self._displaced.board())
        found = [self._files.stat(path) for path in paths]
        now = self._clock.now().timestamp()
        return not any(f is None or abs(now - f.mtime_ns / 1e9) < _QUIET for f in found)

    def _recover(self) -> list[Slot]:
        """Finish what a crash left undone; all slots."""
        slots = self._displaced.slots()
        self._displaced.sweep(slots)  # first: a temporary file left is one name too many for mend
        for slot in slots:
            if slot.spare is not None:
                self._swap.mend(slot.name)
        coming = load_base(self._files, self._next)
        if coming is not None:
            if self._arrived(coming):
                self._promote()
            else:
                self._files.remove(self._next)
        return self._displaced.slots()

    def _arrived(self, coming: Base) -> bool:
        """Whether a projection that was about to be swapped in reached the board: it is there,
        or what it was swapped for has come off."""
        try:
            if self._files.read(self._displaced.board()) == coming.data:
                return True
        except FileNotFoundError:
            pass
        wrote = digest(coming.data)
        return any(
            slot.wrote == wrote and self._displaced.came_off(slot)
            for slot in self._displaced.slots()
        )

    def _remember(self, new: Base) -> None:
        if self.base() != new:
            save_base(self._files, self._last, new)
            self._files.remove(self._next)

    def _conclude(self, outcome: Outcome) -> None:
        """What was to be written is the record of the board now, or of nothing."""
        if isinstance(outcome, Written):
            self._promote()
        else:
            self._files.remove(self._next)

    def _promote(self) -> None:
        self._files.rename(self._next, self._last)
        self._files.sync_folder(self._last.parent)

    def _refused(self, trouble: OSError) -> Storage:
        return Storage(
            f"The board {self._named} could not be written back: {trouble.strerror or trouble}.",
            hint=f"{next_step(trouble)} The ledger has everything, so nothing is lost.",
        )


def _grew_from(text: bytes, older: bytes) -> bool:
    """Whether a text made while the board was away is a whole one, made from ``older``: it has
    at least half of its lines."""
    lines = _said(older)
    return 2 * (lines & _said(text)).total() >= lines.total()


def _said(text: bytes) -> Counter[bytes]:
    """The lines that say something: blank ones make no two texts alike."""
    return Counter(line for row in text.splitlines() if (line := row.strip()))
