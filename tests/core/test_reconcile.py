"""Our own write is silence, whatever the board looks like and whatever has happened."""

from __future__ import annotations

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from taskboard.core.ids import Names
from taskboard.core.parse import parse
from taskboard.core.reconcile import Reading, reconcile
from taskboard.loop.absorb import recognised, shown_by
from tests.conftest import Desk

STATUSES = (
    "ready",
    "todo",
    "done",
    "wip",
    "blocked:siyao:brief",
    "blocked:task:TASK-001",
    "failed:cancelled",
    "blocked:until:2026-11-20T13:00Z",
    "READY",
    "`ready`",
)
RUNS = (
    "",
    "- run: ok\n",
    "- run: fail\n- max-attempts: 1\n",
    "- verify: fail\n",
    "- inputs: no\n",
)
PROSE = (
    "",
    "words\n",
    "```\n## TASK-009 not a task\n- status: ready\n```\n",
    "- [ ] box\n",
    "> quoted\n",
    "trailing  \n",
    "<!-- ## TASK-008\n- status: ready -->\n",
)


@st.composite
def sections(draw):
    name = draw(st.sampled_from(("TASK-001 One", "TASK-002 Two", "API-7 Other", "No id yet")))
    level = draw(st.sampled_from(("##", "###")))
    return (
        f"{level} {name}\n\n"[: draw(st.sampled_from((-1, None)))]
        + f"- status: {draw(st.sampled_from(STATUSES))}\n"
        + draw(st.sampled_from(RUNS))
        + "\n"
        + draw(st.sampled_from(PROSE))
        + "\n"
    )


@st.composite
def boards(draw):
    text = "# Board\n\n" + "".join(draw(st.lists(sections(), min_size=1, max_size=4)))
    text = text.replace("\n", draw(st.sampled_from(("\n", "\r\n"))))
    return text if draw(st.booleans()) else text.rstrip()


def asks(desk):
    """What the board asks of the ledger, as a fresh process would read it."""
    world = desk.play(desk.ctx.ledger.look())
    board = recognised(parse(desk.files.read(desk.workspace.board)), world)
    spare = tuple(desk.clock.uuid() for _ in board.items)
    reading = Reading(
        shown=shown_by(desk.ctx.writeback.base()), first=False, settling=False, new_ids=spare
    )
    return reconcile(board, world, reading)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(first=boards(), second=boards())
@example(
    first="# Board\r\n\r\n### No id yet\r\n- status: ready\r\n\r\n\r\n"
    "## No id yet\r\n- status: ready",
    second="# Board\r\n\r\n## TASK-001 One\r\n- status: ready\r\n\r\n\r\n"
    "### No id yet\r\n- status: todo",
)
def test_what_was_rendered_asks_for_nothing(first, second):
    desk = Desk()
    for text in (first, second):
        desk.save(text)
        desk.turn(start=True)
        assume(desk.memory.sight.held is None)
        asked = asks(desk)

        assert asked.drafts == ()
        assert asked.presence.back == asked.presence.kept == ()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=boards())
def test_a_second_turn_appends_nothing_and_writes_nothing(text):
    desk = Desk()
    desk.save(text)
    desk.once()
    before, board = desk.events(), desk.board
    desk.open()
    desk.once()

    assert desk.events() == before
    assert desk.board == board


@given(
    taken=st.lists(st.sampled_from(("TASK-001", "TASK-099", "API-7", "API-1000", "X-Y-3"))),
    count=st.integers(1, 20),
)
def test_an_id_is_never_given_twice_and_never_one_that_is_taken(taken, count):
    names = Names(taken)
    given_ids = [names.next() for _ in range(count)]

    assert len(set(given_ids) | set(taken)) == count + len(set(taken))


def test_the_next_id_follows_the_boards_commonest_prefix_above_every_number():
    assert Names(["API-7", "API-12", "TASK-900"]).next() == "API-13"
    assert Names(["TASK-0042"]).next() == "TASK-0043"
    assert Names([]).next() == "TASK-001"
