"""A disk in memory with two images: what programs see, and what a power failure leaves.

Contents become durable by syncing the file, names by syncing the folder. Everything else is
pending, and ``SimDisk.lose_power`` keeps a random subset of it that a real file system could have
kept: name changes in any order that their names allow, appended bytes as a prefix, with zeros
or garbage after it. A rename within a folder and an exchange are one change; a rename between
folders may leave both names, never none.
"""

from __future__ import annotations

import errno
import os
import random  # noqa: TID251  seeded: a simulation repeats itself
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Node:
    """A file, folder or symbolic link, whatever it is called."""

    def __init__(self, inode: int, kind: int, mode: int, device: int, now: int) -> None:
        self.inode = inode
        self.kind = kind
        self.mode = mode
        self.device = device
        self.mtime_ns = self.ctime_ns = now
        self.uid = self.gid = 1000
        self.attributes: dict[str, bytes] = {}
        self.links = 0
        self.data = bytearray()
        self.durable = b""
        self.lost: tuple[int, int] | None = None
        self.entries: dict[str, Node] = {}
        self.durable_entries: dict[str, Node] = {}

    @property
    def is_folder(self) -> bool:
        """Whether it has names in it."""
        return self.kind == stat.S_IFDIR

    def lasting(self) -> bytes:
        """The contents that a sync now would make durable: all but what an earlier failed sync
        has lost for good. The system calls such pages clean, and later syncs succeed."""
        kept = bytearray(self.data)
        if self.lost is not None:
            start, end = self.lost
            end = min(end, len(kept))
            kept[start:end] = bytes(max(0, end - start))
        return bytes(kept)

    def sync(self) -> None:
        """Make the contents durable."""
        self.durable = self.lasting()

    def fail_sync(self) -> None:
        """What was not durable yet will never be."""
        pairs = zip(self.durable, self.data, strict=False)
        common = next((i for i, (a, b) in enumerate(pairs) if a != b), len(self.durable))
        self.lost = (common, max(len(self.data), common))


class Place(NamedTuple):
    """A name in a folder."""

    folder: Node
    name: str


class Change(NamedTuple):
    """Names that change together; ``after`` is a change without which this one cannot last."""

    parts: tuple[tuple[Place, Node | None], ...]
    after: Change | None = None

    def touches(self, folder: Node) -> bool:
        return any(place.folder is folder for place, _ in self.parts)

    def follows(self, earlier: Change) -> bool:
        """Whether it builds on what ``earlier`` did."""
        if self.after is earlier:
            return True
        mine = {(id(place.folder), place.name) for place, _ in self.parts}
        return any((id(place.folder), place.name) in mine for place, _ in earlier.parts)


class SimDisk:
    """The images and the pending changes. ``now`` gives nanoseconds for mtime and ctime; every
    change gets a later one. ``mounts`` are folders that are file systems of their own;
    ``exchanges`` and ``links`` say what all of them can do."""

    def __init__(self, now: Callable[[], int] | None = None) -> None:
        self._now = now or (lambda: 1_700_000_000_000_000_000)
        self._last = 0
        self._inodes = 1
        self.root = Node(1, stat.S_IFDIR, 0o755, 1, 0)
        self.pending: list[Change] = []
        self.mounts: set[Path] = set()
        self.exchanges = True
        self.links = True
        self.boots = 0
        self.locks: dict[Path, int] = {}

    def tick(self) -> int:
        """Now, in nanoseconds, later than ever before."""
        self._last = max(self._last + 1, self._now())
        return self._last

    def make(self, path: Path, kind: int, mode: int) -> Node:
        """A node without a name, on the file system of ``path``."""
        self._inodes += 1
        mounts = sorted(self.mounts)
        device = 1 + max(
            (i + 1 for i, m in enumerate(mounts) if path.is_relative_to(m)), default=0
        )
        return Node(self._inodes, kind, mode, device, self.tick())

    def find(self, path: Path, *, follow: bool = True, hops: int = 20) -> Node | None:
        """What is at ``path``, or None."""
        node = self.root
        for i, name in enumerate(path.parts[1:], 1):
            inner = node.entries.get(name)
            if inner is None:
                return None
            last = i == len(path.parts) - 1
            if inner.kind == stat.S_IFLNK and (follow or not last):
                rest = path.parts[i + 1 :]
                return self.find(
                    self._target(path, i, inner, hops).joinpath(*rest),
                    follow=follow,
                    hops=hops - 1,
                )
            node = inner
        return node

    @staticmethod
    def _target(path: Path, depth: int, link: Node, hops: int) -> Path:
        if hops == 0:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        folder = Path(*path.parts[:depth])
        return Path(os.path.normpath(folder / os.fsdecode(bytes(link.data))))

    def resolve(self, path: Path) -> Path:
        """The path with links followed."""
        done = Path("/")
        for i, name in enumerate(path.parts[1:], 1):
            done = done / name
            node = self.find(done, follow=False)
            if node is not None and node.kind == stat.S_IFLNK:
                target = self._target(done, len(done.parts) - 1, node, 20)
                return self.resolve(target.joinpath(*path.parts[i + 1 :]))
        return done

    def need(self, path: Path, *, follow: bool = True) -> Node:
        """What is at ``path``, or ``FileNotFoundError``."""
        node = self.find(path, follow=follow)
        if node is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return node

    def is_folder(self, path: Path) -> bool:
        """Whether a folder is there."""
        node = self.find(path)
        return node is not None and node.is_folder

    def place(self, path: Path) -> Place:
        """The folder and name that ``path`` means."""
        folder = self.need(path.parent)
        if not folder.is_folder:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        return Place(folder, path.name)

    def change(self, *parts: tuple[Place, Node | None], after: Change | None = None) -> Change:
        """Change names together, seen at once and pending until a folder is synced."""
        made = Change(parts, after)
        for place, node in parts:
            old = place.folder.entries.pop(place.name, None)
            if old is not None:
                old.links -= 1
                old.ctime_ns = self.tick()
            if node is not None:
                place.folder.entries[place.name] = node
                node.links += 1
                node.ctime_ns = self.tick()
            place.folder.mtime_ns = self.tick()
        self.pending.append(made)
        return made

    def symlink(self, target: str, path: Path) -> None:
        """Plant a symbolic link."""
        node = self.make(path, stat.S_IFLNK, 0o777)
        node.data[:] = os.fsencode(target)
        self.change((self.place(path), node))

    def sync_folder(self, folder: Node) -> None:
        """Make the changes that touch ``folder``, and those they build on, durable."""
        wanted: list[Change] = []
        for change in reversed(self.pending):
            if change.touches(folder) or any(later.follows(change) for later in wanted):
                wanted.append(change)
        for change in reversed(wanted):
            _keep(change)
        chosen = {id(change) for change in wanted}
        self.pending = [change for change in self.pending if id(change) not in chosen]

    def lose_power(self, rng: random.Random) -> None:
        """Keep what is durable and a legal part of what was pending; logs and locks are gone."""
        chance = rng.choice([0.0, 0.5, 0.9, 1.0])
        dropped: list[Change] = []
        for change in self.pending:
            if rng.random() < chance and not any(change.follows(d) for d in dropped):
                _keep(change)
            else:
                dropped.append(change)
        self.pending.clear()
        self.boots += 1
        self.locks.clear()
        self._forget(rng)

    def _forget(self, rng: random.Random) -> None:
        found: dict[int, Node] = {}
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            if node.inode not in found:
                found[node.inode] = node
                node.links = 0
                node.entries = dict(node.durable_entries)
                waiting += node.entries.values()
        for node in found.values():
            for inner in node.entries.values():
                inner.links += 1
            if node.kind == stat.S_IFREG:
                node.durable = _survivor(node, rng)
                node.data = bytearray(node.durable)
                node.lost = None


def _keep(change: Change) -> None:
    for place, node in change.parts:
        if node is None:
            place.folder.durable_entries.pop(place.name, None)
        else:
            place.folder.durable_entries[place.name] = node


def _survivor(node: Node, rng: random.Random) -> bytes:
    """Contents after a power failure: anything between the durable and the seen ones."""
    old, new = node.durable, node.lasting()
    if old == new:
        return old
    if not new.startswith(old):
        return rng.choice([old, new, new[: rng.randint(0, len(new))]])
    extra = new[len(old) :]
    kept = extra[: rng.randint(0, len(extra))]
    rest = len(extra) - len(kept)
    return (
        old + kept + rng.choice([b"", b"", bytes(rest), rng.randbytes(rest), extra[len(kept) :]])
    )
