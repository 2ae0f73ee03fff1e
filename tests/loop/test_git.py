"""A board that git moves about: pulls, checkouts, stashes, merges that wait."""

from __future__ import annotations

import pytest

from taskboard.core.hold import HELD
from taskboard.core.settings import Settings
from taskboard.errors import Untrusted
from taskboard.loop import people
from taskboard.loop.absorb import absorb
from taskboard.loop.context import Memory
from tests.conftest import Desk

MINE = "# B\n\n## TASK-001 Mine\n- status: todo\n- run: ok\n\nprompt\n\n"
THEIRS = "## TASK-002 Theirs\n- status: ready\n- run: ok\n\nprompt\n"


async def approved(ctx, name="TASK-002"):
    task = (await ctx.ledger.look()).named(name)
    return await people.say_approve(ctx, task, "ann")


def many(*numbers):
    return "# B\n\n" + "".join(
        f"## TASK-{n:03d} T{n}\n- status: todo\n- run: ok\n\nprompt\n\n" for n in numbers
    )


def pulled(desk, text):
    desk.git.pull()
    desk.save(text)


def test_a_task_that_a_pull_brought_waits_for_approval_and_then_runs(desk):
    desk.git.commit()
    desk.save(MINE)
    desk.turn(start=True)
    pulled(desk, desk.board + THEIRS)
    desk.once()

    assert desk.state("TASK-002") == "ready"
    assert desk.task("TASK-002").origin == "git"
    desk.say(approved)
    desk.once()
    assert desk.state("TASK-002") == "done"


@pytest.mark.parametrize(
    ("old", "new", "waits"),
    [
        ("run: ok", "run: final", True),
        ("prompt", "another prompt", True),
        ("TASK-001 Mine", "TASK-001 Other", True),
        ("- run: ok", "- run: ok\n- verify: ok", True),
        ("- run: ok", "- run: ok\n- agent: claude", True),
        ("- run: ok", "- run: ok\n- measure: run curl evil", True),
        ("- run: ok", "- run: ok\n- steps: prepare, generate", True),
        ("- run: ok", "- run: ok\n- inputs: notes.md", True),
        ("- run: ok", "- run: ok\n- artifacts: a.txt", True),
        ("- run: ok", "- run: ok\n- model: dear", True),
        ("- run: ok", "- run: ok\n- budget: 1000", True),
        ("- run: ok", "- run: ok\n- answer: yes, delete it", True),
        ("- run: ok", "- run: ok\n- note: run curl evil", True),
        ("- run: ok", "- run: ok\n- remark: run curl evil", True),
        ("- run: ok", "- run: ok\n- run: curl evil", True),
        ("- run: ok", "- run: ok\n- priority: high, and run curl evil", True),
        ("- run: ok", "- run: ok\n- priority: high", False),
        ("- run: ok", "- run: ok\n- not-before: 2020-01-01T00:00Z", False),
        ("\n", "\r\n", False),
        ("status: todo", "status: ready", False),
    ],
)
def test_what_would_be_executed_waits_and_nothing_else_does(desk, old, new, waits):
    desk.git.commit()
    desk.save(MINE)
    desk.turn(start=True)
    pulled(desk, desk.board.replace(old, new).replace("status: todo", "status: ready"))
    desk.once()

    assert (desk.state("TASK-001") == "ready") == waits
    assert desk.task("TASK-001").approved != waits


def test_what_a_person_saves_and_then_commits_runs(desk):
    desk.git.commit()
    desk.save(MINE)
    desk.turn(start=True)
    desk.save(desk.board + THEIRS)
    desk.git.commit()
    desk.once()

    assert desk.state("TASK-002") == "done"


def test_a_checkout_and_back_asks_for_no_approval(desk):
    desk.git.commit()
    desk.save(MINE + THEIRS.replace("ready", "todo"))
    desk.turn(start=True)
    mine = desk.board
    pulled(desk, mine.replace("prompt", "their prompt"))
    desk.turn()
    assert not desk.task("TASK-002").approved
    pulled(
        desk, mine.replace("TASK-002 Theirs\n- status: todo", "TASK-002 Theirs\n- status: ready")
    )
    desk.once()

    assert desk.state("TASK-002") == "done"


def test_a_word_changed_by_hand_does_not_approve_the_rest(desk):
    desk.git.commit()
    desk.save(MINE)
    desk.turn(start=True)
    pulled(desk, desk.board + THEIRS)
    desk.turn()
    desk.save(desk.board.replace("Theirs\n", "Ours now\n"))
    desk.once()

    assert desk.state("TASK-002") == "ready"


def test_the_first_look_at_a_clone_is_a_matter_of_trust_and_not_of_approval(desk):
    desk.git.pull()
    desk.save(MINE + THEIRS)
    desk.once()

    assert desk.state("TASK-002") == "done"


def test_who_trusts_git_approves_nothing():
    desk = Desk(Settings(owner="ann", trust_git=True))
    desk.git.commit()
    desk.save(MINE)
    desk.turn(start=True)
    pulled(desk, desk.board + THEIRS)
    desk.once()

    assert desk.state("TASK-002") == "done"


def test_a_check_that_came_by_git_is_not_run_for_a_typed_or_commanded_done(desk):
    desk.git.commit()
    desk.save(MINE)
    desk.turn(start=True)
    pulled(desk, desk.board + THEIRS.replace("- run: ok", "- verify: ok").replace("ready", "todo"))
    desk.turn()
    desk.save(desk.board.replace("Theirs\n- status: todo", "Theirs\n- status: done"))
    desk.turn()
    assert desk.script.done == []
    assert desk.state("TASK-002") == "open"

    async def done(ctx):
        task = (await ctx.ledger.look()).named("TASK-002")
        return await people.say_done(ctx, task, "ann")

    with pytest.raises(Untrusted, match="approve"):
        desk.say(done)
    assert desk.script.done == []
    desk.say(approved)
    desk.turn()
    assert desk.state("TASK-002") == "done"


@pytest.mark.parametrize("busy", ["merge", "rebase"])
def test_in_the_middle_of_a_merge_no_deletion_is_read_and_afterwards_it_is(desk, busy):
    desk.git.commit()
    desk.save(MINE + THEIRS.replace("ready", "todo"))
    desk.turn(start=True)
    desk.git.busy = busy
    desk.save(MINE)
    desk.turn()
    for _ in range(3):
        desk.clock.advance(61)
        desk.turn()
    assert "withdrawn" not in desk.events()
    assert desk.task("TASK-002").missing_since is None

    desk.git.busy = None
    desk.turn()
    desk.clock.advance(61)
    desk.turn()
    assert desk.state("TASK-002") == "withdrawn"


def test_a_minute_that_began_before_the_merge_does_not_end_in_the_middle_of_it(desk):
    desk.git.commit()
    desk.save(MINE + THEIRS.replace("ready", "todo"))
    desk.turn(start=True)
    desk.save(MINE)
    desk.turn()
    assert desk.task("TASK-002").missing_since is not None
    desk.clock.advance(30)
    desk.git.busy = "merge"
    for _ in range(3):
        desk.clock.advance(31)
        desk.turn()
    assert desk.state("TASK-002") == "open"

    desk.git.busy = None
    desk.turn()
    desk.clock.advance(61)
    desk.turn()
    assert desk.state("TASK-002") == "withdrawn"


def test_in_the_middle_of_a_merge_much_that_is_gone_does_not_hold_the_board(desk):
    desk.git.commit()
    desk.save(many(*range(1, 11)))
    desk.turn(start=True)
    desk.git.busy = "merge"
    desk.save(many(*range(1, 6)).replace("T1\n- status: todo", "T1\n- status: ready"))
    desk.turn()
    assert desk.memory.sight.held is None
    assert desk.state("TASK-001") == "done"

    desk.git.busy = None
    desk.turn()
    assert desk.memory.sight.held == HELD["gone"]


def accepted_as_it_is(desk):
    async def accepted(ctx):
        memory = Memory()
        await absorb(ctx, memory)
        return await absorb(ctx, memory, accept=True)

    desk.say(accepted)


def whole_again(desk):
    resolved = (line for line in desk.board.splitlines() if line[:7] not in MARKS)
    desk.save("\n".join(resolved) + "\n")


MARKS = ("<<<<<<<", "=======", ">>>>>>>")
CONFLICT = ("<<<<<<< ours\n=======\n", ">>>>>>> theirs\n")


@pytest.mark.parametrize(
    ("brought", "put_right"),
    [
        (many(1, 2) + THEIRS.replace("002", "020"), accepted_as_it_is),
        (
            many(*range(1, 11)) + THEIRS.replace("002", "020").join(CONFLICT),
            whole_again,
        ),
    ],
    ids=["much is gone", "conflict marks"],
)
def test_what_git_brought_in_a_text_that_was_held_first_waits_for_approval(
    desk, brought, put_right
):
    desk.git.commit()
    desk.save(many(*range(1, 11)))
    desk.turn(start=True)
    pulled(desk, brought)
    desk.turn()
    assert desk.memory.sight.held
    put_right(desk)
    desk.once()

    assert desk.task("TASK-020").origin == "git"
    assert not desk.task("TASK-020").approved
    assert "claimed" not in desk.events()

    desk.say(approved, "TASK-020")
    desk.once()
    assert desk.state("TASK-020") == "done"


def test_a_merge_that_is_aborted_leaves_no_trace(desk):
    desk.git.commit()
    desk.save(MINE + THEIRS.replace("ready", "todo"))
    desk.turn(start=True)
    whole = desk.board
    desk.git.busy = "merge"
    desk.save(MINE)
    desk.turn()
    desk.save(whole)
    desk.git.busy = None
    desk.turn()
    desk.clock.advance(61)
    desk.turn()

    assert desk.state("TASK-002") == "open"
    assert desk.board == whole


def test_an_old_board_from_the_stash_changes_no_state_and_comes_back_whole(desk):
    desk.git.commit()
    old = MINE + THEIRS
    desk.save(old)
    desk.once()
    new = desk.board
    assert desk.state("TASK-002") == "done"
    desk.save(old)
    desk.once()

    assert desk.state("TASK-002") == "done"
    assert desk.events().count("claimed") == 1
    assert "TB301" in desk.board
    desk.save(new)
    desk.once()
    assert desk.state("TASK-002") == "done"
    assert desk.events().count("claimed") == 1
