"""``stats``: figures and charts of a real board, piped and on a terminal."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.cli import stats as module
from taskboard.cli.chart import bar, spark
from taskboard.cli.text import Screen, width_of

SPREAD = {"p50", "p90", "p99"}
SUMS = set("tasks runs latency_s stale_resets interventions daemon_starts tokens cost_usd".split())


@pytest.fixture
def worked(board):
    """Two done, one failed and tried again by hand."""
    board.ok("add", "Good", "--run", "true")
    board.ok("add", "Better", "--run", "true", "--verify", "true")
    board.ok("add", "Bad", "--run", "exit 3", "--field", "max-attempts=1")
    board("once")
    board.ok("ready", "TASK-003")
    board("once")
    return board


def test_the_json_has_the_figures_and_the_same_for_every_part(worked):
    found = worked.ok("stats")
    head = {"schema_version", "kind", "since", "until", "series"}
    assert set(found) == head | SUMS
    assert found["kind"] == "stats"
    assert all(set(part) == {"since", "until"} | SUMS for part in found["series"])
    assert set(found["latency_s"]) == {"trigger", "queue", "run"}
    assert all(set(spread) == SPREAD for spread in found["latency_s"].values())
    assert {"count", "failed", "error_rate"} <= set(found["runs"])
    assert (found["runs"]["count"], found["runs"]["failed"]) == (4, 2)
    assert found["runs"]["error_rate"] == 0.5
    assert (found["tasks"]["done"], found["tasks"]["unattended"]) == (2, 2)
    assert found["tasks"]["verified"] == 1
    assert found["interventions"] == 1
    assert found["latency_s"]["trigger"] == dict.fromkeys(SPREAD)
    assert found["latency_s"]["run"]["p50"] is not None


def test_since_leaves_out_what_was_before(worked):
    assert worked.ok("stats", "--since", "0s")["tasks"]["done"] == 0
    assert worked.ok("stats", "--since", "1h")["tasks"]["done"] == 2


def test_a_ledger_that_is_not_there_yet_has_figures_of_nothing(desk):
    desk.write("# Board\n")
    assert desk.ok("stats")["series"] == []
    assert desk("stats").code == 0


def test_for_people_it_says_what_the_json_says(worked):
    text = worked("stats").out
    for line in (
        r"done +2 +50 % verified",
        r"unattended +2 +100 % of done",
        r"runs +4 +50 % failed",
        r"interventions +1 ",
        r"cost +\$0\.00",
        r"save noticed +- +- +-",
        r"run +\d+(ms|\.\ds) ",
    ):
        assert re.search(line, text), f"{line} in {text}"
    assert "\x1b" not in text


def test_over_time_there_is_a_line_for_each_measure_and_a_bar_for_each_part(worked):
    found = worked.ok("stats")
    # All of it as one part: an hour may have begun while it was made.
    part = {name: found[name] for name in found["series"][0]}
    empty = worked.ok("stats", "--since", "0s")["series"][0]
    days = [f"2026-11-{day}T00:00:00.000000Z" for day in (16, 17, 18, 19)]
    parts = (part, empty, part)
    found["series"] = [
        {**p, "since": one, "until": two}
        for p, (one, two) in zip(parts, pairwise(days), strict=True)
    ]
    lines = list(module._lines(Screen(io.StringIO()), found, datetime.now(UTC)))
    text = "\n".join(lines)
    assert "Over time, 1d each" in text
    assert re.search(r"done +█·█  at most 2", text)
    assert re.search(r"failed runs +█·█  at most 2", text)
    assert not re.search(r"cost +[█·]", text), "what is nothing is not drawn"
    bars = [line for line in lines if "2 done, 2 failed" in line]
    assert [bar.split()[0] for bar in bars] == ["2026-11-16", "2026-11-18"]


class Window(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("plain", [True, False])
def test_there_is_colour_only_where_somebody_looks_who_wants_it(worked, monkeypatch, plain):
    window = Window()
    make = Screen.__init__
    monkeypatch.setattr(Screen, "__init__", lambda self, stream=None: make(self, window))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if plain:
        monkeypatch.setenv("NO_COLOR", "1")
    worked("stats")
    assert "Figures" in window.getvalue()
    assert ("\x1b[" in window.getvalue()) is not plain


@pytest.mark.parametrize("columns", [40, 80])
def test_its_tables_are_no_wider_than_the_window(worked, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    found = worked.ok("stats")
    whole = {name: found[name] for name in found["series"][0]}
    days = [f"2026-11-{day}T00:00:00.000000Z" for day in (16, 17, 18)]
    found["series"] = [{**whole, "since": one, "until": two} for one, two in pairwise(days)]
    lines = "\n".join(module._lines(Screen(Window()), found, datetime.now(UTC))).splitlines()
    assert max(map(width_of, lines)) <= columns
    assert any("2 done, 2 failed" in line for line in lines)
    assert any(re.match(r"  in the queue  \d", line) for line in lines)


@given(st.lists(st.floats(0, 1e9, allow_nan=False), min_size=1, max_size=60))
def test_a_line_of_characters_has_one_for_each_value_in_order_of_size(values):
    drawn = spark(values)
    assert len(drawn) == len(values)
    heights = "·▁▂▃▄▅▆▇█"
    pairs = sorted(zip(values, drawn, strict=True))
    assert [heights.index(char) for _, char in pairs] == sorted(heights.index(c) for c in drawn)
    assert all((char == "·") == (value == 0) for value, char in pairs)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(1, 60))
def test_a_bar_is_as_long_as_its_share_and_something_is_never_nothing(value, more, width):
    drawn = bar(value, value + more, width)
    assert len(drawn) <= width
    assert (drawn == "") == (value == 0)
    if more == 0 and value > 0:
        assert drawn == "█" * width


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(None, "-"), (0.077, "77ms"), (1.25, "1.2s"), (72.4, "1m 12s"), (754.0, "12m")],
)
def test_a_latency_is_exact_where_it_is_short(seconds, told):
    assert module._length(seconds) == told
