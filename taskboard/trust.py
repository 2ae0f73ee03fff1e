"""Which workspaces this user has allowed to run commands, kept where no workspace can reach it.

Saving a board runs commands, so a workspace that came from elsewhere starts nothing until its user
has said so. What was trusted is a folder (its real path) with these settings (a digest) and this
ledger: a change of ``taskboard.toml`` ends it, for it may name other programs.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from taskboard.core.units import stamp
from taskboard.errors import Untrusted
from taskboard.files import Files, Stat
from taskboard.ownership import ownership, require_own
from taskboard.workspace import SETTINGS, Workspace, settings_bytes, user_state

HINT = "`taskboard trust` shows what would run here and trusts it."
MAX_RECORD = 1 << 16


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What was trusted: the real path, the ledger's id (None: none was open yet), the SHA-256 of
    ``taskboard.toml`` (None: there was none) and when (UTC, the ledger's spelling)."""

    schema_version: int = 1
    path: str
    ledger_id: str | None
    settings: str | None
    when: str


class Trust(msgspec.Struct, frozen=True):
    """The store: one JSON file per workspace in ``folder``. With ``lifted`` (CI, the demo) every
    workspace counts as trusted, unless files in it are not this user's own."""

    folder: Path
    files: Files
    lifted: bool = False

    @classmethod
    def of(cls, environ: Mapping[str, str], files: Files) -> Trust:
        """The user's store. ``TASKBOARD_TRUST=1`` lifts it."""
        lifted = environ.get("TASKBOARD_TRUST", "") == "1"
        return cls(user_state(environ) / "trust", files, lifted)

    def trusted(self, workspace: Workspace, ledger_id: str | None = None) -> str | None:
        """None when the workspace may start processes, else the reason in words.

        Ownership is looked at first; nothing lifts it. A ``ledger_id`` of None (not open yet, or
        not known) is not compared; neither is one where none was open when trust was given."""
        foreign = ownership(workspace)
        if foreign:
            return " ".join(problem.message for problem in foreign)
        return None if self.lifted else self._lapse(workspace, ledger_id)

    def require(self, workspace: Workspace, ledger_id: str | None = None) -> None:
        """Raise ``Untrusted`` with the cure, unless the workspace is trusted."""
        require_own(workspace)
        reason = self.trusted(workspace, ledger_id)
        if reason is not None:
            raise Untrusted(reason, hint=HINT)

    def record(self, workspace: Workspace, ledger_id: str | None, now: datetime) -> Record:
        """Trust the workspace as it is now, durably. Raises ``Untrusted`` when it, or the store,
        is not this user's own, ``BadSettings`` when ``taskboard.toml`` cannot be read."""
        require_own(workspace)
        self.files.make_folder(self.folder)
        foul = self._foul_store()
        if foul:
            raise Untrusted(foul, hint=f"Look at what is in {self.folder}, then trust again.")
        root = _real(workspace)
        record = Record(
            path=root, ledger_id=ledger_id, settings=_digest(workspace), when=stamp(now)
        )
        self.files.write(self._place(root), msgspec.json.encode(record) + b"\n", mode=0o600)
        return record

    def recorded(self, workspace: Workspace) -> Record | None:
        """What was recorded for this folder, lapsed or not; None when nothing valid was."""
        found = self._read(_real(workspace))
        return found if isinstance(found, Record) else None

    def _lapse(self, workspace: Workspace, ledger_id: str | None) -> str | None:
        root = _real(workspace)
        found = self._read(root)
        if found is None:
            return f"You have not trusted the workspace {root} yet."
        if isinstance(found, str):
            return found
        if found.settings != _digest(workspace):
            return f"{workspace.root / SETTINGS} has changed since you trusted {root}."
        if None not in {ledger_id, found.ledger_id} and ledger_id != found.ledger_id:
            return f"You trusted {root} with another ledger ({found.ledger_id})."
        return None

    def _read(self, root: str) -> Record | str | None:
        """The record of a folder, why what is there does not count, or None."""
        foul = self._foul_store()
        if foul:
            return foul
        place = self._place(root)
        facts = self.files.stat(place, follow=False)
        if facts is None:
            return None
        foul = _foul(place, facts, stat.S_IFREG)
        if foul:
            return foul
        return _decode(place, root, self.files.read(place, MAX_RECORD))

    def _foul_store(self) -> str | None:
        """Why the store cannot be believed: it, or the folder it lies in, is not ours alone."""
        for folder in (self.folder.parent, self.folder):
            facts = self.files.stat(folder, follow=False)
            foul = _foul(folder, facts, stat.S_IFDIR) if facts else None
            if foul:
                return foul
        return None

    def _place(self, root: str) -> Path:
        return self.folder / f"{hashlib.sha256(root.encode()).hexdigest()}.json"


def _decode(place: Path, root: str, data: bytes) -> Record | str:
    try:
        record = msgspec.json.decode(data, type=Record)
    except msgspec.DecodeError:
        return f"The record of trust {place} cannot be read."
    if record.path != root:
        return f"The record of trust {place} is about {record.path}."
    return record


def _foul(path: Path, facts: Stat, kind: int) -> str | None:
    """Only a thing of its kind, of this user, that nobody else may write counts."""
    if stat.S_IFMT(facts.mode) != kind:
        return f"{path} is a link or not what belongs there, so trust cannot be looked up."
    if facts.uid != os.geteuid():
        return f"{path} belongs to somebody else, so trust cannot be looked up."
    if facts.mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"Others may write to {path}, so trust cannot be looked up there: chmod go-w {path}"
    return None


def _real(workspace: Workspace) -> str:
    """In a spelling that JSON can hold: names need not be UTF-8."""
    return os.fsencode(os.path.realpath(workspace.root)).decode("utf-8", "backslashreplace")


def _digest(workspace: Workspace) -> str | None:
    data = settings_bytes(workspace)
    return None if data is None else hashlib.sha256(data).hexdigest()
