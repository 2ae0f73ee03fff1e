"""A secret on its way to a program: through a pipe with a name, read once by the program and by
nobody after it. It lies on no disk, so nothing of it stays behind when everything is killed."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

_READ = 'IFS= read -r it <{pipe} && rm -f -- {pipe} && printf %s "$it"'
_PIPED = "exec 4<&0; { " + _READ.format(pipe='"$0"') + '; } | { exec 3<&0 <&4 4<&-; exec "$@"; }'
DESCRIPTOR = 3
"""Where ``by_descriptor`` puts it."""


@contextlib.contextmanager
def handed_over(folder: Path, secret: str) -> Iterator[Path]:
    """A named pipe in ``folder``, which is made for it and removed with it, from which one line
    can be read: ``secret``. Raises ``ValueError`` for one that is no line, and ``OSError``."""
    if "\n" in secret or "\0" in secret:
        raise ValueError("a key has a line end in it")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    pipe = folder / "key"
    try:
        os.mkfifo(pipe, 0o600)
        # Both ends are ours, so that it can be written before anybody reads.
        end = os.open(pipe, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.write(end, secret.encode() + b"\n")
            yield pipe
        finally:
            os.close(end)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def by_command(pipe: Path) -> str:
    """A shell command that prints the secret, once."""
    return _READ.format(pipe=shlex.quote(str(pipe)))


def by_descriptor(pipe: Path, argv: Sequence[str]) -> tuple[str, ...]:
    """The command with the secret to be read from ``DESCRIPTOR``, once, to the end of file."""
    return ("/bin/sh", "-c", _PIPED, str(pipe), *argv)
