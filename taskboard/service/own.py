"""Files in a folder that is not ours: written over and removed only where they are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from taskboard.errors import Held
from taskboard.files import Files
from taskboard.service.contract import MARK, Done


def require_own(files: Files, paths: Iterable[Path]) -> None:
    """Raise ``Held`` when somebody else's is in the way of one of them: before the first is
    written, so that no half of a service comes to be."""
    for path in paths:
        if _taken(files, path) and read_own(files, path) is None:
            raise _foreign(files, path)


def write_own(files: Files, path: Path, data: bytes, done: Done) -> bool:
    """Put the file there; False when it is there already, just so. Raises ``Held`` when
    somebody else's is in the way."""
    require_own(files, [path])
    if read_own(files, path) == data:
        return False
    files.make_folder(path.parent, 0o755)
    files.write(path, data, mode=0o644)
    done.files.append(path)
    return True


def remove_own(files: Files, path: Path, done: Done) -> None:
    """Take the file away, if there is one and it is ours."""
    if read_own(files, path) is not None:
        files.remove(path)
        done.files.append(path)


def read_own(files: Files, path: Path) -> bytes | None:
    """What stands in it; None unless it is a file of ours. A unit that is masked (a link to
    ``/dev/null``), a folder, a link to nowhere and what may not be read are somebody else's."""
    try:
        data = files.read(path)
    except OSError:
        return None
    return data if MARK.encode() in data else None


def _taken(files: Files, path: Path) -> bool:
    return files.stat(path, follow=False) is not None


def _foreign(files: Files, path: Path) -> Held:
    if _masked(files, path):
        return Held(
            f"{path} is masked, so nothing may start it.",
            hint=f"systemctl --user unmask {path.name}, then install again.",
            data={"path": str(path)},
        )
    return Held(
        f"{path} was not made by taskboard, so it is left as it is.",
        hint="Move it away, then install again.",
        data={"path": str(path)},
    )


def _masked(files: Files, path: Path) -> bool:
    """What ``systemctl mask`` makes of a unit: a link to ``/dev/null``."""
    try:
        found, null = files.stat(path), files.stat(Path("/dev/null"))
    except OSError:  # a link that leads round in a circle
        return False
    return found is not None and null is not None and found.identity == null.identity
