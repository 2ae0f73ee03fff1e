"""Folders that a background program on macOS may not open without its user's consent."""

from __future__ import annotations

from pathlib import Path

_BENEATH_HOME = {
    "Documents": "Documents",
    "Desktop": "the Desktop",
    "Downloads": "Downloads",
    "Library/Mobile Documents": "iCloud Drive",
    "Library/CloudStorage": "CloudStorage",
}


def guarded_place(path: Path, home: Path) -> str | None:
    """What the guarded place is called that this path lies in, or None."""
    for folder, name in _BENEATH_HOME.items():
        if path.is_relative_to(home / folder):
            return name
    if path.is_relative_to("/Volumes"):
        return "another volume"
    return None
