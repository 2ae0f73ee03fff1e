"""Opening a file that an agent names, without leaving the folder it was allowed."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

from taskboard.files import Artifact

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PIECE = 1 << 20
_KINDS = {stat.S_IFLNK: "a symbolic link", stat.S_IFDIR: "a folder"}


def open_real(path: Path) -> int:
    """Open a folder by its real path, no link followed on the way: whoever puts one there after
    the path was resolved leads nowhere. Raises ``OSError``."""
    folder = os.open("/", _FOLDER)
    try:
        for part in path.parts[1:]:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
    except OSError:
        os.close(folder)
        raise
    return folder


def identity_of(path: Path) -> tuple[int, int] | None:
    """Device and inode of the folder that really is at ``path``; None when none is, or a link
    leads there."""
    try:
        folder = open_real(path)
    except OSError:
        return None
    try:
        found = os.fstat(folder)
        return found.st_dev, found.st_ino
    finally:
        os.close(folder)


def name_fault(relative: str) -> str | None:
    """Why a name can never be a file beneath a folder, in words; None when it can."""
    if not relative.strip():
        return "is no name"
    if "\0" in relative:
        return "has a NUL in its name"
    if relative.startswith("/"):
        return "is an absolute path, not one beneath the project folder"
    if ".." in relative.split("/"):
        return "leaves the project folder by `..`"
    return None


def kind_fault(mode: int, links: int, size: int, limit: int) -> str | None:
    """Why a file of this kind is no evidence, in words; None when it may be.

    Links are refused even when they stay inside: a symbolic one could name a control file under
    an innocent name, and making a hard one renews the ctime, so that an old file would look
    fresh, and leaves a second name under which it can change unseen.
    """
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "a device, pipe or socket")
        return f"is {kind}; evidence must be a regular file of its own"
    if size == 0:
        return "is empty"
    if size > limit:
        return f"is too large: {size} bytes, the limit is {limit}"
    if links != 1:
        return f"is a hard link (it has {links} names); evidence must be a copy of its own"
    return None


def inspect_beneath(root: Path, relative: str, limit: int) -> Artifact | str:
    """Open ``relative`` beneath ``root``, a real path, folder by folder, following no link, and
    digest the opened file. A string says why it is no evidence."""
    fault = name_fault(relative)
    if fault is not None:
        return fault
    parts = [part for part in relative.split("/") if part not in ("", ".")]
    if not parts:
        return "is a folder"
    try:
        folder = open_real(root)
    except OSError as trouble:
        return _words(trouble)
    try:
        for part in parts[:-1]:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        return _inspect(folder, parts[-1], limit)
    except OSError as trouble:
        return _words(trouble)
    finally:
        os.close(folder)


def _inspect(folder: int, name: str, limit: int) -> Artifact | str:
    # Looked at before it is opened, so that no device is; and again afterwards, opened.
    before = os.stat(name, dir_fd=folder, follow_symlinks=False)
    fault = kind_fault(before.st_mode, before.st_nlink, before.st_size, limit)
    if fault is not None:
        return fault
    fd = os.open(name, _FILE, dir_fd=folder)
    try:
        return _digest(fd, limit)
    finally:
        os.close(fd)


def _digest(fd: int, limit: int) -> Artifact | str:
    start = os.fstat(fd)
    fault = kind_fault(start.st_mode, start.st_nlink, start.st_size, limit)
    if fault is not None:
        return fault
    digest = hashlib.sha256()
    size = 0
    while piece := os.read(fd, _PIECE):
        digest.update(piece)
        size += len(piece)
        if size > limit:
            return f"is too large: it grew past the limit of {limit} bytes while it was read"
    end = os.fstat(fd)
    if (end.st_size, end.st_ctime_ns) != (size, start.st_ctime_ns):
        return "changed while it was read"
    return Artifact(digest.hexdigest(), size, end.st_ctime_ns)


def _words(trouble: OSError) -> str:
    match trouble.errno:
        case errno.ENOENT:
            return "is missing"
        case errno.ELOOP:
            return "is behind a symbolic link; evidence must be the file itself"
        case errno.ENOTDIR:
            return "is missing, or behind a symbolic link or a file that is no folder"
        case _:
            return f"cannot be opened: {trouble.strerror}"
