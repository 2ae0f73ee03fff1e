"""The steps of a simulated program, counted, so that a fault can strike at any of them."""

from __future__ import annotations

import errno
import os
import random  # noqa: TID251  seeded: a simulation repeats itself
from collections.abc import Callable
from pathlib import Path

from taskboard.testing.simdisk import Node


class Crashed(BaseException):
    """The program died here. No ``except Exception`` may stop it."""


class Steps:
    """Counts operations and makes one of them die or fail. Every ``n`` counts from now, from 1.
    ``between`` is called before every operation with its name and path."""

    def __init__(self, seed: int = 0, between: Callable[[str], None] | None = None) -> None:
        self.between = between
        self.count = 0
        self.lives = 0
        self.rng = random.Random(seed)  # noqa: S311  seeded: a simulation repeats itself
        self._dead = False
        self._crash = 0
        self._faults: list[tuple[str, int, int]] = []
        self._counts: dict[str, int] = {}

    def revive(self) -> None:
        """The program starts again, without faults."""
        self.lives += 1
        self._dead = False
        self._crash = 0
        self._faults.clear()

    def crash_at(self, n: int) -> None:
        """The ``n``-th operation from now (from 1) raises ``Crashed`` before, after or, for
        contents, in the middle of its effect, and so does every later one."""
        self._crash = self.count + n

    def fail_at(self, n: int, code: int = errno.EIO) -> None:
        """The ``n``-th operation from now raises ``OSError(code)``, without effect, once."""
        self._plan("", n, code)

    def fail_sync_at(self, n: int) -> None:
        """The ``n``-th sync of a file from now fails, once; what it should have kept is lost."""
        self._plan("sync", n, errno.EIO)

    def fill_at(self, n: int) -> None:
        """The ``n``-th write of contents from now finds the disk full, once."""
        self._plan("write", n, errno.ENOSPC)

    def _plan(self, kind: str, n: int, code: int) -> None:
        self._faults.append((kind, self._counts.get(kind, 0) + n, code))

    def begin(self, kind: str, path: Path | None = None) -> bool:
        """Start an operation; True when the program dies once it has taken effect."""
        if self._dead or 0 < self._crash <= self.count:  # it may have ended in an error before
            raise Crashed(kind)
        if self.between is not None:
            self.between(f"{kind} {path}")
        self.count += 1
        for counted in ("", kind):
            self._counts[counted] = self._counts.get(counted, 0) + 1
        dying = self.count == self._crash
        if dying and self.rng.random() < 0.5:
            self.end(dying)
        for fault in self._faults:
            if fault[1] == self._counts.get(fault[0]) and fault[0] in ("", kind):
                self._faults.remove(fault)
                raise OSError(fault[2], os.strerror(fault[2]), str(path))
        return dying

    def end(self, dying: bool) -> None:
        """Finish an operation, or die."""
        if dying:
            self._dead = True
            raise Crashed

    def torn(self, data: bytes, dying: bool) -> bytes:
        """What of ``data`` gets written: all, or a part when the program dies here."""
        return data[: self.rng.randint(0, len(data))] if dying else data

    def sync(self, node: Node, path: Path) -> None:
        """Make a file's contents durable, as one operation."""
        try:
            dying = self.begin("sync", path)
        except OSError:
            node.fail_sync()
            raise
        node.sync()
        self.end(dying)
