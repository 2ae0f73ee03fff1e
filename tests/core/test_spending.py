"""What models have cost and still may: sums, limits, days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskboard.core.event import Event
from taskboard.core.fold import fold
from taskboard.core.settings import Settings
from taskboard.core.spending import limits, next_day, read_money, smallest, spent_on
from taskboard.core.task import World

DAY = "2026-11-20"
ORIGINS = ("board", "git", "agent")


def event(seq, kind, *, task=None, to=None, day=DAY, **data):
    return Event(
        v=1,
        seq=seq,
        ts=f"{day}T12:00:00.000Z",
        type=kind,
        task=task,
        from_=None,
        to=to,
        agent=None,
        run=None,
        attempt=None,
        spent=None,
        step=None,
        actor="daemon",
        device="desk",
        task_id=f"id-{task}" if task else None,
        id=f"e-{seq}",
        data=data,
        more=0,
        prev="",
        hash="",
    )


def world_of(*paid):
    """A world in which these were paid: (task or None, day, dollars)."""
    born = [
        event(n, "created", task=f"T{n}", to="ready", origin=origin)
        for n, origin in enumerate(ORIGINS)
    ]
    facts = [
        event(n, "decided", task=task, day=day, cost_usd=dollars)
        for n, (task, day, dollars) in enumerate(paid, len(born))
    ]
    return fold(World(), [*born, *facts])


payments = st.lists(
    st.tuples(
        st.sampled_from([None, "T0", "T1", "T2"]),
        st.sampled_from([DAY, "2026-11-21", "2027-01-01"]),
        st.none() | st.floats(0, 1000, allow_nan=False),
    ),
    max_size=30,
)


@given(payments)
def test_costs_by_day_and_origin_are_the_sums_of_the_events(paid):
    world = world_of(*paid)
    by_origin = {"T0": "board", "T1": "git", "T2": "agent", None: "decider"}

    def total(**wanted):
        return sum(
            dollars or 0.0
            for task, day, dollars in paid
            if wanted.get("day", day) == day
            and wanted.get("origin", by_origin[task]) == by_origin[task]
            and wanted.get("task", task) == task
        )

    for day in (DAY, "2026-11-21", "2027-01-01"):
        assert spent_on(world, day) == pytest.approx(total(day=day))
        for origin in (*ORIGINS, "decider"):
            assert spent_on(world, day, origin) == pytest.approx(total(day=day, origin=origin))
    for name in ("T0", "T1", "T2"):
        assert world.named(name).cost_usd == pytest.approx(total(task=name))


@given(payments, payments)
def test_folding_costs_in_two_parts_is_folding_them_at_once(one, other):
    whole = world_of(*one, *other)
    rest = [
        event(n, "decided", task=task, day=day, cost_usd=dollars)
        for n, (task, day, dollars) in enumerate(other, 3 + len(one))
    ]
    assert fold(world_of(*one), rest).costs == whole.costs


def test_a_day_without_costs_has_none():
    assert spent_on(World(), DAY) == 0
    assert spent_on(World(), DAY, "git") == 0


def limited(task_field="", **settings):
    world = world_of(("T1", DAY, 1.0), (None, DAY, 0.5), ("T1", "2026-11-19", 9.0))
    import msgspec

    task = msgspec.structs.replace(world.named("T1"), fields={"budget": task_field})
    return task, world, Settings(**settings)


def test_three_limits_are_told_in_words_with_what_is_spent_of_them():
    task, world, settings = limited(
        "$20", budget_usd_day=2.0, origins={"git": {"budget_usd_day": 1.25}}
    )
    found = {limit.what: limit for limit in limits(task, world, settings, DAY)}

    assert found["today"].left == 0.5
    assert found["today for tasks from git"].left == 0.25
    assert (found["for T1"].spent, found["for T1"].left) == (10.0, 10.0)
    assert [limit.day for limit in found.values()] == [True, True, False]
    assert smallest(task, world, settings, DAY).what == "today for tasks from git"


def test_where_nothing_is_limited_there_is_no_limit():
    task, world, settings = limited(origins={"agent": {"budget_usd_day": 0.0}})
    assert smallest(task, world, settings, DAY) is None


def test_what_is_overspent_leaves_nothing():
    task, world, settings = limited(budget_usd_day=0.1)
    assert smallest(task, world, settings, DAY).left == 0


@pytest.mark.parametrize(
    ("typed", "amount"),
    [("2", 2.0), ("2.50", 2.5), ("$2.50", 2.5), (" 2.5 USD ", 2.5), ("0", 0.0), ("$0", 0.0)],
)
def test_amounts_of_dollars_are_read(typed, amount):
    assert read_money(typed) == amount


@pytest.mark.parametrize("typed", ["", "two", "-1", "nan", "inf", "1e12", "2 EUR", "$"])
def test_what_is_no_amount_is_none(typed):
    assert read_money(typed) is None


@given(st.text(max_size=20))
def test_no_text_is_too_odd_to_be_read(typed):
    amount = read_money(typed)
    assert amount is None or 0 <= amount < 1e12


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001  made aware below
def test_the_next_day_begins_at_midnight_utc_after_now(moment):
    now = moment.replace(tzinfo=UTC)
    ends = next_day(now)

    assert timedelta(0) < ends - now <= timedelta(days=1)
    assert (ends.hour, ends.minute, ends.second, ends.microsecond) == (0, 0, 0, 0)
