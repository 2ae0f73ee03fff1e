"""Files in a folder that is not ours: written over and removed only where they are."""

from __future__ import annotations

from pathlib import Path

from taskboard.errors import Held
from taskboard.files import Files
from taskboard.service.contract import MARK, Done


def write_own(files: Files, path: Path, data: bytes, done: Done) -> bool:
    """Put the file there; False when it is there already, just so. Raises ``Held`` when
    somebody else's is in the way."""
    there = _there(files, path)
    if there == data:
        return False
    if there is not None and MARK.encode() not in there:
        raise _foreign(path)
    files.make_folder(path.parent, 0o755)
    files.write(path, data, mode=0o644)
    done.files.append(path)
    return True


def remove_own(files: Files, path: Path, done: Done) -> None:
    """Take the file away, if there is one and it is ours."""
    there = _there(files, path)
    if there is not None and MARK.encode() in there:
        files.remove(path)
        done.files.append(path)


def _there(files: Files, path: Path) -> bytes | None:
    return files.read(path) if files.stat(path, follow=False) is not None else None


def _foreign(path: Path) -> Held:
    return Held(
        f"{path} was not made by taskboard, so it is left as it is.",
        hint="Move it away, then install again.",
        data={"path": str(path)},
    )
