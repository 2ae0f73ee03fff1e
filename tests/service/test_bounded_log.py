"""The log of a service: whole lines with their time, no secrets, and never beyond its bound."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

from taskboard.service.bounded_log import BoundedLog

NOW = datetime(2026, 11, 21, 3, 0, 1, tzinfo=UTC)


def log_at(path, **more):
    return BoundedLog(path, lambda: NOW, **more)


def test_every_line_has_its_time_and_waits_for_its_end(tmp_path):
    path = tmp_path / "logs" / "x.log"
    log = log_at(path)
    log.write("first\nsec")
    assert path.read_text() == "2026-11-21T03:00:01Z  first\n"
    log.write("ond\n")
    assert path.read_text().endswith("2026-11-21T03:00:01Z  second\n")
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_files_of_the_bound_are_all_there_ever_is(tmp_path):
    path = tmp_path / "x.log"
    log = log_at(path, limit=1000)
    for n in range(500):
        log.write(f"line {n}\n")
        assert all(p.stat().st_size <= 1000 for p in tmp_path.iterdir())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.log", "x.log.1"]
    kept = (tmp_path / "x.log.1").read_text() + path.read_text()
    numbers = [int(line.rpartition(" ")[2]) for line in kept.splitlines()]
    assert numbers == list(range(numbers[0], 500))


def test_what_was_there_before_counts(tmp_path):
    path = tmp_path / "x.log"
    path.write_text("old\n" * 250)
    log_at(path, limit=1000).write("new\n")
    assert path.read_text() == "2026-11-21T03:00:01Z  new\n"
    assert (tmp_path / "x.log.1").read_text() == "old\n" * 250


def test_nothing_in_it_acts_on_a_terminal_and_no_secret_is_in_it(tmp_path):
    path = tmp_path / "x.log"
    log = log_at(path, clean=lambda text: text.replace("sk-1", "[redacted]"))
    log.write("a\x1b[2Jb\rc sk-1 \ud800\n" + "long" * 5000 + "\n")
    first, second = path.read_text().splitlines()
    assert first.endswith("  ab c [redacted] \\ud800")
    assert len(second) < 9000


def test_a_disk_that_refuses_costs_lines_and_nothing_else(tmp_path):
    log = log_at(tmp_path / "x.log")
    os.close(log.fileno())
    assert log.write("lost\n") == 5


def test_everything_that_the_process_says_is_in_it(tmp_path):
    path = tmp_path / "x.log"
    code = (
        "import os, sys; from pathlib import Path\n"
        "from taskboard.service.bounded_log import open_log\n"
        "open_log(Path(sys.argv[1]))\n"
        "print('said'); os.write(1, b'raw\\n'); os.system('echo child >&2')\n"
        "print('key', os.environ['MY_KEY'])\n"
        "raise ValueError('last words ' + os.environ['MY_KEY'])\n"
    )
    environ = {**os.environ, "MY_KEY": "a-long-secret-value"}
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, check=False, env=environ
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
    text = path.read_text()
    assert all(word in text for word in ("said", "raw", "child", "ValueError: last words"))
    assert "a-long-secret-value" not in text


def test_after_a_change_of_files_what_libraries_say_goes_to_the_new_one(tmp_path):
    path = tmp_path / "x.log"
    code = (
        "import os, sys; from pathlib import Path\n"
        "from taskboard.service import bounded_log\n"
        "log = bounded_log.open_log(Path(sys.argv[1]))\n"
        "for n in range(200): print('x' * 8000)\n"
        "os.write(2, b'late\\n')\n"
    )
    subprocess.run([sys.executable, "-c", code, path], check=True)
    assert path.read_text().endswith("late\n")
    assert path.with_name("x.log.1").stat().st_size <= 1 << 20


def test_what_the_file_of_keys_holds_is_taken_out_of_the_log(tmp_path):
    keys = tmp_path / "env"
    keys.write_text("MY_API_KEY=nobody-may-read-this\n")
    keys.chmod(0o600)
    code = (
        "import os, sys\nfrom taskboard.cli.background import settle_in\n"
        "from taskboard.cli.call import Call\n"
        "settle_in(Call(), sys.argv[1], sys.argv[2]); print('key', os.environ['MY_API_KEY'])\n"
    )
    words = [sys.executable, "-c", code, keys, tmp_path / "x.log"]
    subprocess.run(words, check=True, env={"PATH": os.environ["PATH"]})
    assert (tmp_path / "x.log").read_text().endswith("key [redacted]\n")
