"""Replacing the board so that no save in the gap is lost: exchange, then look at what came off.

Comparing and then renaming loses the save that lands between the two. An exchange loses none:
whatever the board was at that instant lies in a slot afterwards, and goes back at once when it
is not what was read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from taskboard.files import Files
from taskboard.loop.displaced import TEMPORARY, Displaced, Slot


@dataclass(frozen=True, slots=True)
class Written:
    """The board holds the new bytes, or held them already."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A person saved in the gap. Their bytes stand on the board (or are joined into it by
    ``absorb_late``); absorb them and go again."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Missing:
    """No board is there now; it was not made anew."""


@dataclass(frozen=True, slots=True)
class Unable:
    """This file system knows neither exchange nor hard links: nothing was written."""

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

    def _look(self, board: Path, slot: Slot, seen: bytes, data: bytes) -> Outcome:
        found = self._files.read(self._displaced.file(slot))
        if found == seen:
            self._displaced.sync()
            return Written()
        try:
            self._files.exchange(self._displaced.file(slot), board)
        except FileNotFoundError:
            # Moved away meanwhile, by an editor that is about to make it anew: putting the save
            # back under that name would hand it to be cut. It stays in its slot as a late one.
            return Lost(found)
        # What came off now is ours, or a save on top of ours: it lingers like any other.
        self._displaced.renew(slot, data)
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
            reason = f"{board.parent} lies on a file system without exchange and hard links"
            return Unable(f"{reason}: {trouble.strerror}")
        slot = msgspec.structs.replace(slot, spare=spare.name)
        self._displaced.save(slot, seen)
        self._files.remove(file)
        try:
            self._files.rename(board, file)
        except FileNotFoundError:
            self.mend(slot, seen)
            return Missing()
        found = self._files.read(file)
        outcome: Outcome = Written() if found == seen else Lost(found)
        try:
            self._files.link(spare if found == seen else file, board)
        except FileExistsError:
            outcome = Lost(self._files.read(board))
        self.mend(slot, seen)
        return outcome

    def mend(self, slot: Slot, base: bytes) -> None:
        """End a replacement without exchange, however far it came."""
        assert slot.spare is not None
        board, file = self._displaced.board(), self._displaced.file(slot)
        away, present = self._files.stat(file), self._files.stat(board)
        # Two names: it is ours still, and the board was not moved away by us.
        if present is None and away is not None and away.links == 1:
            self._files.link(file, board)
            present = away
        self._displaced.sync()
        if away is not None and present is not None and away.identity == present.identity:
            self._files.remove(file)
        self._files.remove(board.with_name(slot.spare))
        self._displaced.save(msgspec.structs.replace(slot, spare=None), base)
