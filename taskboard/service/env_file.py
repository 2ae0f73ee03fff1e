"""Keys for a service: a file of ``NAME=value`` lines that only its user may read.

launchd has no such thing, so the program reads it itself; systemd has, and reads the same file. So
only what both understand alike is accepted: anything else is refused with its line and never with
its text, for the text is a secret.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from shlex import quote

from taskboard.errors import BadSettings

LONGEST = 1 << 16
_BLANKS = " \t\r"
"""What systemd takes for nothing at the ends of a line: no other kind of space."""
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTES = "\"'"


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of the file; none when it is not there. Raises ``BadSettings`` for a file
    that others may read, or that is not as it should be."""
    data = _own_bytes(path)
    if data is None:
        return {}
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _wrong(path, 0, "it is not UTF-8 text") from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        entry = _entry(path, number, line.strip(_BLANKS))
        if entry is None:
            continue
        if entry[0] in found:
            raise _wrong(path, number, f"{entry[0]} is set twice")
        found[entry[0]] = entry[1]
    return found


def _own_bytes(path: Path) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _wrong(path, 0, f"it cannot be read: {error.strerror}") from None
    try:
        _require_own(path, os.fstat(descriptor))
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(LONGEST + 1)
    finally:
        os.close(descriptor)
    if len(data) > LONGEST:
        raise _wrong(path, 0, "it is larger than 64 KiB")
    return data


def _require_own(path: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise _wrong(path, 0, "it is no regular file")
    if facts.st_uid != os.geteuid():
        raise _wrong(path, 0, "it belongs to somebody else")
    if facts.st_mode & 0o077:
        raise BadSettings(
            f"{path}: others may read the keys in it (its mode is {facts.st_mode & 0o777:04o}).",
            hint=f"chmod 600 {quote(str(path))}",
            data={"path": str(path)},
        )


def _entry(path: Path, number: int, line: str) -> tuple[str, str] | None:
    if _CONTROL.search(line):
        raise _wrong(path, number, "a control character cannot be read safely")
    if not line or line[0] in "#;":
        if line.endswith("\\"):  # the next line would belong to it, for systemd
            raise _wrong(path, number, "a comment may not end with a backslash")
        return None
    name, equals, value = line.partition("=")
    if not equals:
        raise _wrong(path, number, "there is no `=`")
    if not _NAME.fullmatch(name):
        export = name.startswith("export ")
        why = "leave out `export`" if export else "a name is letters, digits and _ up to the `=`"
        raise _wrong(path, number, why)
    return name, _value(path, number, value)


def _value(path: Path, number: int, text: str) -> str:
    inner = text
    if text[:1] in _QUOTES and text[:1]:
        if len(text) < 2 or text[-1] != text[0]:
            raise _wrong(path, number, "the quote is not closed at the end of the line")
        inner = text[1:-1]
    elif text[:1].isspace():
        raise _wrong(path, number, "no blank may follow the `=`")
    elif " #" in text or "\t#" in text:
        raise _wrong(path, number, "a comment stands on a line of its own")
    if any(c in inner for c in _QUOTES) and (inner is text or text[0] in inner):
        raise _wrong(path, number, "a quote within a value goes in quotes of the other kind")
    if "\\" in inner:
        raise _wrong(path, number, "a backslash cannot be read safely")
    return inner


def _wrong(path: Path, number: int, why: str) -> BadSettings:
    place = f"{path}:{number}" if number else str(path)
    return BadSettings(
        f"{place}: {why}.",
        hint="A line is NAME=value, or begins with #. Keys are not shown here.",
        data={"path": str(path), "line": number or None},
    )
