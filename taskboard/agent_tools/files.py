"""The five tools for files: read, list, search, write, edit. Each takes what the model gave and
answers a text for it, or raises ``Fault``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from taskboard.agent_tools.fence import Fault
from taskboard.agent_tools.glob import fits
from taskboard.agent_tools.ground import MAX_FILE, Entry, Ground
from taskboard.core.redact import REDACTED

Stop = Callable[[], bool]
"""Whether a tool that looks at many files should give up."""

MAX_TEXT = 40_000
"""Characters that one answer may have."""

_LINES = 1000
_LONGEST_LINE = 2000
_LISTED = 500
_HITS = 100
_SEARCHED = 32 << 20
"""Bytes that one search reads."""


def read_file(ground: Ground, given: dict[str, Any]) -> str:
    """Numbered lines, from line ``offset`` (1 is the first), ``limit`` of them."""
    path = given["path"]
    lines = _text(ground.read(path), path).split("\n")
    if lines[-1] == "":
        lines.pop()
    first = max(given.get("offset") or 1, 1)
    most = max(min(given.get("limit") or _LINES, _LINES), 1)
    if first > max(len(lines), 1):
        raise Fault(f"{path} has {len(lines)} lines; there is no line {first}.")
    shown, room = [], MAX_TEXT
    for number, line in enumerate(lines[first - 1 : first - 1 + most], first):
        shown.append(f"{number:6}\t{_cut(line)}")
        room -= len(shown[-1]) + 1
        if room <= 0:
            break
    rest = len(lines) - (first - 1) - len(shown)
    if rest > 0:
        shown.append(f"[{rest} more lines; go on with offset {first + len(shown)}]")
    return "\n".join(shown) or "[The file is empty.]"


def list_files(ground: Ground, given: dict[str, Any], stop: Stop) -> str:
    """One line for each file, folder and link beneath ``path`` that fits ``pattern``."""
    pattern = given.get("pattern") or ""
    lines: list[str] = []
    for entry in _until(stop, ground.walk(given.get("path") or "")):
        if not fits(pattern, entry.path):
            continue
        if len(lines) == _LISTED:
            lines.append(f"[more than {_LISTED}: name a folder or a narrower pattern]")
            break
        lines.append(_listed(entry))
    return "\n".join(lines) or "[Nothing is there that fits.]"


def search(ground: Ground, given: dict[str, Any], stop: Stop) -> str:
    """``path:line: text`` for each line that holds ``pattern``, an exact text. It is no regular
    expression: one that a model or a hostile text chooses can take for ever."""
    wanted = given["pattern"]
    if not wanted or "\n" in wanted:
        raise Fault("pattern must be a text within one line.")
    lines: list[str] = []
    for hit in _hits(ground, given.get("path") or "", wanted, stop):
        if len(lines) == _HITS:
            lines.append(f"[more than {_HITS} lines: search for something narrower]")
            break
        lines.append(hit)
    return "\n".join(lines) or "[Not found.]"


def write_file(ground: Ground, given: dict[str, Any]) -> str:
    """The whole file, made or replaced."""
    path, content = given["path"], given["content"]
    if REDACTED in content:
        _refuse_redacted(ground, path)
    ground.write(path, _bytes(content))
    return f"Wrote {path}: {len(content)} characters."


def edit_file(ground: Ground, given: dict[str, Any]) -> str:
    """``old``, which must be there exactly once, becomes ``new``."""
    path, old, new = given["path"], given["old"], given["new"]
    if not old:
        raise Fault("old must not be empty; write_file makes a file.")
    text = _text(ground.read(path), path, exact=True)
    if "\r\n" in text and old not in text:  # as the file has its lines, not as models write them
        old, new = (part.replace("\r\n", "\n").replace("\n", "\r\n") for part in (old, new))
    count = _count(text, old)
    if count != 1:
        how = "is not there" if count == 0 else f"is there {count} times"
        raise Fault(f"old {how} in {path}; it must be there exactly once. Read the file again.")
    if REDACTED in new and REDACTED not in old:
        raise _redacted(path)
    ground.write(path, _bytes(text.replace(old, new)))
    return f"Edited {path}."


def _listed(entry: Entry) -> str:
    marks = {"folder": "/", "link": " (a link, not followed)", "other": " (no regular file)"}
    size = f"  {entry.size} bytes" if entry.kind == "file" else ""
    return f"{entry.path}{marks.get(entry.kind, '')}{size}"


def _hits(ground: Ground, path: str, wanted: str, stop: Stop) -> Iterator[str]:
    left = _SEARCHED
    for entry in _until(stop, _files(ground, path)):
        if entry.size > MAX_FILE:
            continue
        left -= entry.size  # read it is, whatever it turns out to be
        try:
            text = _text(ground.read(entry.path), entry.path)
        except Fault:
            text = ""  # binary, or gone meanwhile
        if wanted in text:
            for number, line in enumerate(text.split("\n"), 1):
                if wanted in line:
                    yield f"{entry.path}:{number}: {_around(line, wanted)}"
        if left <= 0:
            yield "[The search ends here: too much to read. Name a folder.]"
            return


def _until(stop: Stop, entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries, until nobody wants them any more."""
    for entry in entries:
        if stop():
            raise Fault("The run is over.")
        yield entry


def _files(ground: Ground, path: str) -> Iterator[Entry]:
    try:
        data = ground.read(path) if path else None
    except Fault:
        data = None  # a folder, then; the walk says what is wrong otherwise
    if data is not None:
        yield Entry(path, "file", len(data))
        return
    yield from (entry for entry in ground.walk(path) if entry.kind == "file")


def _around(line: str, wanted: str) -> str:
    at = line.find(wanted)
    start = max(0, at - 100)
    return line[start : at + len(wanted) + 200].strip()


def _text(data: bytes, path: str, *, exact: bool = False) -> str:
    if b"\0" in data[:8192]:
        raise Fault(f"{path} is binary.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        if exact:
            raise Fault(f"{path} is not UTF-8, so it cannot be edited.") from error
        return data.decode(errors="replace")


def _bytes(content: str) -> bytes:
    try:
        return content.encode()
    except UnicodeEncodeError as error:
        raise Fault("The text has characters that no file can hold.") from error


def _count(text: str, part: str) -> int:
    """Overlapping ones too: each would be another place to put it."""
    count, at = 0, text.find(part)
    while at >= 0 and count < 100:
        count, at = count + 1, text.find(part, at + 1)
    return count


def _cut(line: str) -> str:
    if len(line) <= _LONGEST_LINE:
        return line
    return f"{line[:_LONGEST_LINE]} [... {len(line) - _LONGEST_LINE} characters more]"


def _refuse_redacted(ground: Ground, path: str) -> None:
    """What the model was shown may not be what is in the file: it must not go back."""
    try:
        known = REDACTED.encode() in ground.read(path)
    except Fault:
        known = False
    if not known:
        raise _redacted(path)


def _redacted(path: str) -> Fault:
    return Fault(
        f"The text for {path} has {REDACTED} in it, which stands for a secret you were not shown."
        " Change the file around it with edit_file."
    )
