"""What a fork says of its tasks at once."""

import pytest

from taskboard.core.carry import carry_over
from taskboard.core.commit import apply, commit
from taskboard.core.event import EventType as E
from taskboard.core.task import World
from taskboard.testing.facts import about, claimed, created

TS = "2026-11-20T12:00:00.000000Z"
FAILED = [about(E.FAILED, 1, "failed:final", run="agent-1"), about(E.DEADLETTERED, 1)]
LATER = "running:other:2026-11-20T13:00Z"


def world_of(*drafts):
    world = World()
    for number, draft in enumerate(drafts):
        apply(world, commit(world, [draft], ts=TS, device="here", ids=[f"id{number}"]))
    return world


def after(world, **more):
    """The state of each task after the drafts, which must be legal."""
    more = {"foreign": False, "statuses": {}, "results": {}, **more}
    drafts = carry_over(world, owner="ada", actor="ada", **more)
    ids = [f"fork{n}" for n in range(len(drafts))]
    if drafts:
        apply(world, commit(world, drafts, ts=TS, device="here", ids=ids))
    return {task.task: task.status.text for task in world.tasks.values()}


@pytest.mark.parametrize("foreign", [True, False])
def test_what_does_not_run_stays_as_it_is(foreign):
    done = about(E.COMPLETED, 2, "done", run="agent-1", data={"tier": "check"})
    world = world_of(created(1), created(2), claimed(2), done)
    assert after(world, foreign=foreign) == {"TASK-001": "ready", "TASK-002": "done"}


def test_a_foreign_run_is_handed_back_unspent_and_its_number_is_not_used_again():
    world = world_of(created(1), claimed(1))
    assert after(world, foreign=True) == {"TASK-001": "ready"}
    task = world.named("TASK-001")
    assert (task.run, task.attempt, task.spent) == (None, 1, 0)


def test_a_run_of_this_machine_is_left_to_those_who_look_after_the_dead():
    world = world_of(created(1), claimed(1))
    assert after(world)["TASK-001"].startswith("running:")


@pytest.mark.parametrize("history", [[], [claimed(1)], [claimed(1), *FAILED]])
def test_what_was_done_by_then_stays_done(history):
    world = world_of(created(1), *history)
    results = {"TASK-001": "verified (check) by agent"}
    assert after(world, statuses={"TASK-001": "done"}, results=results) == {"TASK-001": "done"}
    task = world.named("TASK-001")
    assert (task.result, task.verified, task.tier) == (results["TASK-001"], False, "human")


@pytest.mark.parametrize("word", [LATER, "failed:exhausted_retries"])
@pytest.mark.parametrize("history", [[], [claimed(1)]])
def test_a_run_that_nobody_knows_the_end_of_is_held_for_a_person(word, history):
    world = world_of(created(1), *history)
    assert after(world, statuses={"TASK-001": word}) == {"TASK-001": "blocked:ada:fork"}
    task = world.named("TASK-001")
    assert task.run is None
    assert "taskboard ready TASK-001" in task.note


def test_a_board_that_is_behind_says_nothing():
    done = about(E.COMPLETED, 1, "done", run="agent-1", data={"tier": "check"})
    world = world_of(created(1), claimed(1))
    word = world.named("TASK-001").status.text
    assert after(world, statuses={"TASK-001": word}) == {"TASK-001": word}
    world = world_of(created(1), claimed(1), done)
    assert after(world, statuses={"TASK-001": word}) == {"TASK-001": "done"}
    world = world_of(created(1), claimed(1), about(E.RELEASED, 1, "ready", run="agent-1"))
    assert after(world, statuses={"TASK-001": word}) == {"TASK-001": "ready"}


@pytest.mark.parametrize("word", ["ready", "todo", "blocked:ada:brief", "whatever", LATER])
def test_what_has_failed_is_not_started_by_any_word(word):
    world = world_of(created(1), claimed(1), *FAILED)
    assert after(world, statuses={"TASK-001": word}) == {"TASK-001": "failed:final"}
