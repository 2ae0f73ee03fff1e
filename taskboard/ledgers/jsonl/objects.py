"""Texts and other bytes kept for ever under their digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

from taskboard.errors import Corrupt, NotFound
from taskboard.files import Files


class Objects:
    """Files named by the SHA-256 of their bytes, mode 0600, never rewritten."""

    def __init__(self, files: Files, folder: Path) -> None:
        self._files = files
        self._folder = folder
        self._durable: set[str] = set()

    def keep(self, data: bytes) -> str:
        """Store ``data`` durably and return its digest. Raises ``OSError``."""
        digest = hashlib.sha256(data).hexdigest()
        path = self._folder / digest
        if digest in self._durable and self._files.exists(path):  # else `gc` has removed it
            return digest
        known = self._files.stat(path) is not None and self.holds(digest)
        if known:  # whoever wrote it may have died before its name was durable
            self._files.sync_folder(self._folder)
        else:
            self._files.make_folder(self._folder)
            self._files.write(path, data)
        self._durable.add(digest)
        return digest

    def fetch(self, digest: str) -> bytes:
        """Bytes kept earlier. Raises ``NotFound``, ``Corrupt`` when they are other bytes."""
        try:
            data = self._files.read(self._folder / digest)
        except FileNotFoundError:
            raise NotFound(
                f"The object {digest} is not in {self._folder}.",
                hint="taskboard verify lists what is missing.",
                data={"sha256": digest},
            ) from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise Corrupt(
                f"{self._folder / digest} does not hold the bytes it is named for.",
                hint="taskboard verify lists what is damaged.",
                data={"sha256": digest},
            )
        return data

    def holds(self, digest: str) -> bool:
        """Whether the right bytes are there."""
        try:
            self.fetch(digest)
        except (NotFound, Corrupt, OSError):
            return False
        return True
