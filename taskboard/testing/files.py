"""``SimFiles``: the ``Files`` contract on a ``SimDisk``, deterministic, and crashable anywhere.

Every step that a crash could separate from the next is one operation: ``write`` is create, write,
sync, rename, sync of the folder. A second ``SimFiles`` on the same disk is another program:
an editor, say, called from ``between``; its open log is a file being edited in place.
"""

from __future__ import annotations

import errno
import hashlib
import os
import random  # noqa: TID251  seeded: a simulation repeats itself
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from taskboard.beneath import kind_fault, name_fault
from taskboard.files import Artifact, Log, Stat
from taskboard.testing.simdisk import Node, Place, SimDisk
from taskboard.testing.simlog import SimLog
from taskboard.testing.steps import Steps


class SimFiles:
    """``Files`` in memory.

    ``between`` is called before every operation with its name and path (``"sync /w/x"``), and may
    act through another ``SimFiles``. Faults are planned by ``crash_at``, ``fail_at``,
    ``fail_sync_at`` and ``fill_at``: see ``Steps``.
    """

    def __init__(
        self,
        disk: SimDisk | None = None,
        *,
        seed: int = 0,
        between: Callable[[str], None] | None = None,
    ) -> None:
        self.disk = disk or SimDisk()
        self.steps = Steps(seed, between)
        self.crash_at = self.steps.crash_at
        self.fail_at = self.steps.fail_at
        self.fail_sync_at = self.steps.fail_sync_at
        self.fill_at = self.steps.fill_at
        self._spares = 0

    @property
    def count(self) -> int:
        """How many operations began."""
        return self.steps.count

    # What the simulation does to its program.

    def restart(self) -> None:
        """The program was killed and starts again: all that it saw is still there, its open logs
        and locks are not."""
        self.steps.revive()
        self.disk.locks = {path: who for path, who in self.disk.locks.items() if who != id(self)}

    def crash(self, rng: random.Random | None = None) -> None:
        """The power failed, and the program starts again on what is left."""
        self.disk.lose_power(rng or self.steps.rng)
        self.restart()

    # The contract.

    def stat(self, path: Path, *, follow: bool = True) -> Stat | None:
        """None when nothing is there."""
        dying = self.steps.begin("stat", path)
        node = self.disk.find(path, follow=follow)
        self.steps.end(dying)
        if node is None:
            return None
        return Stat(
            node.device,
            node.inode,
            len(node.data),
            node.mtime_ns,
            node.ctime_ns,
            node.kind | node.mode,
            node.uid,
            node.gid,
            node.links,
        )

    def exists(self, path: Path) -> bool:
        """Whether something is there."""
        return self.stat(path) is not None

    def resolve(self, path: Path) -> Path:
        """The path with symbolic links followed."""
        return self.disk.resolve(path)

    def read(self, path: Path, limit: int | None = None) -> bytes:
        """The whole file, or its first ``limit`` bytes."""
        dying = self.steps.begin("read", path)
        data = bytes(self._file(path).data[:limit])
        self.steps.end(dying)
        return data

    def names(self, folder: Path) -> list[str]:
        """Sorted names; empty when the folder is not there."""
        dying = self.steps.begin("names", folder)
        node = self.disk.find(folder)
        self.steps.end(dying)
        return sorted(node.entries) if node else []

    def make_folder(self, path: Path, mode: int = 0o700) -> None:
        """With parents (durable); no error when it exists."""
        if self.disk.is_folder(path):
            return
        self.make_folder(path.parent, mode)
        self.mkdir(path, mode)
        self.sync_folder(path.parent)

    def mkdir(self, path: Path, mode: int = 0o700) -> None:
        """The atomic one."""
        dying = self.steps.begin("mkdir", path)
        self._new(path, stat.S_IFDIR, mode)
        self.steps.end(dying)

    def write(self, path: Path, data: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
        """Replace whole, by way of a temporary file."""
        spare, node = self._spare(path, mode)
        try:
            self._fill(spare, node, data)
            if durable:
                self.steps.sync(node, spare)
            self.rename(spare, path)
        except OSError:
            self.remove(spare)
            raise
        if durable:
            self.sync_folder(path.parent)

    def create(self, path: Path, data: bytes) -> None:
        """A new file, not synced."""
        dying = self.steps.begin("create", path)
        node = self._new(path, stat.S_IFREG, 0o600)
        self.steps.end(dying)
        self._fill(path, node, data)

    def overwrite(self, path: Path, data: bytes) -> None:
        """Put ``data`` over the bytes of a file that is there, not synced."""
        node = self._file(path)
        self._fill(path, node, data)
        if len(node.data) > len(data):
            dying = self.steps.begin("truncate", path)
            del node.data[len(data) :]
            self.steps.end(dying)

    def write_beside(self, path: Path, data: bytes) -> Path:
        """A synced temporary file beside ``path`` that looks like it."""
        like = self._file(path)
        spare, node = self._spare(path, like.mode)
        node.uid, node.gid, node.attributes = like.uid, like.gid, dict(like.attributes)
        try:
            self._fill(spare, node, data)
            self.steps.sync(node, spare)
        except OSError:
            self.remove(spare)
            raise
        return spare

    def exchange(self, a: Path, b: Path) -> bool:
        """Swap two names atomically; False where the disk cannot."""
        dying = self.steps.begin("exchange", a)
        one, other = self.disk.need(a, follow=False), self.disk.need(b, follow=False)
        able = self.disk.exchanges and one.device == other.device
        if able:
            self.disk.change((self.disk.place(a), other), (self.disk.place(b), one))
        self.steps.end(dying)
        return able

    def rename(self, source: Path, target: Path) -> None:
        """Atomic, replacing a file or an empty folder at ``target``."""
        dying = self.steps.begin("rename", source)
        node = self.disk.need(source, follow=False)
        there = self.disk.find(target, follow=False)
        if node.is_folder and there is not None and there.entries:
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), str(target))
        old, new = self.disk.place(source), self.disk.place(target)
        self._same_disk(node, new, target)
        if old.folder is new.folder:
            self.disk.change((old, None), (new, node))
        else:
            made = self.disk.change((new, node))
            self.disk.change((old, None), after=made)
        self.steps.end(dying)

    def link(self, source: Path, target: Path) -> None:
        """A second name; ``FileExistsError`` when ``target`` is taken."""
        dying = self.steps.begin("link", source)
        node = self.disk.need(source, follow=False)
        if not self.disk.links:
            raise OSError(errno.EPERM, "this file system has no hard links", str(target))
        self._free(target)
        place = self.disk.place(target)
        self._same_disk(node, place, target)
        self.disk.change((place, node))
        self.steps.end(dying)

    def remove(self, path: Path) -> None:
        """A file; no error when it is not there."""
        dying = self.steps.begin("remove", path)
        node = self.disk.find(path, follow=False)
        if node is not None:
            if node.is_folder:
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
            self.disk.change((self.disk.place(path), None))
        self.steps.end(dying)

    def remove_folder(self, path: Path) -> None:
        """A folder with all in it; no error when it is not there."""
        node = self.disk.find(path, follow=False)
        if node is None:
            return
        for name, inner in sorted(node.entries.items()):
            (self.remove_folder if inner.is_folder else self.remove)(path / name)
        dying = self.steps.begin("rmdir", path)
        self.disk.change((self.disk.place(path), None))
        self.steps.end(dying)

    def sync_folder(self, path: Path) -> None:
        """Make names in ``path`` durable."""
        dying = self.steps.begin("sync_folder", path)
        self.disk.sync_folder(self.disk.need(path))
        self.steps.end(dying)

    def open_log(self, path: Path, *, writable: bool = True) -> Log:
        """Open for appending; made, durable, when it is not there."""
        dying = self.steps.begin("open", path)
        node = self.disk.find(path, follow=False)
        if node is None and not writable:
            self.steps.end(dying)
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        if node is None:
            node = self._new(path, stat.S_IFREG, 0o600)
            self.steps.end(dying)
            self.steps.sync(node, path)
            self.sync_folder(path.parent)
        elif node.kind != stat.S_IFREG:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        self.steps.end(dying)
        return SimLog(self.steps, self.disk, node, path)

    @contextmanager
    def lock(self, path: Path) -> Iterator[None]:
        """Never waits: in one thread a held lock would be held for ever, so that is a fault."""
        dying = self.steps.begin("lock", path)
        assert path not in self.disk.locks, f"{path} is locked already: this would wait for ever"
        self.disk.place(path)
        life = (self.disk.boots, self.steps.lives)
        self.disk.locks[path] = id(self)
        try:
            self.steps.end(dying)
            yield
        finally:
            if life == (self.disk.boots, self.steps.lives):
                self.disk.locks.pop(path)

    def inspect(self, root: Path, relative: str, limit: int = 1 << 30) -> Artifact | str:
        """Follow no link beneath ``root`` and digest what is there."""
        dying = self.steps.begin("inspect", root)
        found = self._inspect(root, relative, limit)
        self.steps.end(dying)
        return found

    def _inspect(self, root: Path, relative: str, limit: int) -> Artifact | str:
        fault = name_fault(relative)
        if fault is not None:
            return fault
        node = self.disk.need(root)
        for name in (part for part in relative.split("/") if part not in ("", ".")):
            if not node.is_folder:
                return "is missing, or behind a symbolic link or a file that is no folder"
            if name not in node.entries:
                return "is missing"
            node = node.entries[name]
        fault = kind_fault(node.kind | node.mode, node.links, len(node.data), limit)
        return fault or Artifact(
            hashlib.sha256(node.data).hexdigest(), len(node.data), node.ctime_ns
        )

    def _file(self, path: Path) -> Node:
        node = self.disk.need(path)
        if node.kind != stat.S_IFREG:
            raise OSError(errno.EINVAL, "is no regular file", str(path))
        return node

    def _free(self, path: Path) -> None:
        if self.disk.find(path, follow=False) is not None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))

    def _new(self, path: Path, kind: int, mode: int) -> Node:
        self._free(path)
        node = self.disk.make(path, kind, mode)
        self.disk.change((self.disk.place(path), node))
        return node

    def _spare(self, path: Path, mode: int) -> tuple[Path, Node]:
        while True:
            self._spares += 1
            spare = path.with_name(f".{path.name}.{self._spares}.taskboard-tmp")
            if self.disk.find(spare, follow=False) is None:
                break
        dying = self.steps.begin("create", spare)
        node = self._new(spare, stat.S_IFREG, mode)
        self.steps.end(dying)
        return spare, node

    def _fill(self, path: Path, node: Node, data: bytes) -> None:
        dying = self.steps.begin("write", path)
        torn = self.steps.torn(data, dying)
        node.data[: len(torn)] = torn
        node.mtime_ns = node.ctime_ns = self.disk.tick()
        self.steps.end(dying)

    @staticmethod
    def _same_disk(node: Node, place: Place, target: Path) -> None:
        if node.device != place.folder.device:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(target))
