"""What a service sees of this machine, beside what the asking shell sees: programs and keys."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from taskboard.core.settings import Settings
from taskboard.errors import BadSettings
from taskboard.service.contract import Installed, System
from taskboard.service.env_file import read_env_file
from taskboard.service.plan import Plan, stop_seconds, wanted

_KEYS = (
    *("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"),
    *("CODEX_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
    *("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE"),
    *("https_proxy", "http_proxy", "all_proxy", "no_proxy"),
)
_SETTING = re.compile(r"TASKBOARD_(?!(?:BOARD|CORPUS|DEBUG|RUN|RUN_ID)$)\w+")


@dataclass(frozen=True, slots=True)
class Sight:
    """``programs``: where the service finds each, None where it does not. ``lost``: where the
    shell finds those that the service does not find, or finds elsewhere. ``names`` are the
    variables of the file of keys, ``trouble`` why it does not count; ``shell_only`` are names of
    variables that the shell has and the service has not. Values are in none of them."""

    path: str
    programs: Mapping[str, str | None]
    lost: Mapping[str, str]
    env_file: Path
    present: bool
    names: tuple[str, ...]
    trouble: BadSettings | None
    shell_only: tuple[str, ...]


def sight(
    given: Mapping[str, str], env_file: Path, settings: Settings, shell: Mapping[str, str]
) -> Sight:
    """Look as a service would that is ``given`` these variables and this file."""
    trouble, own = None, dict[str, str]()
    try:
        own = read_env_file(env_file)
    except BadSettings as error:
        trouble = error
    whole = {**given, **own}
    path = whole.get("PATH", "")
    programs = {name: shutil.which(name, path=path) for name in wanted(settings)}
    theirs = {name: shutil.which(name, path=shell.get("PATH", "")) for name in programs}
    told = [n for n in (*_KEYS, *settings.env, *_settings_in(shell)) if shell.get(n)]
    return Sight(
        path=path,
        programs=programs,
        lost={n: p for n, p in theirs.items() if p is not None and p != programs[n]},
        env_file=env_file,
        present=env_file.exists(),
        names=tuple(own),
        trouble=trouble,
        shell_only=tuple(dict.fromkeys(n for n in told if n not in whole)),
    )


def environ_of(home: Path, given: Mapping[str, str], env_file: Path) -> dict[str, str]:
    """The variables that the service's program works with. Raises ``BadSettings``."""
    return {"HOME": str(home), **given, **read_env_file(env_file)}


def drift(
    installed: Installed, system: System, home: Path, settings: Settings, python: Path
) -> list[str]:
    """Why what is installed is not what would be installed now, in words; empty when it is."""
    if not installed.board.exists() and not installed.board.parent.is_dir():
        return [f"its board {installed.board} is gone"]
    if not installed.python.exists():
        return [f"its Python {installed.python} is gone"]
    found = []
    if installed.python != python:
        found.append(f"it runs {installed.python}, and this is {python}")
    same = Plan(
        label=installed.label,
        board=installed.board,
        home=home,
        python=installed.python,
        environ=installed.environ,
        env_file=installed.env_file,
        logs=home / "Library" / "Logs" / "taskboard",
        stop=stop_seconds(settings),
    )
    if dict(system.files(same)) != dict(installed.files):
        found.append("its files were made by another version, for other settings, or were edited")
    return found


def _settings_in(shell: Mapping[str, str]) -> list[str]:
    return sorted(name for name in shell if _SETTING.fullmatch(name))
