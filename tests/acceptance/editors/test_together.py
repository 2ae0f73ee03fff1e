"""A daemon, commands, a formatter and a person at one board; then another daemon takes over."""

import os
import re
import signal
import subprocess
import sys
import time

SAVES = 24
BOARD = "# Week\n\nThoughts.\n" + "".join(
    f"\n## TASK-{n:03} Step {n}\n- status: todo\n" for n in range(1, 5)
)


class Town:
    """One workspace and the programs that work in it."""

    def __init__(self, folder):
        self.folder, self.board = folder, folder / "task-board.md"
        self.board.write_text(BOARD)
        self.environ = {
            **os.environ,
            "TASKBOARD_TRUST": "1",
            "TASKBOARD_DEBOUNCE": "0.2s",
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }

    def start(self, *words):
        return subprocess.Popen(
            [sys.executable, "-m", "taskboard", *words],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def daemon(self):
        """A daemon that has begun."""
        daemon = self.start("run")
        ledger = self.folder / "events.jsonl"
        wanted = f'"pid":{daemon.pid}'
        end = time.monotonic() + 30
        while not (ledger.exists() and wanted in ledger.read_text()):
            assert time.monotonic() < end
            assert daemon.poll() is None, daemon.stderr.read()
            time.sleep(0.02)
        return daemon

    def save(self, edit):
        """A person's editor: a temporary file renamed over the board."""
        spare = self.board.with_name("save.tmp")
        spare.write_text(edit(self.board.read_text()))
        spare.replace(self.board)

    def writes(self, quiet=3.0):
        """How often the board is still written, until it has been quiet for so long."""
        seen, since, count = self.identity(), time.monotonic(), 0
        while time.monotonic() - since < quiet:
            now = self.identity()
            if now != seen:
                seen, since, count = now, time.monotonic(), count + 1
                assert count < 20, "the board is written for ever"
            time.sleep(0.01)
        return count

    def identity(self):
        found = self.board.stat()
        return found.st_ino, found.st_mtime_ns


def tidy(text):
    """A formatter: stars for bullets, blank lines around headings."""
    text = re.sub(r"^- ", "* ", text, flags=re.MULTILINE)
    return re.sub(r"(^#.*)\n(?=[^\n])", r"\1\n\n", text, flags=re.MULTILINE)


def test_all_of_them_agree_and_nobody_writes_for_ever(tmp_path):
    town = Town(tmp_path)
    daemon = town.daemon()
    commands = []
    for n in range(SAVES):
        line = f"save {n}.\n"
        town.save(lambda text, line=line: tidy(text.replace("Thoughts.\n", f"Thoughts.\n{line}")))
        if n % 6 == 0:
            commands += [
                town.start("add", f"From command {n}"),
                town.start("block", f"TASK-{n // 6 + 1:03}", "ann", "call"),
            ]
        time.sleep(0.1)
    for command in commands:
        _, said = command.communicate(timeout=60)
        assert command.returncode == 0, said

    town.save(tidy)
    assert town.writes() <= 2
    daemon.send_signal(signal.SIGKILL)
    daemon.communicate(timeout=60)
    second = town.daemon()
    assert town.writes() <= 1
    text = town.board.read_text()
    second.send_signal(signal.SIGTERM)
    second.communicate(timeout=60)

    assert town.board.read_text() == text, "the end writes nothing that was not there"
    counts = {n: len(re.findall(rf"^save {n}\.$", text, re.MULTILINE)) for n in range(SAVES)}
    assert set(counts.values()) == {1}, counts
    assert [text.count(f"From command {n}\n") for n in range(0, SAVES, 6)] == [1] * 4
    assert text.count("status: blocked:ann:call") == 4, text
    assert not list(tmp_path.glob(".taskboard/conflicts/*"))
