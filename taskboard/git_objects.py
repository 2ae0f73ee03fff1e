"""Asking git about the objects of a repository, and about nothing else in it. The only place that
starts git.

A repository is a program's input that anybody may have written: its configuration names programs
(hooks, pagers, monitors, filters), other files and other machines. None of that is read. Git is
started in an empty repository of our own that borrows the folder of objects; what else it would
believe (grafts, replaced objects, a cached graph, where history was cut off) is not there, or is
what was noted before the work began.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from taskboard.core.finding import Commit, Refs

_MAX_TEXT = 1 << 20
_MAX_ALLOCATED = 1 << 28
"""Bytes that git may ask for at once: a small file can unpack to any size."""
_BLOCK = 1 << 16
_CONFIG = """[core]
\trepositoryformatversion = {version}
\tbare = true
\tcommitGraph = false
\tmultiPackIndex = false
\tdisambiguate = commit
"""
_SHA256 = "[extensions]\n\tobjectFormat = sha256\n"


class Refused(Exception):
    """The commit is no evidence; the text is a clause that says why."""


def told(refs: Refs, word: str) -> set[str]:
    """What stands behind ``word`` in what was noted: ``borrows`` or ``shallow``."""
    return {line.removeprefix(word) for line in refs.lines if line.startswith(word)}


class BorrowedObjects:
    """An empty repository for a while, that has the objects of the one in ``common``. ``wide``:
    they are named by SHA-256."""

    def __init__(self, program: str, common: Path, noted: Refs, *, wide: bool) -> None:
        self._program, self._objects, self._wide = program, common / "objects", wide
        self._shallow = told(noted, "shallow ")
        self._heads = {line for line in noted.lines if " " not in line}
        self._made = ExitStack()
        self._folder = Path()
        self._environ: dict[str, str] = {}

    def __enter__(self) -> Self:
        from tempfile import TemporaryDirectory

        folder = self._made.enter_context(TemporaryDirectory(prefix="taskboard-git-"))
        self._folder = Path(folder)
        self._environ = {
            "PATH": os.defpath,
            "HOME": folder,
            "LC_ALL": "C",
            "GIT_OBJECT_DIRECTORY": os.path.realpath(self._objects),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_ALLOC_LIMIT": str(_MAX_ALLOCATED),
        }
        self._lay_out()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        self._made.close()

    def _lay_out(self) -> None:
        for name in ("objects", "refs"):
            (self._folder / name).mkdir()
        config = _CONFIG.format(version=int(self._wide)) + (_SHA256 if self._wide else "")
        (self._folder / "config").write_text(config)
        (self._folder / "HEAD").write_text("ref: refs/heads/none\n")
        if self._shallow:
            lines = "".join(f"{name}\n" for name in sorted(self._shallow))
            (self._folder / "shallow").write_text(lines)

    async def commit(self, name: str) -> Commit:
        """The commit of this name, whose text has the digest that it is called by."""
        said = await self._say("cat-file", "--batch-check", lines=[name])
        words = said.decode("ascii", "replace").split()
        if "ambiguous" in words:
            raise Refused("several objects of its repository are called so: give more digits")
        if len(words) != 3 or words[1] != "commit" or not words[0].startswith(name):
            raise Refused("its repository has no commit of this name")
        if int(words[2]) > _MAX_TEXT:
            raise Refused(f"its text is larger than {_MAX_TEXT} bytes")
        text = await self._say("cat-file", "commit", words[0], most=_MAX_TEXT)
        digest = hashlib.new("sha256" if self._wide else "sha1", usedforsecurity=False)
        digest.update(b"commit %d\0" % len(text) + text)
        if digest.hexdigest() != words[0]:
            raise Refused("the object of this name is damaged")
        return Commit(id=words[0], sha256=hashlib.sha256(text).hexdigest())

    async def require_new(self, commit: str) -> None:
        """Raise when what was noted leads to it. All of the history is gone through: the quick
        ways of git trust the dates that commits carry."""
        if commit in self._heads or await self._meets({commit}, self._heads):
            raise Refused("it was there already when the task was first claimed")
        # What lies before the end of a history that was cut off is not new, only fetched.
        if self._shallow and not await self._meets(self._heads, {commit}):
            raise Refused(
                "its history does not lead back to what was there when the task was"
                " first claimed, and that history is not whole (a shallow clone)"
            )

    async def _meets(self, wanted: set[str], start: set[str]) -> bool:
        """Whether one of the commits ``wanted`` is an ancestor of one of ``start``."""
        if not start or not wanted:
            return False
        seen = _Seen(wanted)
        code = await self._run(["rev-list", "--stdin"], sorted(start), seen.take)
        if code and not seen.found:
            raise Refused(
                "a part of the history that was there when the task was first claimed is gone, so"
                " that nobody can tell what is new"
            )
        return seen.found

    async def _say(
        self, *words: str, lines: list[str] | None = None, most: int = 1 << 12
    ) -> bytes:
        said = bytearray()

        def take(data: bytes) -> bool:
            said.extend(data)
            return len(said) > most

        code = await self._run(list(words), lines or [], take)
        if code:
            raise Refused("git cannot read its repository")
        return bytes(said)

    async def _run(self, words: list[str], lines: list[str], take: Callable[[bytes], bool]) -> int:
        """Run git until it ends or ``take`` has enough; its exit status, 0 when it was ended."""
        given = self._folder / "given"
        given.write_text("".join(f"{line}\n" for line in lines))
        with given.open("rb") as stdin:
            child = await asyncio.create_subprocess_exec(
                self._program,
                f"--git-dir={self._folder}",
                *words,
                stdin=stdin,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=self._folder,
                env=self._environ,
                start_new_session=True,
            )
        assert child.stdout is not None, "it was asked for"
        enough = False
        try:
            while not enough and (data := await child.stdout.read(_BLOCK)):
                enough = take(data)
            return 0 if enough else await child.wait()
        finally:
            if child.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                while await child.stdout.read(_BLOCK):
                    pass  # what it had said already
                await child.wait()


class _Seen:
    """Looks for names among lines that come in pieces."""

    def __init__(self, wanted: set[str]) -> None:
        self._wanted = {name.encode() for name in wanted}
        self._rest = b""
        self.found = False

    def take(self, data: bytes) -> bool:
        """Whether one of them has come."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.found = self.found or not self._wanted.isdisjoint(lines)
        return self.found
