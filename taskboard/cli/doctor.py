"""``doctor``: whether everything here is fit to work. It looks and changes nothing."""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from taskboard import __version__
from taskboard.app import App
from taskboard.cli.call import Call
from taskboard.cli.fitness import examined
from taskboard.cli.look import Look, look
from taskboard.cli.service_fitness import service_told
from taskboard.cli.text import Screen, one_line, padded
from taskboard.core.task import World
from taskboard.errors import TaskboardError, next_step
from taskboard.exchange import exchange_names
from taskboard.loop.holder import holder
from taskboard.ownership import ownership

if TYPE_CHECKING:
    import typer

UNFIT = 1
_OLDEST = (3, 11)
_PACKAGES = ("anthropic", "filelock", "markdown-it-py", "msgspec", "typer", "watchdog")


class Finding(NamedTuple):
    """One thing that was looked at."""

    name: str
    ok: bool
    message: str
    hint: str = ""
    warn: bool = False
    """It is fit, and something is still to be looked at."""

    @classmethod
    def of(cls, name: str, error: TaskboardError) -> Finding:
        """What an error says about it."""
        return cls(name, False, error.message, error.hint)


def doctor(ctx: typer.Context) -> int:
    """Whether Python, this machine, the workspace and its ledger are fit. Exits 1 if not."""
    call = Call.of(ctx)
    found = [*_machine(), *_workspace(call)]
    document = {"ok": all(f.ok for f in found), "checks": [f._asdict() for f in found]}
    call.answer("doctor", document, lambda screen: _lines(screen, found))
    return 0 if document["ok"] else UNFIT


def _machine() -> Iterator[Finding]:
    fit = sys.version_info >= _OLDEST
    yield Finding(
        "python",
        fit,
        f"{platform.python_version()} on {platform.system()}",
        "" if fit else "taskboard needs Python 3.11 or newer.",
    )
    missing = [name for name in _PACKAGES if not _installed(name)]
    yield Finding(
        "packages",
        not missing,
        f"not installed: {', '.join(missing)}" if missing else f"taskboard {__version__}",
        "Install taskboard again; its packages come with it." if missing else "",
    )


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _workspace(call: Call) -> Iterator[Finding]:
    import asyncio

    try:
        app = call.open(writable=False)
    except TaskboardError as error:
        yield Finding.of("settings" if error.exit_code == 78 else "workspace", error)
        return
    root = app.workspace.root
    yield Finding("workspace", True, str(root))
    yield Finding("settings", True, _told_settings(app))
    yield _tried("ownership", lambda: _owned(app))
    yield _tried("trust", lambda: _trusted(app))
    yield _locks(root)
    yield _swaps(root)
    try:
        yield from asyncio.run(_inside(app))
    finally:
        app.ledger.close()


def _tried(name: str, look_at: Callable[[], Finding]) -> Finding:
    """What is found, or why it cannot be told."""
    try:
        return look_at()
    except (TaskboardError, OSError) as error:
        return _untold(name, error)


def _untold(name: str, error: TaskboardError | OSError) -> Finding:
    if isinstance(error, TaskboardError):
        return Finding.of(name, error)
    where = f"{error.filename}: " if error.filename else ""
    return Finding(name, False, f"{where}{error.strerror or error}.", next_step(error))


def _told_settings(app: App) -> str:
    given = sum(1 for s in app.configured.sources if s.source != "default")
    return f"{given} set, the rest by default"


def _owned(app: App) -> Finding:
    problems = ownership(app.workspace)
    if not problems:
        return Finding("ownership", True, "folder, board and ledger are yours alone")
    return Finding(
        "ownership",
        False,
        " ".join(p.message for p in problems),
        "\n".join(p.hint for p in problems),
    )


def _trusted(app: App) -> Finding:
    reason = app.ctx.untrusted()
    if reason is None:
        return Finding("trust", True, "commands of this board may run")
    return Finding("trust", False, reason.message, reason.hint)


def _locks(folder: Path) -> Finding:
    """``flock`` on the folder itself: a file system without locks would let two write at once."""
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        return Finding("locks", False, f"{folder}: {error.strerror}", next_step(error))
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pass  # somebody holds it, so there are locks
    except OSError as error:
        return Finding(
            "locks",
            False,
            f"flock does not work here: {error.strerror}",
            "Keep the workspace on a local disk.",
        )
    finally:
        os.close(fd)
    return Finding("locks", True, "flock works here")


def _swaps(folder: Path) -> Finding:
    """Whether the system knows the call: asked with names that do not exist."""
    try:
        known = exchange_names(folder / ".taskboard-no-a", folder / ".taskboard-no-b")
    except FileNotFoundError:
        known = True
    except OSError:
        known = False
    if not os.access(folder, os.W_OK | os.X_OK):
        why = OSError(errno.EROFS if _is_read_only(folder) else errno.EACCES, "")
        return Finding("write-back", False, f"nothing can be written in {folder}", next_step(why))
    how = "names are swapped atomically" if known else "by link, check and rename"
    return Finding("write-back", True, f"{how}; a save in the gap is kept either way")


def _is_read_only(folder: Path) -> bool:
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


async def _inside(app: App) -> list[Finding]:
    """What needs the ledger, and what is asked beside it: one that cannot be told is a finding,
    and hides none of the others."""
    found = await _both(app)
    found.append(_tried("daemon", lambda: _daemon(app)))
    others = [*service_told(app), *await examined(app)]
    found += [Finding(t.name, t.ok, t.message, t.hint, t.warn) for t in others]
    return found


async def _both(app: App) -> list[Finding]:
    """The ledger and the board."""
    try:
        world = await app.ledger.look()
        app.ledger.doubt()
    except (TaskboardError, OSError) as error:
        return [_untold("ledger", error)]
    try:
        seen = await look(app)
    except (TaskboardError, OSError) as error:
        return [Finding("ledger", True, _told_ledger(world)), _untold("board", error)]
    return [_ledger(seen), _board(seen)]


def _board(seen: Look) -> Finding:
    held = seen.sight.held if seen.doubt is None else None
    count = len(seen.sight.board.items) if seen.sight.board else 0
    told = ("TB405", "TB407", "TB408")  # beside this line
    grave = sum(1 for d in seen.diagnoses if d.severity == "error" and d.code not in told)
    tasks = "1 task" if count == 1 else f"{count} tasks"
    trouble = f", {grave} {'error' if grave == 1 else 'errors'}" if grave else ""
    return Finding(
        "board",
        held is None,
        held or f"{tasks}{trouble}",
        "\n".join(seen.ways_out) if held else "taskboard check" if grave else "",
        warn=grave > 0,
    )


def _ledger(seen: Look) -> Finding:
    if seen.doubt is not None:
        return Finding.of("ledger", seen.doubt)
    return Finding("ledger", True, _told_ledger(seen.world))


def _told_ledger(world: World) -> str:
    none = "none yet: the first command that changes something opens one"
    return f"{world.seq} events" if world.ledger_id else none


def _daemon(app: App) -> Finding:
    runs = holder(app.ctx)
    if runs is None:
        return Finding("daemon", True, "none runs here", "taskboard run")
    return Finding("daemon", True, f"process {runs.who.pid} since {runs.since[:16]}Z")


def _lines(screen: Screen, found: list[Finding]) -> Iterator[str]:
    width = max(len(f.name) for f in found)
    for finding in found:
        mark = _mark(screen, finding)
        yield f"{mark}  {padded(finding.name, width)}  {one_line(finding.message)}"
        if finding.hint and (finding.warn or not finding.ok):
            for line in finding.hint.split("\n"):
                yield f"      {' ' * width}  {one_line(line)}"


def _mark(screen: Screen, finding: Finding) -> str:
    if not finding.ok:
        return screen.paint("FAIL", "failed")
    return screen.paint("warn", "warning") if finding.warn else screen.paint("ok  ", "done")
