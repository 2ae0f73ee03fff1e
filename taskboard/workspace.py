"""Where a workspace is, what lies where in it, and where this user's own files lie.

A workspace is the folder a board is named in. A board that is a symbolic link still belongs to the
folder of the link: ledger, settings and locks lie beside the link, so that two workspaces that
share one text by links never share a ledger; only the swap of the text follows the link.
"""

from __future__ import annotations

import os
import pwd
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

import msgspec

from taskboard.errors import BadSettings, NotFound, Usage

BOARD = "task-board.md"
SETTINGS = "taskboard.toml"
STATE = ".taskboard"
MAX_SETTINGS = 1 << 18
"""Settings beyond 256 KiB are a mistake, not settings."""

_NEAR = {"board", "kanban", "task", "taskboard", "tasks", "tasksboard", "todo", "todos"}
_NEAR_ENDINGS = {"", ".markdown", ".md", ".mdown", ".txt"}


class Workspace(msgspec.Struct, frozen=True):
    """The paths of one workspace: absolute, as named, none of them looked at."""

    board: Path

    @property
    def root(self) -> Path:
        """The folder."""
        return self.board.parent

    @property
    def settings(self) -> Path:
        """The workspace's settings, optional."""
        return self.root / SETTINGS

    @property
    def ledger(self) -> Path:
        """The ledger, unless setting ``ledger`` names another."""
        return self.root / "events.jsonl"

    @property
    def deadletter(self) -> Path:
        """One Markdown file per exhausted task."""
        return self.root / "deadletter"

    @property
    def state(self) -> Path:
        """The machine's own folder."""
        return self.root / STATE

    @property
    def locks(self) -> Path:
        """Lease folders and lock files."""
        return self.state / "locks"

    @property
    def runs(self) -> Path:
        """One folder per run."""
        return self.state / "runs"

    @property
    def objects(self) -> Path:
        """Texts and payloads by digest; part of the ledger."""
        return self.state / "objects"

    @property
    def segments(self) -> Path:
        """Full parts of the ledger."""
        return self.state / "segments"

    @property
    def checkpoint(self) -> Path:
        """The folded state at a sequence; deletable."""
        return self.state / "checkpoint"

    @property
    def projection(self) -> Path:
        """The board as last written: ``next`` before the swap, ``last`` after it."""
        return self.state / "projection"

    @property
    def displaced(self) -> Path:
        """Boards that a write-back took the place of, until they are 30 s old."""
        return self.state / "displaced"

    @property
    def conflicts(self) -> Path:
        """The side of two saves that could not be joined."""
        return self.state / "conflicts"

    @property
    def quarantine(self) -> Path:
        """Torn tails and poisoned ledgers."""
        return self.state / "quarantine"


def find(start: Path, board: Path | None = None) -> Workspace:
    """The workspace of ``board`` (a board file or its folder), else of the nearest folder from
    ``start`` upward that holds a board, settings or ``.taskboard/``.

    The board itself may be missing from a workspace: it is waited for. Raises ``NotFound``
    (``no_workspace``) with what looks like a misspelt board, ``Usage`` for a second board."""
    here = Path(os.path.abspath(start))  # noqa: PTH100 - resolve() would follow a linked board
    if board is not None:
        return _named(Path(os.path.abspath(here / board.expanduser())))  # noqa: PTH100
    for folder in (here, *here.parents):
        if _is_workspace(folder):
            return Workspace(folder / BOARD)
    raise _no_workspace(
        f"There is no workspace here: neither {here} nor a folder above it holds {BOARD},"
        f" {SETTINGS} or {STATE}/.",
        here,
    )


def near_misses(folder: Path) -> list[str]:
    """Names in ``folder`` that a person may have meant as ``task-board.md``, sorted."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return []
    return [name for name in names if name[0] != "." and name != BOARD and _is_near(name)]


def settings_bytes(workspace: Workspace) -> bytes | None:
    """The bytes of ``taskboard.toml``, or None when there is none. Raises ``BadSettings``."""
    return read_settings(workspace.settings)


def read_settings(path: Path) -> bytes | None:
    """The bytes of a settings file, or None when it is not there. A folder, a device or a pipe in
    its place, one that cannot be read and one of more than 256 KiB raise ``BadSettings``."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, f"it cannot be read: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _unreadable(path, "it is no regular file")
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(MAX_SETTINGS + 1)
    finally:
        os.close(descriptor)
    if len(data) > MAX_SETTINGS:
        raise _unreadable(path, "it is larger than 256 KiB")
    return data


def home(environ: Mapping[str, str]) -> Path:
    """The user's home folder."""
    return Path(environ.get("HOME") or pwd.getpwuid(os.geteuid()).pw_dir)


def user_state(environ: Mapping[str, str]) -> Path:
    """The folder for what this user's machine knows of all workspaces."""
    return _user_folder(environ, "XDG_STATE_HOME", ".local/state")


def user_settings(environ: Mapping[str, str]) -> Path:
    """The user's own settings file, which need not be there."""
    return _user_folder(environ, "XDG_CONFIG_HOME", ".config") / "config.toml"


def _named(path: Path) -> Workspace:
    if path.is_dir():
        path = path / BOARD
    folder, usual = path.parent, path.parent / BOARD
    if path.name != BOARD and usual.exists():
        if not (path.exists() and path.samefile(usual)):
            raise Usage(
                f"{folder} has a board already, {BOARD}: one folder holds one board.",
                hint=f"Move {path.name} to a folder of its own and name it there.",
            )
        path = usual
    if os.path.lexists(path) or _is_workspace(folder):
        return Workspace(path)
    raise _no_workspace(f"There is no board {path}.", folder)


def _is_workspace(folder: Path) -> bool:
    return (
        os.path.lexists(folder / BOARD)
        or (folder / SETTINGS).is_file()
        or (folder / STATE).is_dir()
    )


def _is_near(name: str) -> bool:
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, dot + ending) if stem else (name, "")
    if re.search(r"\d\W*$", stem):  # `task-board 2.md` is what a sync service calls its copy
        return False
    word = re.sub(r"[^a-z]", "", stem.lower())
    return word in _NEAR and ending.lower() in _NEAR_ENDINGS


def _no_workspace(message: str, folder: Path) -> NotFound:
    near = near_misses(folder)
    hint = "`taskboard init` starts one here; --board PATH names a board elsewhere."
    if near:
        hint = (
            f"{', '.join(near)} looks like a board: rename it to {BOARD}, or name it with"
            f" --board {quote(near[0])}."
        )
    return NotFound(message, hint=hint, code="no_workspace", data={"near": near})


def _unreadable(path: Path, why: str) -> BadSettings:
    mistake = {"file": str(path), "line": None, "name": None, "message": why}
    return BadSettings(
        f"{path}: {why}.",
        hint="Make it a plain text file that you may read, or take it away.",
        data={"mistakes": [mistake]},
    )


def _user_folder(environ: Mapping[str, str], variable: str, usual: str) -> Path:
    """The XDG rule: a path that is not absolute counts as unset."""
    named = Path(environ.get(variable, ""))
    if named.is_absolute():
        return named / "taskboard"
    return home(environ) / usual / "taskboard"
