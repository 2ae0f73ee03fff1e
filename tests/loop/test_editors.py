"""Write-back at full speed on a real disk, against every style in which editors save."""

import multiprocessing
import os
import shutil
import subprocess
from datetime import timedelta

import pytest

from taskboard.clock import SystemClock
from taskboard.disk import DiskFiles
from taskboard.loop.writeback import Base, Lost, WriteBack

SAVES = 200
TEXT = b"# Week\n\n## TASK-1 One\n- status: 0\n- agent: me\n\nText.\n"


AGES = 1.5
"""Seconds by which displaced files grow older with every save: else thousands gather."""


class AheadClock:
    """The machine's clock, ahead by as much as was said."""

    def __init__(self, ahead):
        self.real = SystemClock()
        self.ahead = ahead

    def now(self):
        return self.real.now() + timedelta(seconds=self.ahead.value)

    def boot(self):
        return self.real.boot() + self.ahead.value

    def awake(self):
        return self.real.awake() + self.ahead.value

    def uuid(self):
        return self.real.uuid()

    def random(self):
        return self.real.random()


class Signalling(DiskFiles):
    """Says when an exchange is about to happen and when one has: an editor that waits for that
    saves in the gap, or while the displaced file is still open."""

    def __init__(self, now):
        super().__init__()
        self.now = now
        self.exchanges = 0

    def exchange(self, a, b):
        self.now.release()
        os.sched_yield()
        done = super().exchange(a, b)
        self.exchanges += 1
        self.now.release()
        return done


class Writing:
    """Changes the status line as fast as it can, and joins what comes late."""

    def __init__(self, folder, now, ahead, swapping):
        self.files = Signalling(now)
        self.swapping = swapping
        self.board = folder / "task-board.md"
        self.clock = AheadClock(ahead)
        self.writeback = WriteBack(
            self.files, self.clock, board=self.board, state=folder / ".taskboard", boot="this one"
        )
        self.swaps = self.lost = self.late = 0

    def turn(self):
        try:
            seen = self.board.read_bytes()
        except FileNotFoundError:
            return
        lines = seen.split(b"\n")
        at = [i for i, line in enumerate(lines) if line.startswith(b"- status: ")]
        if len(at) == 1 and lines[at[0]][10:].isdigit():
            number = int(lines[at[0]][10:]) + 1
            lines[at[0]] = b"- status: %d" % number
            news = {"TASK-1": str(number)}  # what only says the same again may be put off
            self.swapping.value += 1
            outcome = self.writeback.put(seen, Base(data=b"\n".join(lines), statuses=news))
            self.swapping.value += 1
            self.swaps += 1
            if isinstance(outcome, Lost):
                self.lost += 1
        if self.swaps % 8 == 0:
            self.join_late()

    def join_late(self):
        late = self.writeback.linger()
        for save in late:
            self.writeback.absorb_late(save)
            self.late += 1
        return late

    def finish(self):
        for seconds in (10, 60, 60):
            self.clock.ahead.value += seconds
            while self.join_late():
                self.clock.ahead.value += 10


def write(folder, now, ahead, swapping, stop, told):
    """What the process of a ``Writer`` does."""
    writing = Writing(folder, now, ahead, swapping)
    while not stop.is_set():
        writing.turn()
    writing.finish()
    told.put((writing.files.exchanges, writing.swaps, writing.lost, writing.late))


class Writer:
    """A process of its own that writes the board, as the daemon is: in a thread it would stand
    still for as long as an editor's save takes, in the middle of an exchange."""

    def __init__(self, folder):
        spawn = multiprocessing.get_context("spawn")
        self.now, self.ahead = spawn.Semaphore(0), spawn.Value("d", 0.0)
        self.swapping = spawn.Value("q", 0)
        """Odd while it swaps."""
        self.stop, self.told = spawn.Event(), spawn.Queue()
        what = (folder, self.now, self.ahead, self.swapping, self.stop, self.told)
        self.process = spawn.Process(target=write, args=what, daemon=True)
        self.process.start()

    def finish(self):
        """Its exchanges, swaps, lost swaps and late saves."""
        self.stop.set()
        story = self.told.get(timeout=60)
        self.process.join()
        return story


def two_writes(board, text):
    with board.open("wb", buffering=0) as f:
        f.write(text[: len(text) // 2])
        f.write(text[len(text) // 2 :])


def rename_over(board, text):
    spare = board.with_name("save.tmp")
    spare.write_bytes(text)
    spare.replace(board)


def rename_away(board, text):
    board.rename(board.with_name("task-board.md~"))
    board.write_bytes(text)


def cut_at_the_end(board, text):
    fd = os.open(board, os.O_WRONLY)
    os.write(fd, text)
    os.ftruncate(fd, len(text))
    os.close(fd)


def append(board, text):
    with board.open("ab", buffering=0) as f:
        f.write(text)


def edit(board, style, n, swapping):
    """One confirmed save that adds a line of its own. Which swap was under way when the text was
    read and when the save was done: see ``within_one``."""
    token = b"save %d.\n" % n
    if style is append:
        style(board, token)
        return 0, 0
    while True:
        began = swapping.value
        try:
            text = board.read_bytes()
        except FileNotFoundError:
            continue
        if b"Text.\n" in text:
            break
    style(board, text + token)
    return began, swapping.value


def within_one(first, second):
    """Whether one save ended and the text of the next was read within one swap. What the first
    made of a text that the swap found half written is seen by nobody when the second writes over
    it at once: the one way to lose a save that is known, and it takes a program."""
    return first[1] == second[0] and first[1] % 2 == 1


@pytest.mark.parametrize(
    "style",
    [two_writes, rename_over, rename_away, cut_at_the_end, append],
    ids=lambda f: f.__name__,
)
def test_no_confirmed_save_is_lost_or_doubled_against_a_writer_at_full_speed(tmp_path, style):
    board = tmp_path / "task-board.md"
    board.write_bytes(TEXT)
    writer = Writer(tmp_path)
    swaps = []
    for n in range(SAVES):
        for _ in range(1 + n % 2):  # now before, now after an exchange; some it lets pass
            writer.now.acquire(timeout=0.5)
        swaps.append(edit(board, style, n, writer.swapping))
        writer.ahead.value += AGES  # no save is under way, however busy the machine is
    exchanges, *story = writer.finish()
    text = board.read_bytes()
    found = [text.count(b"save %d.\n" % n) for n in range(SAVES)]
    # The rare save that a reader of the instant in which it was off the board wrote over, is
    # in conflicts/.
    kept = b"".join(path.read_bytes() for path in (tmp_path / ".taskboard").glob("conflicts/*"))
    lost = [n for n in range(SAVES) if not found[n] and b"save %d.\n" % n not in kept]
    assert [n for n in lost if not within_one(*swaps[n : n + 2])] == [], story
    assert len(lost) <= 2, story
    assert max(found) == 1, story
    assert found.count(0) < SAVES / 4, story
    assert text.count(b"Text.\n") == 1
    assert exchanges > SAVES / 2, "the writer was not at full speed"
    assert list((tmp_path / ".taskboard" / "displaced").iterdir()) == []


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not installed here")
@pytest.mark.parametrize("backup", ["yes", "no", "auto"])
def test_vim_loses_no_save_that_it_confirmed(tmp_path, backup):
    board = tmp_path / "task-board.md"
    board.write_bytes(TEXT)
    script = tmp_path / "saves.vim"
    steps = [f"set backupcopy={backup} noswapfile autoread"]
    for n in range(150):
        steps += [
            "silent! edit!",
            f"call append(line('$'), 'save {n}.')",
            "let v:errmsg = ''",
            "silent! write!",
            f"if v:errmsg == '' | call writefile(['{n}'], '{tmp_path}/saved', 'a') | endif",
        ]
    script.write_text("\n".join([*steps, "qall!"]) + "\n")
    writer = Writer(tmp_path)
    vim = ["vim", "-Nu", "NONE", "-i", "NONE", "-es", "-S", str(script), str(board)]
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as yes:  # it may ask, and leaves at EOF
        subprocess.run(vim, check=False, stdin=yes.stdout, timeout=60)
        yes.terminate()
    story = writer.finish()
    saved = [int(line) for line in (tmp_path / "saved").read_text().split()]
    text = board.read_bytes()
    assert len(saved) > 10
    lost = [n for n in saved if b"save %d.\n" % n not in text]
    assert lost == [], (len(saved), story)
