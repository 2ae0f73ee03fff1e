from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.redact import Redactor
from taskboard.runlog import TAIL, BoundedLog, Transcript

LIMIT = 8192


def test_a_short_log_is_kept_whole(tmp_path):
    log = BoundedLog(tmp_path / "runs" / "a.log")
    log.write(b"one\n")
    log.write(b"two\n")
    assert (tmp_path / "runs" / "a.log").read_bytes() == b"one\ntwo\n"
    assert log.close() == hashlib.sha256(b"one\ntwo\n").hexdigest()


@given(st.lists(st.integers(1, 3 * LIMIT), min_size=1, max_size=12))
def test_a_long_log_keeps_its_beginning_and_its_end_and_counts_the_rest(tmp_path_factory, sizes):
    path = tmp_path_factory.mktemp("log") / "a.log"
    log = BoundedLog(path, LIMIT)
    text = b"".join(b"%07d\n" % n for n in range(sum(sizes) // 8 + 1))[: sum(sizes)]
    at = 0
    for size in sizes:
        log.write(text[at : at + size])
        at += size
        assert path.stat().st_size <= LIMIT
    log.close()
    kept = path.read_bytes()
    parts = re.split(rb"\n\[taskboard: (\d+) bytes left out\]\n", kept)
    if len(parts) == 1:
        assert kept == text
        return
    begin, left_out, end = parts
    assert len(begin) >= LIMIT // 4
    assert len(end) >= LIMIT // 4
    assert text.startswith(begin)
    assert text.endswith(end)
    assert len(begin) + int(left_out) + len(end) == len(text)


def test_a_long_log_is_cut_between_characters(tmp_path):
    log = BoundedLog(tmp_path / "a.log", LIMIT)
    log.write(b"x" + "漢字🎉ä".encode() * 5000)
    log.close()
    assert "漢" in (tmp_path / "a.log").read_text("utf-8", errors="strict")


def test_a_planted_link_is_not_followed(tmp_path):
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "a.log").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match=r"a\.log"):
        BoundedLog(tmp_path / "a.log")
    assert (tmp_path / "victim").read_text() == "precious"


def test_a_full_disk_stops_the_log_and_not_the_run(tmp_path):
    if not Path("/dev/full").exists():  # Linux has one
        return
    log = BoundedLog(tmp_path / "a.log")
    with Path("/dev/full").open("wb", buffering=0) as full:
        os.dup2(full.fileno(), log._file)
    log.write(b"lost")
    log.write(b"lost too")
    assert "No space left on device" in log.problem
    log.close()


def test_a_transcript_redacts_what_it_logs_shows_and_remembers(tmp_path):
    shown: list[str] = []
    transcript = Transcript(tmp_path / "a.log", Redactor(["topsecret-1"]), shown.append)
    for piece in (b"\x1b[31mthe topse", b"cret-1 \xff caf\xc3", b"\xa9\n"):
        transcript.feed(piece)
    recorded = transcript.finish()
    text = "\x1b[31mthe [redacted] \ufffd café\n"
    assert (tmp_path / "a.log").read_text() == text == "".join(shown)
    assert recorded.tail == "the [redacted] \ufffd café\n"
    assert recorded.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_the_tail_is_the_last_of_the_text_without_escapes(tmp_path):
    transcript = Transcript(tmp_path / "a.log", Redactor(), lambda _: None)
    for number in range(3000):
        transcript.feed(b"\x1b[1m%d\x1b[0m\n" % number)
    tail = transcript.finish().tail
    assert len(tail) == TAIL
    assert tail.endswith("2998\n2999\n")
