"""``away``: at most 25 lines, whatever happened; the most important first."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.cli import away_text
from taskboard.cli.away_text import MOST, shares
from taskboard.cli.since import moment
from taskboard.cli.text import width_of
from taskboard.core.codec import decode
from taskboard.core.commit import apply, commit
from taskboard.core.event import Draft
from taskboard.core.event import EventType as E
from taskboard.core.fold import fold
from taskboard.core.task import World
from taskboard.core.units import stamp
from taskboard.errors import Usage

NOW = datetime.now(UTC)


class Past:
    """Goes on with a ledger as it would be after hours of work."""

    def __init__(self, board):
        self.board = board
        self.lines = (board.folder / "events.jsonl").read_bytes()
        self.world = fold(World(), map(decode, self.lines.splitlines(keepends=True)))
        self.when = NOW - timedelta(hours=9)

    def write(self, kind, task=None, to=None, *, run=None, agent=None, actor="daemon", **data):
        task_id = f"id-{task}" if task else None
        attempt = self.world.named(task).attempt + 1 if kind is E.CLAIMED else None
        draft = Draft(type=kind, task_id=task_id, task=task, to=to, run=run, agent=agent,
                      attempt=attempt, actor=actor, data=data)  # fmt: skip
        self.when += timedelta(milliseconds=1)
        sealed = commit(self.world, [draft], ts=stamp(self.when), device="d",
                        ids=[f"e{self.world.seq}"])  # fmt: skip
        apply(self.world, sealed)
        self.lines += b"".join(one.line for one in sealed)

    def task(self, name, *, title="Work", **fields):
        self.write(E.CREATED, name, "ready", actor="root-of-all", title=title, fields=fields)

    def run(self, name, kind=E.COMPLETED, to="done", **data):
        now = self.world.named(name)
        run = f"run-{name}-{now.attempt + 1}"
        self.write(E.CLAIMED, name, "running:shell-a4b:2026-11-20T12:00Z", run=run,
                   agent="shell-a4b", executor="shell")  # fmt: skip
        self.write(kind, name, to, run=run, agent="shell-a4b", **data)

    def close(self):
        (self.board.folder / "events.jsonl").write_bytes(self.lines)
        sections = (
            f"\n## {t.task} {t.title}\n- status: {t.status.text}\n"
            for t in self.world.tasks.values()
        )
        self.board.write("# Board\n" + "".join(sections))


@pytest.fixture
def past(board):
    return Past(board)


def told(board, *words):
    said = board("away", *words)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert len(lines) <= MOST, said.out
    return lines


def test_five_hundred_tasks_fit_on_a_screen_with_what_matters_first(past, board):
    for n in range(500):
        past.task(f"TASK-{n:03}", **({"priority": "critical"} if n == 77 else {}))
        tier = ("check", "exit", "output")[n % 3]
        past.run(f"TASK-{n:03}", tier=tier, verified=tier == "check", duration_s=3.0)
    for n in range(40):
        past.task(f"BAD-{n:03}")
        past.run(f"BAD-{n:03}", E.FAILED, "failed:final", reason="exit", error="no answer")
    for n in range(30):
        past.task(f"ASK-{n:03}", owner="ada")
        past.write(E.BLOCKED, f"ASK-{n:03}", "blocked:ada:look")
    past.write(E.DAEMON_STARTED)
    past.write(E.DAEMON_STARTED)
    past.close()
    lines = told(board, "--since", "12h")
    assert len(lines) == MOST
    text = "\n".join(lines)
    assert "500 done, 40 failed, 570 new" in text
    assert "Done: 167 verified, 167 ran, 166 asserted" in text
    titles = [line for line in lines if line and not line.startswith(" ")][2:]
    heads = [title.partition(":")[0] for title in titles]
    assert heads == ["Waits for you", "Failed", "Trouble", "Done"]
    assert re.search(r"Done:.*\n  TASK-077", text), "what has priority stands first"
    more = [int(n) for n in re.findall(r"and (\d+) more", text)]
    shown = {name: text.count(f"  {name}-") for name in ("ASK", "BAD", "TASK")}
    assert [m + s for m, s in zip(more, shown.values(), strict=True)] == [30, 40, 500]
    assert all(shown.values())


def test_in_json_nothing_is_left_out(past, board):
    for n in range(60):
        past.task(f"TASK-{n:03}")
        past.run(f"TASK-{n:03}", tier="exit", receipts=[{"tier": "exit", "ok": True}])
    past.close()
    found = board.ok("away", "--since", "12h")
    assert len(found["done"]) == 60
    assert set(found) == set(
        "schema_version kind since until left daemon held yours failed done running reclaimed "
        "holds runs created refused daemon_starts crashes undelivered repairs cost_usd".split()
    )
    assert set(found["done"][0]) == set(
        "task task_id title state reason tier verified receipts agent run runs duration_s "
        "cost_usd at".split()
    )
    assert set(found["done"][0]["receipts"][0]) == {
        "tier", "run", "ok", "verified", "detail", "sha256",
    }  # fmt: skip


def test_it_begins_where_one_left_and_says_with_what(past, board, monkeypatch):
    monkeypatch.setattr("taskboard.cli.away.login_name", lambda: "root-of-all")
    past.task("TASK-001")
    past.run("TASK-001", tier="exit")
    past.task("TASK-002", title="The last one")
    past.when += timedelta(hours=1)
    past.run("TASK-002", tier="exit")
    past.close()
    first, counts, *rest = told(board)
    assert re.match(r"Away for [89]h", first)
    assert "TASK-002 new, ready: The last one, by root-of-all" in first
    assert counts == "1 done"
    assert "TASK-001" not in "\n".join(rest)
    left = board.ok("away")["left"]
    assert left == {"type": "created", "task": "TASK-002"}


def test_since_leaves_out_what_was_before(past, board):
    past.task("TASK-001")
    past.task("TASK-002")
    past.run("TASK-001", tier="exit")
    past.when += timedelta(hours=2)
    past.run("TASK-002", tier="exit")
    past.close()
    assert [end["task"] for end in board.ok("away", "--since", "8h")["done"]] == ["TASK-002"]
    assert len(board.ok("away", "--since", "12h")["done"]) == 2


def test_who_has_not_been_away_hears_of_everything(board):
    board.ok("add", "Work", "--run", "true")
    board.ok("once")
    first, counts, *_ = told(board)
    assert first.startswith("You have not been away since the ledger began")
    assert counts == "1 done, 1 new"


def test_where_nothing_happened_it_says_so(board):
    assert told(board, "--since", "1s")[1] == "Nothing was done, nothing failed."


def test_what_failed_says_why_and_where_its_letter_is(board):
    board.ok("add", "Work", "--run", "echo no paper >&2; exit 3", "--field", "max-attempts=1")
    board("once")
    text = "\n".join(told(board))
    assert (
        "Failed: deadletter/ says how to go on\n  TASK-001  Work  exit status 3, no paper" in text
    )


def test_what_waits_says_what_it_asks_and_what_answers_it(board):
    board.ok("add", "Mine", "--status", "blocked:ada:sign")
    assert "TASK-001  Mine  blocked:ada:sign  taskboard done TASK-001" in "\n".join(told(board))


@given(st.lists(st.integers(1, 600), max_size=5), st.integers(20, 24))
def test_every_part_has_its_share_and_no_more_than_there_is_room(lengths, room):
    counts = shares(lengths, room)
    assert sum(counts) + 2 * len(lengths) <= room
    assert all(1 <= count <= length for count, length in zip(counts, lengths, strict=True))
    if sum(lengths) + 2 * len(lengths) <= room:
        assert counts == lengths


@pytest.mark.parametrize(
    ("text", "seconds"), [("8h", 8 * 3600), ("90s", 90), ("2d", 2 * 86400), ("1.5h", 5400)]
)
def test_since_takes_a_length_of_time(text, seconds):
    assert moment(text, NOW, "away") == NOW - timedelta(seconds=seconds)


def test_since_takes_times_days_and_hours():
    here = NOW.astimezone()
    assert moment("2026-04-20T15:25Z", NOW, "away") == datetime(2026, 4, 20, 15, 25, tzinfo=UTC)
    assert moment("2026-04-20", NOW, "away").astimezone().hour == 0
    assert moment("today", NOW, "away").astimezone().date() == here.date()
    assert moment("yesterday", NOW, "away").astimezone().date() == here.date() - timedelta(days=1)
    for text in ("00:00", "23:59", "12:30"):
        found = moment(text, NOW, "away")
        assert timedelta(0) <= NOW - found <= timedelta(hours=25)
        assert f"{found.astimezone():%H:%M}" == text


def test_what_lies_ahead_is_now():
    assert moment("2999-01-01", NOW, "stats") == NOW
    assert moment("2999-01-01T00:00Z", NOW, "stats") == NOW


@pytest.mark.parametrize("text", ["", "soon", "25:99", "2026-13-01", "9" * 30 + "d", "-3h"])
def test_since_refuses_what_is_no_time(text):
    with pytest.raises(Usage) as refused:
        moment(text, NOW, "away")
    assert "taskboard away --since 8h" in refused.value.hint


class Window(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("columns", [24, 40, 60, 72, 80, 120])
def test_no_line_is_wider_than_the_window(past, board, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    long = "A title that is far longer than any window " * 3
    for n in range(30):
        past.task(f"TASK-{n:03}", title=long)
        past.run(f"TASK-{n:03}", E.FAILED, "failed:final", reason="exit", error=long)
    past.task("ASK-001", title=long)
    past.write(E.BLOCKED, "ASK-001", "blocked:ada:answer", question=long)
    past.task("研究-001", title="研究" * 40)
    past.run("研究-001", tier="check", verified=True, cost_usd=0.5)
    past.task("TASK-999")
    past.run("TASK-999", E.RECLAIMED, "ready", cause="dead")
    past.write(E.EVIDENCE_BLOCKED, "TASK-999")
    for kind in (E.DAEMON_STARTED, E.DAEMON_STARTED, E.LEDGER_REPAIRED):
        past.write(kind)
    past.write(E.DELIVERY_FAILED, reason=long, channel="notify")
    past.close()
    window = Window()
    monkeypatch.setattr(away_text.Screen, "__init__", _on(window, away_text.Screen.__init__))
    board("away", "--since", "12h")
    lines = window.getvalue().splitlines()
    assert 10 < len(lines) <= MOST
    assert max(map(width_of, lines)) <= columns
    assert [line for line in lines if line.startswith("  and ")], "so much does not fit"
    answers = [line for line in lines if line.endswith("…  taskboard answer ASK-001 TEXT")]
    assert len(answers) == (columns >= 72), "whole or not at all"


def _on(window, make):
    return lambda self, stream=None: make(self, window)
