"""A program that rewrites the board after every save, ours included: it comes to an end.

The daemon runs on virtual time. A rewriter is called by each change of the file, as a tool that
watches the folder is; it never rewrites its own text again unless it changes it.
"""

from __future__ import annotations

import asyncio
import re

import pytest

from taskboard.loop import command, people
from taskboard.loop.context import Memory
from taskboard.loop.daemon import Daemon
from taskboard.loop.find import find_task
from taskboard.testing.files import SimFiles

BOARD = """\
# Week

## TASK-001 First

- status: ready
- run: fail; fail
- max-attempts: 1

Some words, and a table:

|a|b|
|-|-|
|one|2|

## TASK-002 Second

- status: todo

* a point
* another
"""


class Hints:
    """Changes of the disk, told as soon as they happen."""

    def __init__(self):
        self.tell = lambda name: None

    def start(self, folder, names, tell):
        self.tell = tell

    def stop(self):
        pass


class Rewriter:
    """Looks at the board each half second and rewrites what another program saved."""

    def __init__(self, desk, rewrite):
        self.desk, self.rewrite = desk, rewrite
        self.files = SimFiles(desk.files.disk)
        self.mine = b""
        self.board_writes = []
        self.saves = 0

    async def watch(self, hints):
        while True:
            await asyncio.sleep(0.5)
            text = self.files.read(self.desk.workspace.board)
            if text == self.mine:
                continue
            self.board_writes.append(self.desk.clock.awake())
            self.mine = self.rewrite(text.decode()).encode()
            if self.mine != text:
                self.saves += 1
                self.files.write(self.desk.workspace.board, self.mine)
            hints.tell("task-board.md")


def play(desk, rewrite, seconds=120.0, scene=None, board=BOARD):
    """A daemon, a rewriter and perhaps a person for so long; the rewriter's account."""
    desk.save(board)
    hints, rewriter = Hints(), Rewriter(desk, rewrite)
    daemon = Daemon(desk.ctx, desk.memory, hints)

    async def all_of_them():
        running = asyncio.create_task(daemon.run())
        watching = asyncio.create_task(rewriter.watch(hints))
        await asyncio.sleep(5)
        if scene is not None:
            await scene(rewriter, hints)
        await asyncio.sleep(seconds)
        watching.cancel()
        daemon.stop()
        await running

    desk.play(all_of_them())
    return rewriter


def tidy(text):
    """A fixed point in one pass: blank lines, bullets, table cells, one last newline."""
    text = re.sub(r"^[*+] ", "- ", text, flags=re.MULTILINE)
    text = re.sub(r"(?<=[^\s|])\|(?=[^\s|])", " | ", text)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


FIXED = {
    "tidy": tidy,
    "stars": lambda text: re.sub(r"^- ", "* ", text, flags=re.MULTILINE),
    "bold keys": lambda text: re.sub(r"^- (note|result):", r"- **\1:**", text, flags=re.MULTILINE),
    "indent": lambda text: re.sub(r"^- ", "  - ", text, flags=re.MULTILINE),
    "loose": lambda text: re.sub(r"\n+- (?=result|note)", "\n\n- ", text),
    "quotes": lambda text: text.replace("`", "\u2019").replace("(", "\\(").replace("\\\\", "\\"),
    "crlf": lambda text: text.replace("\r", "").replace("\n", "\r\n"),
}


@pytest.mark.parametrize("rewrite", FIXED.values(), ids=FIXED)
def test_a_formatter_with_a_fixed_point_and_the_daemon_agree(desk, rewrite):
    rewriter = play(desk, rewrite)

    assert desk.state("TASK-001") == "failed:exhausted_retries"
    assert desk.board.count("attempt 1 of 1") == 1
    assert desk.board == rewrite(desk.board)
    assert len(rewriter.board_writes) <= 5
    settled = [at for at in rewriter.board_writes if at > rewriter.board_writes[0] + 20]
    assert settled == []


def test_a_formatter_that_changes_its_mind_each_time_ends_too(desk):
    """Not idempotent: each pass adds a blank line. Nothing of it is ours to correct."""
    rewriter = play(desk, lambda text: text.replace("\n## TASK-002", "\n\n## TASK-002"))

    assert desk.board.count("attempt 1 of 1") == 1
    assert len(rewriter.board_writes) <= 5


def unkind(text):
    """Changes the words of our lines: they are the person's then."""
    return text.replace("failed (exit", "FAILURE (code")


def test_a_program_that_changes_the_words_of_our_lines_is_not_answered_for_ever(desk):
    rewriter = play(desk, unkind, seconds=7200.0)

    assert desk.board.count("attempt 1 of 1") <= 16
    assert len(rewriter.board_writes) <= 16


def eats(text):
    return re.sub(r"^- (result|note):.*\n", "", text, flags=re.MULTILINE)


def test_a_program_that_takes_our_lines_off_is_not_answered_for_ever(desk):
    rewriter = play(desk, eats, seconds=7200.0)

    assert len(rewriter.board_writes) <= 16
    gaps = [b - a for a, b in zip(rewriter.board_writes, rewriter.board_writes[1:], strict=False)]
    assert gaps[-1] > 1000, gaps


def test_news_is_written_at_once_though_a_program_takes_our_lines_off(desk):
    seen = []

    async def scene(rewriter, hints):
        await asyncio.sleep(1800)
        memory = Memory()
        await command.begin(desk.ctx, memory)
        task = await find_task(desk.ctx, "TASK-002")
        at = desk.clock.awake()
        await people.say_block(desk.ctx, task, "ann", "call", "command:ann")
        hints.tell("events.jsonl")
        await asyncio.sleep(4)
        seen.append(rewriter.board_writes[-1] - at)

    play(desk, eats, seconds=5, scene=scene)

    assert "blocked:ann:call" in desk.board
    assert 0 <= seen[0] <= 4


def test_a_board_put_back_after_a_while_is_mended_at_once(desk):
    """An old buffer is no answer to our write: its save waits for nothing."""
    old = []
    mended = []

    async def scene(rewriter, hints):
        old.append(eats(desk.board))
        for _ in range(6):
            await asyncio.sleep(40)
            SimFiles(desk.files.disk).write(desk.workspace.board, old[0].encode())
            hints.tell("task-board.md")
            await asyncio.sleep(5)
            mended.append("- result:" in desk.board)

    play(desk, lambda text: text, seconds=5, scene=scene)

    assert mended == [True] * 6


def test_an_old_buffer_that_brings_back_lines_of_before_makes_no_more_of_them(desk):
    """A person keeps the board open while notes come and go, and saves that buffer."""

    async def scene(rewriter, hints):
        old = ""
        for n in range(6):
            memory = Memory()
            await command.begin(desk.ctx, memory)
            task = await find_task(desk.ctx, "TASK-001")
            await people.say_ready(desk.ctx, task, "command:ann")
            await command.end(desk.ctx, memory)
            hints.tell("events.jsonl")
            await asyncio.sleep(20)
            if n == 1:
                old = desk.board.replace("Some words", "My words")
            if n > 1:
                SimFiles(desk.files.disk).write(desk.workspace.board, old.encode())
                hints.tell("task-board.md")
                await asyncio.sleep(20)

    play(desk, lambda text: text, seconds=5, scene=scene)

    assert "My words" in desk.board
    assert desk.board.count("- result:") == 1
