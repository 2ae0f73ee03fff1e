"""An append-only file of the simulation, kept open."""

from __future__ import annotations

from pathlib import Path

from taskboard.testing.simdisk import Node, SimDisk
from taskboard.testing.steps import Crashed, Steps


class SimLog:
    """A log of ``SimFiles``: dies with the program or the power."""

    def __init__(self, steps: Steps, disk: SimDisk, node: Node, path: Path) -> None:
        self._steps = steps
        self._disk = disk
        self._node = node
        self._path = path
        self._life = self._now()

    def _now(self) -> tuple[int, int]:
        return (self._disk.boots, self._steps.lives)

    def _begin(self, kind: str) -> bool:
        if self._life != self._now():
            raise Crashed(f"{self._path} was opened before the crash")
        return self._steps.begin(kind, self._path)

    def identity(self) -> tuple[int, int]:
        """Device and inode."""
        return (self._node.device, self._node.inode)

    def size(self) -> int:
        """Bytes in the file."""
        return len(self._node.data)

    def size_at(self, path: Path) -> int | None:
        """Bytes in the file if ``path`` names it."""
        dying = self._begin("stat")
        node = self._disk.find(path)
        self._steps.end(dying)
        return len(self._node.data) if node is self._node else None

    def read(self, start: int, limit: int | None = None) -> bytes:
        """From byte ``start`` to the end, or at most ``limit`` bytes of it."""
        dying = self._begin("read")
        data = bytes(self._node.data[start : None if limit is None else start + limit])
        self._steps.end(dying)
        return data

    def append(self, data: bytes) -> None:
        """One write, whole or (when the program dies in it) torn."""
        dying = self._begin("write")
        self._node.data += self._steps.torn(data, dying)
        self._touch()
        self._steps.end(dying)

    def truncate(self, size: int) -> None:
        """Cut to ``size`` bytes."""
        dying = self._begin("truncate")
        del self._node.data[size:]
        self._touch()
        self._steps.end(dying)

    def sync(self) -> None:
        """Make what was written durable."""
        if self._life != self._now():
            raise Crashed(f"{self._path} was opened before the crash")
        self._steps.sync(self._node, self._path)

    def close(self) -> None:
        """Nothing is kept open here."""

    def _touch(self) -> None:
        self._node.mtime_ns = self._node.ctime_ns = self._disk.tick()
