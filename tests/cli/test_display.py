"""What somebody sees who watches: lines that stay, and live lines redrawn in their place."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading


def watched(folder, *words: str) -> tuple[int, str]:
    """Run a command on a terminal of its own and collect all that it wrote there."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "70", "LINES": "24"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "taskboard", *words],
        cwd=folder,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    text = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # on Linux the other end's closing
            break
        if not piece:
            break
        text += piece
    os.close(ours)
    return process.wait(), text.decode().replace("\r\n", "\n")


def shown(text: str) -> list[str]:
    """The lines that stand on the screen at the end: redrawing goes up and clears downward."""
    lines: list[str] = []
    for number, part in enumerate(text.split("\x1b[")):
        rest = part
        if number and part[:1].isdigit() and part.lstrip("0123456789").startswith("F"):
            count, _, rest = part.partition("F")
            del lines[len(lines) - int(count) :]
        elif number and part.startswith("J"):
            rest = part[1:]
        elif number:
            rest = part.partition("m")[2]
        pieces = rest.split("\n")
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += pieces.pop(0)
            if pieces:
                lines[-1] += "\n"
        lines += [f"{p}\n" for p in pieces[:-1]]
        if pieces and pieces[-1]:
            lines.append(pieces[-1])
    return [line.rstrip("\n") for line in lines]


def test_a_running_task_has_a_live_line_that_is_gone_at_the_end(board):
    board.ok("add", "Slow work", "--run", "echo first step; sleep 2.5")
    code, text = watched(board.folder, "once")
    assert code == 0
    assert "TASK-001@1  Slow work" in text
    assert "first step" in text
    assert "\x1b[1F\x1b[J" in text
    lines = shown(text)
    assert not [line for line in lines if "first step" in line]
    assert lines[-1].startswith("Started 1: 1 done")


def test_states_are_coloured_on_a_terminal_and_lines_fit_it(board):
    board.ok("add", "A title that is much longer than the terminal is wide, by far " * 3)
    code, text = watched(board.folder, "list")
    assert code == 0
    assert "\x1b[1mready\x1b[0m" in text
    assert all(len(line) <= 70 for line in shown(text))


def test_a_live_line_has_the_id_that_its_task_has_now(board):
    board.ok("add", "Slow work", "--run", "sleep 4")

    def rename() -> None:
        pause = threading.Event()
        while "running:" not in (text := board.board.read_text()):
            pause.wait(0.05)
        board.write(text.replace("TASK-001", "WORK-007"))

    editor = threading.Thread(target=rename)
    editor.start()
    code, text = watched(board.folder, "once")
    editor.join()
    assert code == 0
    assert "TASK-001  started by" in text
    assert "  WORK-007@1  Slow work" in text
