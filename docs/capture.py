"""Draws a terminal session as SVG, from a real one.

    python docs/capture.py docs/img/tour.svg -- 'taskboard once' 'taskboard status'

Runs the commands one after the other in a pseudo terminal, in a copy of the tour board, and
writes what the screen shows at the end: plain text elements, readable on light and dark pages.
Whatever a command writes over itself (progress) is gone, as it is on a screen.
"""
# ruff: noqa: INP001 - a script, no package

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = 108
_ESCAPE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b\][^\x07]*\x07|\x1b[()][A-Z0-9]")
_ADVANCE, _LINE, _MARGIN = 8.4, 20, 20
_STYLE = """
svg { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
rect { fill: #fbfbfa; stroke: #d5d5d0; }
text { fill: #24292f; white-space: pre; }
.b { font-weight: bold; }
.d { fill: #6a737d; }
.r { fill: #b3261e; }
.g { fill: #1a7f37; }
.y { fill: #8a5a00; }
.m { fill: #8250df; }
.c { fill: #0a6c8f; }
@media (prefers-color-scheme: dark) {
  rect { fill: #16181c; stroke: #3a3d42; }
  text { fill: #d7dae0; }
  .d { fill: #8b949e; }
  .r { fill: #ff8a80; }
  .g { fill: #6fd08c; }
  .y { fill: #e3b341; }
  .m { fill: #c9a6ff; }
  .c { fill: #6cc7e6; }
}
"""
_CODES = {"1": "b", "2": "d", "31": "r", "32": "g", "33": "y", "35": "m", "36": "c"}


class Cell(NamedTuple):
    """One place on the screen: its character and the classes of its style."""

    char: str = " "
    style: str = ""


class Terminal:
    """As much of a terminal as plain programs use: text, colours, moving up, erasing."""

    def __init__(self) -> None:
        self.rows: list[list[Cell]] = [[]]
        self._x = self._y = 0
        self._style: list[str] = []

    def feed(self, text: str) -> None:
        """Show a piece of output."""
        at = 0
        for found in _ESCAPE.finditer(text):
            self._print(text[at : found.start()])
            if found[2]:
                self._obey(found[2], found[1])
            at = found.end()
        self._print(text[at:])

    def _print(self, text: str) -> None:
        for char in text:
            if char == "\n":
                self._y += 1
            elif char == "\r":
                self._x = 0
            elif char == "\b":
                self._x = max(self._x - 1, 0)
            elif char.isprintable():
                self._put(char)
            while len(self.rows) <= self._y:
                self.rows.append([])

    def _put(self, char: str) -> None:
        if self._x >= COLUMNS:
            self._x, self._y = 0, self._y + 1
            self.rows.extend([] for _ in range(self._y + 1 - len(self.rows)))
        row = self.rows[self._y]
        row.extend(Cell() for _ in range(self._x + 1 - len(row)))
        row[self._x] = Cell(char, " ".join(self._style))
        self._x += 1

    def _obey(self, name: str, numbers: str) -> None:
        count = int(numbers) if numbers.isdigit() else 0
        if name == "m":
            for code in numbers.split(";"):
                self._style = self._styled(code)
        elif name in "AF":
            self._y = max(self._y - max(count, 1), 0)
            self._x = 0 if name == "F" else self._x
        elif name == "G":
            self._x = max(count, 1) - 1
        elif name == "K":
            del self.rows[self._y][0 if count == 2 else self._x :]
        elif name == "J":
            del self.rows[self._y][self._x :]
            del self.rows[self._y + 1 :]

    def _styled(self, code: str) -> list[str]:
        if code in ("", "0"):
            return []
        return [*self._style, _CODES[code]] if code in _CODES else self._style


def svg(rows: list[list[Cell]], title: str) -> str:
    """The screen as a picture."""
    while rows and not any(cell.char.strip() for cell in rows[-1]):
        rows = rows[:-1]
    width = 2 * _MARGIN + COLUMNS * _ADVANCE
    height = 2 * _MARGIN + len(rows) * _LINE
    lines = "\n".join(_line(number, row) for number, row in enumerate(rows) if row)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}"'
        f' viewBox="0 0 {width:.0f} {height}" role="img">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n"
        f'<rect x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1}" rx="6"/>\n'
        f"{lines}\n</svg>\n"
    )


def _line(number: int, row: list[Cell]) -> str:
    spans = "".join(_spans(row))
    y = _MARGIN + number * _LINE + 14
    return f'<text y="{y}" xml:space="preserve">{spans}</text>'


def _spans(row: list[Cell]) -> Iterator[str]:
    """Pieces of one style without wide gaps, each at its own column: no font can shift them."""
    at = 0
    for style, cells in groupby(row, key=lambda cell: cell.style):
        text = "".join(cell.char for cell in cells)
        mark = f' class="{style}"' if style else ""
        for piece in re.finditer(r"\S+(?: \S+)*", text):
            x = _MARGIN + (at + piece.start()) * _ADVANCE
            yield f'<tspan x="{x:.1f}"{mark}>{escape(piece[0])}</tspan>'
        at += len(text)


def record(command: str, folder: Path) -> str:
    """What a command writes to a terminal of its own."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    environ = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "TERM": "xterm-256color", "TASKBOARD_TRUST": "1", "XDG_STATE_HOME": str(folder / ".state"),
        "TASKBOARD_OWNER": "siyao",
    }  # fmt: skip
    process = subprocess.Popen(  # noqa: S602 - commands of whoever draws the picture
        command, shell=True, cwd=folder, env=environ, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    pieces = []
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux: the other end is closed
            break
        if not piece:
            break
        pieces.append(piece)
    process.wait()
    os.close(ours)
    return b"".join(pieces).decode("utf-8", "replace").replace(str(folder), "~/tour")


def main(arguments: list[str]) -> int:
    """Draw the session named on the command line."""
    if arguments[1:2] != ["--"] or len(arguments) < 3:
        print(__doc__)
        return 2
    screen = Terminal()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "tour"
        folder.mkdir(mode=0o700)
        shutil.copy(ROOT / "task-board.md", folder)
        for command in arguments[2:]:
            screen.feed(f"\x1b[2m$ \x1b[0m\x1b[1m{command}\x1b[0m\r\n")
            screen.feed(record(command, folder) + "\r\n")
    picture = svg(screen.rows, " ; ".join(arguments[2:]))
    Path(arguments[0]).write_text(picture, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
