"""Every console block of every page is executed, in order, and its output compared.

One page is one session in a workspace of its own. A block with ``file=NAME`` writes that file,
``append=NAME`` adds to its end, ``diff file=NAME`` edits it, ``console`` runs its ``$`` lines.
What differs from run to run (ids, times, durations, digests) is compared by its shape; a line
``...`` stands for any lines, and ``...`` within a line for any text. A command whose answer holds
``^C`` is interrupted when it has said what stands before it. Blocks marked ``other`` are not run.

A block ``json keys-of=show,TASK-001`` is an example of what ``taskboard show TASK-001 --json``
answers: it has the same keys, at every depth.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import re
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from taskboard.cli import main

SHAPES = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z", "<time>"),
    (r"(?:\b\d{4}-\d\d-\d\d )?\b\d\d:\d\d:\d\d\b", "<time>"),
    (r"\b[0-9a-f]{12,64}\b", "<digest>"),
    (r"\bshell-[0-9a-f]{3}\b", "<agent>"),
    (r"\b\d+(?:\.\d+)?(?:ms|s|m)\b(?: ago)?", "<duration>"),
    (r"(\"(?:duration_s|latency_s)\":)[0-9.]+", r"\1<duration>"),
)
FREE = {"fields", "detail", "data"}
"""Objects whose keys are whatever there is."""
ALONE = {"once", "run"}
"""Commands that start processes or live on: they get a process of their own."""


class Session:
    """A person's terminal: a folder, an environment and the last exit status."""

    def __init__(self, home: Path) -> None:
        self.folder = self.start = home / "work"
        self.start.mkdir(mode=0o700)
        self.status = 0
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        self.environ = {
            "PATH": path,
            "HOME": str(home),
            "LOGNAME": "siyao",
            "USER": "siyao",
            "LANG": "C.UTF-8",
        }

    def type(self, line: str) -> str:
        """What one line answers, on both streams."""
        if line == "echo $?":
            said, self.status = f"{self.status}\n", 0
            return said
        assert self.status == 0, f"exit {self.status} before: {line}"
        if re.fullmatch(r"cd \S+", line):
            self.folder = (self.folder / line[3:]).resolve()
            return ""
        words = shlex.split(line)
        bare = re.sub(r"'[^']*'|\"[^\"$`]*\"", "", line)
        plain = words[0] == "taskboard" and not re.search(r"[|<>;&$`*~]", bare)
        if plain and ALONE.isdisjoint(words):
            return self._call(words[1:])
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        self.status = done.returncode
        return done.stdout

    def interrupt(self, line: str, told: str) -> str:
        """Start something that goes on, wait until it has said what stands before ``^C`` and
        interrupt it; what it said, with ``^C`` where that was."""
        before, _, _ = told.partition("^C\n")
        said = ""
        with subprocess.Popen(
            ["/bin/sh", "-c", f"exec {line}"],
            cwd=self.folder,
            env=self.environ | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            late = threading.Timer(60, process.kill)
            late.start()
            while not matches(shape(before, self), shape(said, self)):
                heard = process.stdout.readline()
                if not heard:
                    break
                said += heard
            process.send_signal(signal.SIGINT)
            said += f"^C\n{process.stdout.read()}"
            late.cancel()
        self.status = process.returncode
        return said

    def _call(self, words: list[str]) -> str:
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name in os.environ:
                patch.delenv(name)
            for name, value in self.environ.items():
                patch.setenv(name, value)
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                self.status = main(words)
        return said.getvalue()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def append(self, name: str, text: str) -> None:
        with (self.folder / name).open("a") as file:
            file.write(f"\n{text}")

    def edit(self, name: str, diff: str) -> None:
        """Replace the ``-`` lines of a diff, which stand together, by its ``+`` lines."""
        old, new = (
            "".join(f"{d[1:]}\n" for d in diff.splitlines() if d[0] in s) for s in ("- ", "+ ")
        )
        path = self.folder / name
        assert path.read_text().count(old) == 1, old
        path.write_text(path.read_text().replace(old, new))


def shape(text: str, session: Session) -> str:
    """Text without what differs from run to run."""
    text = text.replace(str(session.start), "~").replace(str(session.start.resolve()), "~")
    text = re.sub(rf"\b{re.escape(platform.node().partition('.')[0])}\b", "laptop", text)
    for pattern, name in SHAPES:
        text = re.sub(pattern, name, text)
    return "\n".join(re.sub(r" {2,}", "  ", line).rstrip() for line in text.splitlines())


def matches(told: str, said: str) -> bool:
    parts = []
    for line in told.splitlines():
        if line.strip() == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(re.escape(line).replace(r"\.\.\.", r"[^\n]*?") + r"\n")
    return re.fullmatch("".join(parts), said + "\n" if said else "") is not None


def keys(document: object, name: str = "") -> object:
    """The keys of a document at every depth; of a list, those of its first entry."""
    if isinstance(document, dict) and name not in FREE:
        return {key: keys(value, key) for key, value in document.items()}
    if isinstance(document, list) and document and isinstance(document[0], dict):
        return [keys(document[0])]
    return ...


def entries(text: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with what it is said to answer."""
    found = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(line, rest) for line, _, rest in (one.partition("\n") for one in found)]


def test_the_session_of_a_page_goes_as_it_says(page, blocks, tmp_path):
    session = Session(tmp_path)
    for block in blocks(page):
        name = block.options.get("file")
        if block.language == "diff" and name:
            session.edit(name, block.text)
        elif name:
            session.write(name, block.text)
        elif "append" in block.options:
            session.append(block.options["append"], block.text)
        elif "keys-of" in block.options:
            words = block.options["keys-of"].split(",")
            said = json.loads(session.type(shlex.join(["taskboard", *words, "--json"])))
            session.status = 0 if "error" not in said else session.status
            assert keys(said) == keys(json.loads(block.text)), f"{page.name}:{block.line}"
        elif block.language == "console" and "other" not in block.options:
            for line, told in entries(block.text):
                ask = (
                    session.interrupt if "^C" in told else lambda typed, _told: session.type(typed)
                )
                said = ask(line, told)
                good = matches(shape(told, session), shape(said, session))
                assert good, f"{page.name}:{block.line}: $ {line}\n{said}"
    assert session.status == 0


@pytest.mark.parametrize(
    ("told", "said", "good"),
    [
        ("a\nb", "a\nb", True),
        ("a\n...\nc", "a\nx\ny\nc", True),
        ("a\n...", "a", True),
        ("a ... b", "a x y b", True),
        ("a", "a\nb", False),
        ("", "b", False),
        ("", "", True),
    ],
)
def test_dots_stand_for_anything_and_nothing_else_does(told, said, good):
    assert matches(told, said) is good
