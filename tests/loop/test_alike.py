"""What is typed and what is commanded are one table: the same verb over the same state leads to
the same state, the same event or the same refusal."""

from __future__ import annotations

import contextlib

import pytest

from taskboard.errors import Refused
from taskboard.loop import people
from tests.conftest import Desk

BOARD = "# B\n\n## TASK-001 One\n- status: {}\n\nwords\n"

STATES = ("todo", "ready", "blocked:ada:brief", "done", "failed:cancelled", "strange")
VERBS = {
    "ready": ("ready", lambda ctx, task: people.say_ready(ctx, task, "ann")),
    "block": (
        "blocked:bob:call",
        lambda ctx, task: people.say_block(ctx, task, "bob", "call", "ann"),
    ),
    "cancel": ("failed:cancelled", lambda ctx, task: people.say_cancel(ctx, task, "ann")),
    "done": ("done", lambda ctx, task: people.say_done(ctx, task, "ann")),
}


def board_in(state):
    desk = Desk()
    desk.save(BOARD.format(state))
    desk.turn(start=True)
    return desk, len(desk.facts())


def result(desk, before):
    """The state, and what was recorded about the task besides notes and texts."""
    said = [e.type for e in desk.facts()[before:] if e.task]
    return desk.state("TASK-001"), [t for t in said if t not in ("edited", "anomaly_flagged")]


def typed(state, word):
    desk, before = board_in(state)
    desk.save(desk.board.replace(f"- status: {state}", f"- status: {word}"))
    desk.turn()
    return result(desk, before)


def commanded(state, say):
    desk, before = board_in(state)

    async def act(ctx):
        return await say(ctx, (await ctx.ledger.look()).named("TASK-001"))

    with contextlib.suppress(Refused):
        desk.say(act)
    return result(desk, before)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", VERBS)
def test_typed_and_commanded_lead_to_the_same(state, verb):
    word, say = VERBS[verb]
    by_hand, by_command = typed(state, word), commanded(state, say)
    if state == word:  # the same word typed over itself asks for nothing
        assert by_hand[0] == by_command[0]
    else:
        assert by_hand == by_command
