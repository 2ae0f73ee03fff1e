"""The system that starts services here."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from taskboard.disk import DiskFiles
from taskboard.service.contract import Runner, System, run_program
from taskboard.service.launchd import Launchd
from taskboard.service.systemd import Systemd
from taskboard.workspace import home


def find_system(
    environ: Mapping[str, str], platform: str = sys.platform, run: Runner = run_program
) -> System:
    """On macOS launchd, else systemd; each for the user of this environment."""
    user = home(environ)
    if platform == "darwin":
        return Launchd(user, os.geteuid(), DiskFiles(), run, threading.Event().wait)
    named = Path(environ.get("XDG_CONFIG_HOME", ""))
    folder = named if named.is_absolute() else user / ".config"
    return Systemd(folder / "systemd" / "user", DiskFiles(), run)
