"""Contract: confinement. A confiner puts a command into a cage: what it may touch, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec


class Cage(msgspec.Struct, frozen=True, kw_only=True):
    """What a process and everything it starts may touch. The project is writable, the rest of
    the system readable, the home folder hidden but for what is named here.

    ``hidden`` are further folders that are out of sight but for what is named here.
    ``writable`` and ``readable`` are further files and folders (a program's own state and
    installation), also beneath the home folder; ``control`` is read-only wherever it lies (board,
    ledger, settings, hooks). ``network`` False: none at all, loopback included where the system
    can tell. Paths that are not there are passed over. The most specific path wins.

    ``closed``: a folder that holds a control file takes no new names, so that a control file can
    be neither made nor replaced, not even after somebody outside has put a new one in its place
    (an editor, the write-back of a board). What lies in the folder stays writable."""

    project: Path
    home: Path
    hidden: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    control: tuple[Path, ...] = ()
    network: bool = True
    closed: bool = False


class Confiner(Protocol):
    """One way to confine, on this machine."""

    @property
    def name(self) -> str:
        """``bubblewrap``, ``landlock``, ``sandbox-exec``."""
        ...

    @property
    def lacks(self) -> tuple[str, ...]:
        """What it cannot hold, in words: ``a process namespace``, ``the network``."""
        ...

    def wrap(self, argv: Sequence[str], cage: Cage) -> list[str]:
        """The command that runs ``argv`` in the cage; its exit status and output stay (a death by
        signal may come out as 128 + its number). It has to be started in a session of its own.
        Raises ``ValueError`` for a cage that could hide nothing."""
        ...
