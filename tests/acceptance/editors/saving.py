"""Saves by real editors against the real loop at full speed, and the account of what became of
each: on the board once, in ``conflicts/``, refused by the editor, lost, or doubled.

Each save adds a line of its own, or (each fourth) also changes one line that all of them share.
A save counts as confirmed when the editor said so: its process ended with 0, nano printed
``Wrote``, vim's ``:write`` left no ``v:errmsg`` and an unmodified buffer.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import random
import re
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TEXT = (
    "# Week\n\n## TASK-001 One\n- status: ready\n\nText.\n\n"
    "## TASK-002 Two\n- status: todo\n\nMore.\nmark 0.\n"
)
_STALL = 60.0


@dataclass
class Account:
    """What became of the saves of one style."""

    style: str
    saved: list[int]
    refused: dict[str, int]
    lost: list[int]
    doubled: list[int]
    joined: int
    conflicts: int
    kept_aside: int
    """Saves that are only in ``conflicts/``."""
    swaps: int
    gaps: int
    """How often the loop came to a board that had been saved since it was read."""
    seconds: float

    def row(self):
        """What the soak prints of it."""
        refused = ", ".join(f"{why} {n}" for why, n in sorted(self.refused.items())) or "0"
        cells = (
            self.style, len(self.saved), refused, len(self.lost), len(self.doubled), self.joined,
            self.conflicts, self.kept_aside, self.swaps, self.gaps, f"{self.seconds:.0f}",
        )  # fmt: skip
        return "| " + " | ".join(map(str, cells)) + " |"


HEAD = (
    "| style | confirmed | refused by the editor | lost | doubled | joined late | conflicts kept"
    " | only in conflicts | swaps | met in the gap | seconds |\n" + "| --- " * 11 + "|"
)


class Desk:
    """A workspace whose board the loop writes at full speed, and the editor at it."""

    def __init__(self, folder, seed=0, how=()):
        self.folder = folder
        self.board = folder / "task-board.md"
        self.board.write_text(TEXT)
        self.dice = random.Random(seed)
        environ = {
            **os.environ,
            "TASKBOARD_TRUST": "1",
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        self.unmarked = set()
        self.loop = subprocess.Popen(
            [sys.executable, str(HERE / "busyloop.py"), str(folder), *how],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.loop.stdout.readline() == b"ready\n"

    def wait_for_a_swap(self):
        """Until the loop has put another file in the board's place, and a while that differs."""
        before = self.inode()
        end = time.monotonic() + _STALL
        while (now := self.inode()) is None or now == before:
            assert time.monotonic() < end, "the loop does not write any more"
            time.sleep(0.0005)
        time.sleep(self.dice.random() * 0.015)

    def inode(self):
        """Which file the board is; None while it is away."""
        try:
            return self.board.stat().st_ino
        except FileNotFoundError:
            return None

    def text(self):
        """The board as an editor opens it: whole, for half a save of its own is no text."""
        while True:
            with contextlib.suppress(FileNotFoundError):
                text = self.board.read_text()
                if "Text.\n" in text and "mark " in text:
                    return text

    def steer(self, word):
        """Let the loop go on (``1``) or rest (``0``)."""
        self.loop.stdin.write(word)
        self.loop.stdin.flush()

    def finish(self):
        """End the loop once it has joined everything; what it counted."""
        out, _ = self.loop.communicate(timeout=120)
        assert self.loop.returncode == 0
        return json.loads(out)


def edited(desk, n):
    """The text with save ``n``: its line at the end, or under the task that is being written.
    Where half of a save was read, the line of the mark may be cut or gone."""
    line, text = f"save {n}.\n", desk.text()
    if n % 4 == 3:
        text, found = re.subn(r"^mark \d+\.?", f"mark {n}.", text, flags=re.MULTILINE)
        if not found:
            desk.unmarked.add(n)
    if n % 2:
        return text.replace("Text.\n", f"Text.\n{line}", 1)
    return text + line


def _write(path, text, mode="wb"):
    with path.open(mode, buffering=0) as file:
        file.write(text.encode())


# Styles: save ``n``; True when it is confirmed, else the editor's reason.


def two_writes(desk, n):
    """Truncate, write one half, pause, write the other."""
    text = edited(desk, n).encode()
    with desk.board.open("wb", buffering=0) as file:
        file.write(text[: len(text) // 2])
        time.sleep(desk.dice.choice([0, 0, 0.001, 0.01, 0.03]))
        file.write(text[len(text) // 2 :])
    return True


def rename_over(desk, n):
    """A temporary file beside, renamed over the board."""
    spare = desk.board.with_name(".task-board.md.tmp.1234")
    _write(spare, edited(desk, n))
    spare.replace(desk.board)
    return True


def rename_away(desk, n):
    """The board becomes the backup, and is made anew."""
    text = edited(desk, n)
    desk.board.rename(desk.board.with_name("task-board.md~"))
    _write(desk.board, text)
    return True


def append(desk, n):
    """A second process adds a line with ``>>``."""
    return _call("sh", "-c", f"printf 'save {n}.\\n' >> '{desk.board}'")


def sed(desk, n):
    """``sed -i``, which writes a file beside and renames it."""
    mine = f"1,/^Text/s/^Text.*/&\\nsave {n}./" if n % 2 else f"$a\\save {n}."
    more = ["-e", f"s/^mark .*/mark {n}./"] if n % 4 == 3 else []
    return _call("sed", "-i", "-e", mine, *more, str(desk.board))


def _call(*words):
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=_STALL)
    return done.returncode == 0 or (done.stderr.strip() or "error")


class Nano:
    """nano in a terminal of its own. It is slow to write over a file that has changed (it asks,
    and is told yes): most of its saves meet the loop only from the moment of ``^S`` on."""

    KEEPS = 50
    """Each so many saves come from a buffer that was kept while the loop went on."""

    def __init__(self):
        self.process = None

    def __call__(self, desk, n):
        if n % self.KEEPS or not n:
            self.close()
            desk.wait_for_a_swap()
            desk.steer(b"0")
            self.open(desk)
        self.type(b"\x1b/save %d.\r" % n)  # M-/ is the end of the text
        self.hear(b"save %d." % n)
        if n % 8 == 1:
            desk.steer(b"1")
            time.sleep(desk.dice.random() * 0.012)
        self.type(b"\x13")
        desk.steer(b"1")
        said = self.hear(b"Wrote", b"hanged")
        if b"Wrote" not in said:
            self.type(b"y")
            said = self.hear(b"Wrote", b"rror")
        return b"Wrote" in said or "error"

    def open(self, desk):
        ours, its = pty.openpty()
        self.screen = ours
        self.process = subprocess.Popen(
            ["nano", "--ignorercfiles", "--quickblank", str(desk.board)],
            stdin=its,
            stdout=its,
            stderr=its,
            env={**os.environ, "TERM": "xterm", "LANG": "C", "LC_ALL": "C"},
            start_new_session=True,
        )
        os.close(its)
        self.hear(b"Read ")

    def close(self):
        if self.process is not None:
            self.type(b"\x18")
            with contextlib.suppress(OSError):  # its end of the terminal is closed
                while os.read(self.screen, 4096):
                    pass
            os.close(self.screen)
            assert self.process.wait(_STALL) == 0
            self.process = None

    def type(self, keys):
        os.write(self.screen, keys)

    def hear(self, *words):
        """What it shows, up to one of the words."""
        shown = b""
        end = time.monotonic() + _STALL
        while not any(word in shown for word in words):
            ready = select.select([self.screen], [], [], end - time.monotonic())[0]
            assert ready, f"nano says nothing more: {shown!r}"
            shown += os.read(self.screen, 4096)
        return shown


SINGLE = {
    "two-writes": lambda: two_writes,
    "rename-over": lambda: rename_over,
    "rename-away": lambda: rename_away,
    "append": lambda: append,
    "sed": lambda: sed,
    "nano": Nano,
}
VIM = ("vim-yes", "vim-no", "vim-auto")
"""vim by its setting ``backupcopy``."""
STYLES = (*VIM, *SINGLE)

VIM_SCRIPT = """
set nocompatible backupcopy={copy} swapfile nomore
autocmd FileChangedShell * let v:fcs_choice = ''
let g:good = 0
let g:n = 0
let g:note = ''
while g:good < {count} && g:n < 3 * {count}
  let g:tries = 0
  while g:n % 2 && g:note ==# get(readfile('{board}'), 4, '') && g:tries < 500
    sleep 1m
    let g:tries += 1
  endwhile
  let g:note = get(readfile('{board}'), 4, '')
  exe 'sleep ' .. (g:n * 7 % 16 + 1) .. 'm'
  if g:n % 3 != 2 || &modified
    silent! edit!
  endif
  if g:n % 4 == 3
    silent! exe '%s/^mark .*/mark ' .. g:n .. './'
  endif
  call append(g:n % 2 ? search('^Text\\.$', 'w') : line('$'), 'save ' .. g:n .. '.')
  let v:errmsg = ''
  let g:bad = ''
  try
    silent write!
  catch
    let g:bad = matchstr(v:exception, 'E\\d\\+')
  endtry
  if g:bad == '' && (v:errmsg != '' || &modified)
    let g:bad = 'unsaved'
  endif
  call writefile([g:n .. ' ' .. g:bad], '{report}', 'a')
  let g:good += g:bad == ''
  let g:n += 1
endwhile
qall!
"""


def run_style(style, folder, count, seed=0):
    """``count`` confirmed saves of one style against the loop, and the account of them."""
    folder.mkdir(parents=True, exist_ok=True)
    desk = Desk(folder, seed, ["--patient"] if style == "two-writes" else [])
    start = time.monotonic()
    try:
        saved, refused = (_vim if style in VIM else _single)(desk, style, count)
    finally:
        stats = desk.finish()
    return _account(desk, style, saved, refused, stats, time.monotonic() - start)


def _single(desk, style, count):
    save = SINGLE[style]()
    saved, refused = [], {}
    n = 0
    while len(saved) < count and n < 2 * count:
        if n % 2 == 0 and style != "nano":  # each second comes right after another
            desk.wait_for_a_swap()
        said = save(desk, n)
        if said is True:
            saved.append(n)
        else:
            refused[said] = refused.get(said, 0) + 1
        n += 1
    if isinstance(save, Nano):
        save.close()
    return saved, refused


def _vim(desk, style, count):
    """One vim makes all the saves; each third from a buffer that it did not read again."""
    script, report = desk.folder / "saves.vim", desk.folder / "report"
    copy = style.partition("-")[2]
    script.write_text(VIM_SCRIPT.format(copy=copy, count=count, report=report, board=desk.board))
    vim = ["vim", "-Nu", "NONE", "-i", "NONE", "-es", "-S", str(script), str(desk.board)]
    # It asks whether to write over a file that has changed.
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as yes:
        subprocess.run(vim, check=False, stdin=yes.stdout, timeout=count + _STALL)
        yes.terminate()
    saved, refused = [], {}
    for line in report.read_text().splitlines():
        n, _, said = line.partition(" ")
        if said:
            refused[said] = refused.get(said, 0) + 1
        else:
            saved.append(int(n))
    return saved, refused


def _account(desk, style, saved, refused, stats, seconds):
    text = desk.board.read_text()
    kept = [path.read_text() for path in sorted((desk.folder / ".taskboard/conflicts").glob("*"))]
    found = {n: len(re.findall(rf"^save {n}\.$", text, re.MULTILINE)) for n in saved}
    # Who reads half a save and adds to it adds to a cut line.
    aside = [n for n in saved if not found[n] and any(f"save {n}.\n" in k for k in [text, *kept])]
    marks = [n for n in saved if n % 4 == 3 and n not in desk.unmarked]
    if style in ("append", "nano"):
        marks = []
    told = {int(n) for t in [text, *kept] for n in re.findall(r"mark (\d+)\.", t)}
    lost = [n for n in saved if not found[n] and n not in aside]
    lost += [n for n in marks[-1:] if n not in told]
    doubled = [n for n in saved if found[n] > 1]
    doubled += [-1] * (len(re.findall(r"^mark ", text, re.MULTILINE)) - 1)
    return Account(
        style=style,
        saved=saved,
        refused=refused,
        lost=lost,
        doubled=doubled,
        joined=stats["late"],
        conflicts=len(kept),
        kept_aside=len(aside),
        swaps=stats["exchanges"],
        gaps=stats["gaps"],
        seconds=seconds,
    )
