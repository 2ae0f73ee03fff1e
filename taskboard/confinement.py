"""Contract: confinement. A confiner puts a command into a cage: what it may touch, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Cage:
    """What a process and everything it starts may touch. The project is writable, the rest of
    the system readable, the home folder hidden but for what is named here.

    ``writable`` and ``readable`` are further files and folders (a program's own state and
    installation), also beneath the home folder; ``control`` is read-only wherever it lies (board,
    ledger, settings, hooks). ``network`` False: none at all, loopback included where the system
    can tell. Paths that are not there are passed over."""

    project: Path
    home: Path
    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    control: tuple[Path, ...] = ()
    network: bool = True


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
        """The command that runs ``argv`` in the cage; its exit status and output stay."""
        ...
