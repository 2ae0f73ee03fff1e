"""Confinement by Landlock and seccomp, for a Linux without bubblewrap or its namespaces.

Landlock only ever adds rights beneath a folder, so the cage is always a closed one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from taskboard.confinement import Cage
from taskboard.confiners import landlock_exec
from taskboard.confiners.places import Access, lay_out

_HIDDEN = (Path("/tmp"), Path("/var/tmp"), Path("/run"), Path("/dev"))  # noqa: S108
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LETTERS = {Access.HIDDEN: "h", Access.READ: "r", Access.WRITE: "w"}


@dataclass(frozen=True, slots=True)
class Landlock:
    """``python`` runs the launcher; ``abi`` is the kernel's version of Landlock."""

    python: str
    abi: int

    @property
    def name(self) -> str:
        return "landlock"

    @property
    def lacks(self) -> tuple[str, ...]:
        always = (
            "a process namespace: other processes and their command lines can be seen",
            "the names of hidden files, which can be tried one by one",
            "the modes and times of files, hidden and read-only ones too",
        )
        scoped = self.abi >= landlock_exec.ABI_SCOPES
        return always if scoped else (*always, "signals to this user's other processes")

    def wrap(self, argv: Sequence[str], cage: Cage) -> list[str]:
        layout = lay_out(replace(cage, closed=True), _HIDDEN, closed=True)
        places = layout.places | {Path("/dev", name): Access.WRITE for name in _DEVICES}
        return [
            self.python,
            *("-I", "-S", landlock_exec.__file__),
            "network" if cage.network else "none",
            *_spelled(places),
            "--",
            *argv,
        ]


def landlock() -> Landlock | None:
    """Landlock as this kernel has it, None where it has too little of it."""
    abi = landlock_exec.abi()
    return Landlock(sys.executable, abi) if abi >= landlock_exec.LEAST_ABI else None


def _spelled(places: dict[Path, Access]) -> Iterator[str]:
    for path, access in places.items():
        yield f"{_LETTERS[access]}{path}"
