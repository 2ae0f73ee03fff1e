"""Files that an agent's program is given or leaves, for nobody but this user to read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def write_file(path: Path, text: str) -> None:
    """Whole or not at all. Raises ``OSError``."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(temporary, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)


@contextlib.contextmanager
def lent(path: Path, text: str) -> Iterator[Path]:
    """A file that is there while the program runs. Raises ``OSError``."""
    write_file(path, text)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
