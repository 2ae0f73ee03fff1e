"""``python -m taskboard``."""

from __future__ import annotations

from taskboard.cli import program

program()
