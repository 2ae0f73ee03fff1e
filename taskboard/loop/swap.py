"""Replacing the board so that no save in the gap is lost: exchange, then look at what came off.

Comparing and then renaming loses the save that lands between the two. An exchange loses none:
whatever the board was at that instant lies in a slot afterwards, and goes back at once when it
is not what was read.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from taskboard.files import Files
from taskboard.loop.displaced import TEMPORARY, Displaced, Slot, digest


class Written(msgspec.Struct, frozen=True):
    """The board holds the new bytes, or held them already."""


class Lost(msgspec.Struct, frozen=True):
    """A person saved in the gap. Their bytes stand on the board (or are joined into it by
    ``absorb_late``); absorb them and go again."""

    data: bytes


class Missing(msgspec.Struct, frozen=True):
    """No board is there now; it was not made anew."""


class Unable(msgspec.Struct, frozen=True):
    """Nothing was written, and why: this file system knows neither exchange nor hard links, or
    another program takes the same lines off again and again."""

    reason: str


Outcome = Written | Lost | Missing | Unable


class Swap:
    """Swaps of one board and its slots."""

    def __init__(self, files: Files, displaced: Displaced) -> None:
        self._files = files
        self._displaced = displaced

    def replace(
        self, seen: bytes, data: bytes, before: Callable[[Slot], None] | None = None
    ) -> Outcome:
        """Put ``data`` where ``seen`` was. ``before`` is called with the slot once all is
        durable, just before the exchange. ``OSError`` when the disk refuses; what was on the
        board is on it still, or in a slot."""
        try:
            slot = self._displaced.prepare(data, seen)
        except FileNotFoundError:
            return Missing()
        board = self._displaced.board()
        try:
            if before is not None:
                before(slot)
            present = self._files.read(board)
            if present != seen:
                self._displaced.drop(slot)
                return Lost(present)
            swapped = self._files.exchange(self._displaced.file(slot), board)
        except OSError as trouble:
            self._displaced.drop(slot)
            if isinstance(trouble, FileNotFoundError):
                return Missing()
            raise
        if swapped:
            return self._look(board, slot, seen, data)
        return self._step_aside(board, slot, seen)

    def make(self, data: bytes) -> Outcome:
        """Give the board's name to a new file that holds ``data``, where nobody has it."""
        board = self._displaced.board()
        spare = board.with_name(f".{board.name}.new{TEMPORARY}")
        self._files.write(spare, data)
        try:
            self._files.link(spare, board)
        except FileExistsError:
            return Lost(self._files.read(board))
        except OSError as trouble:
            return Unable(f"{board.parent} takes no hard links ({trouble.strerror})")
        finally:
            self._files.remove(spare)
        self._files.sync_folder(board.parent)
        return Written()

    def _look(self, board: Path, slot: Slot, seen: bytes, data: bytes) -> Outcome:
        file = self._displaced.file(slot)
        found = self._files.read(file)
        if found == seen:
            self._displaced.sync()
            return Written()
        # Its editor may be in the middle of it: what it is at the end is looked at once more,
        # before somebody who read the board meanwhile can write over it.
        saves = [found, self._files.read(file)]
        try:
            self._files.exchange(file, board)
        except FileNotFoundError:
            # Moved away meanwhile, by an editor that is about to make it anew: putting the save
            # back under that name would hand it to be cut. It stays in its slot as a late one.
            return Lost(found)
        with suppress(FileNotFoundError):
            saves.append(self._files.read(board))
        # What came off now is ours, or a save on top of ours: it lingers like any other.
        self._displaced.renew(slot, data)
        for save in dict.fromkeys(saves):
            self._displaced.hold(seen, save)
        self._displaced.sync()
        return Lost(found)

    def _step_aside(self, board: Path, slot: Slot, seen: bytes) -> Outcome:
        """Without an exchange: move the board away, look at it, link ours to its name. A link
        never replaces, so that a board made in between stays; ``mend`` ends it after a crash."""
        file = self._displaced.file(slot)
        spare = board.with_name(f".{board.name}.{slot.name}{TEMPORARY}")
        try:
            self._files.link(file, spare)
        except OSError as trouble:
            self._displaced.drop(slot)
            where = f"{board.parent} lies on a file system without exchange and hard links"
            cure = "`taskboard list` shows every state; on a local disk the board would, too"
            return Unable(f"{where} ({trouble.strerror}): {cure}")
        slot = msgspec.structs.replace(slot, spare=spare.name)
        self._displaced.save(slot, seen)
        self._files.remove(file)
        try:
            self._files.rename(board, file)
            return self._link_back(board, slot, seen)
        except FileNotFoundError:
            return Missing()
        finally:
            self.mend(slot.name)

    def _link_back(self, board: Path, slot: Slot, seen: bytes) -> Outcome:
        """Give the name of a board that was moved away to ours, or back to a save in the gap."""
        file = self._displaced.file(slot)
        found = self._files.read(file)
        ours = board.with_name(slot.spare or "")
        try:
            self._files.link(ours if found == seen else file, board)
        except FileExistsError:
            return Lost(self._files.read(board))
        return Written() if found == seen else Lost(found)

    def mend(self, name: str) -> None:
        """End a replacement without exchange, however far it came."""
        slot, base = self._displaced.load(name)
        if slot.spare is None:
            return
        board, file = self._displaced.board(), self._displaced.file(slot)
        spare = board.with_name(slot.spare)
        away, ours = self._files.stat(file), self._files.stat(spare)
        # While away is ours still, the board was not moved yet.
        ours_away = ours is not None and away is not None and away.identity == ours.identity
        moved = away is not None and not ours_away
        # With two names ours has reached the board, and somebody else moved it on.
        if moved and (ours is None or ours.links == 1) and self._files.stat(board) is None:
            with suppress(FileExistsError):
                self._files.link(file, board)
        present = self._files.stat(board)
        self._displaced.sync()
        slot = msgspec.structs.replace(slot, spare=None)
        if away and present and away.identity == present.identity:
            self._files.remove(file)
        elif moved and ours and present and ours.identity != present.identity:
            # Made while the name was free: a whole text, or only what `>>` adds. What was moved
            # away counts as late, on top of nothing, and ``absorb_late`` tells the two apart.
            slot, base = msgspec.structs.replace(slot, base=digest(b"")), b""
        self._displaced.save(slot, base)
        self._files.remove(spare)
