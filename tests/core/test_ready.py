"""``why`` names the first rule that keeps a task from running, in the contract's order."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from taskboard.core.needs import needs_of
from taskboard.core.ready import ready, why
from taskboard.core.scene import Scene, Why
from taskboard.core.state import WITHDRAWN, read_status
from taskboard.core.task import Run, Task, World

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TS = "2026-11-20T11:00:00.000000Z"
ORDER = (
    "terminal running unknown open duplicate invalid untrusted held paused blocked cycle needs "
    "children not_before settle inputs no_executor slots"
).split()


def make(name="TASK-001", status="ready", **more):
    return Task(
        task_id=f"id-{name}",
        task=name,
        title=name,
        status=read_status(status),
        created=TS,
        updated=TS,
        seq=1,
        **more,
    )


def scene(*tasks, **more):
    world = World()
    for task in tasks:
        world.put(task)
    executors = {t.task_id: "shell" for t in tasks}
    return Scene(world=world, now=NOW, **{"executors": executors, **more})


def everything_wrong():
    """A task that every rule (but the four about its status) keeps from running."""
    task = make(
        fields={"needs": "TASK-009", "not-before": "2030-01-01T00:00Z"},
        settle_from="2026-11-20T11:59:59Z",
    )
    child = make("TASK-002", parent=task.task_id)
    return scene(
        task,
        child,
        untrusted=Why(rule="untrusted", text="no trust"),
        held="held",
        paused=Why(rule="paused", text="paused"),
        broken={"TASK-001": "TB108"},
        doubled=frozenset({"TASK-001"}),
        cyclic={"TASK-001": "A -> A"},
        missing={task.task_id: ("in.txt",)},
        executors={},
        slots=0,
    )


def first_rule(view):
    found = why(view.world.named("TASK-001"), view)
    return found.rule if found else None


CURES = {
    "duplicate": {"doubled": frozenset()},
    "invalid": {"broken": {}},
    "untrusted": {"untrusted": None},
    "held": {"held": None},
    "paused": {"paused": None},
    "cycle": {"cyclic": {}},
    "inputs": {"missing": {}},
    "no_executor": {"executors": {"id-TASK-001": "shell"}},
    "slots": {"slots": 1},
}


def test_curing_one_rule_after_the_other_walks_the_contracts_order():
    view, seen = everything_wrong(), []
    for _ in range(20):
        rule = first_rule(view)
        if rule is None:
            break
        seen.append(rule)
        if rule in CURES:
            view = msgspec.structs.replace(view, **CURES[rule])
            continue
        task = view.world.named("TASK-001")
        fields = {
            k: v
            for k, v in task.fields.items()
            if k != {"needs": "needs", "not_before": "not-before"}.get(rule)
        }
        settled = None if rule == "settle" else task.settle_from
        view.world.tasks[task.task_id] = msgspec.structs.replace(
            task, fields=fields, settle_from=settled
        )
        if rule == "children":
            del view.world.parents["id-TASK-002"]

    assert seen == [r for r in ORDER if r in seen]
    assert set(ORDER) - set(seen) == {"terminal", "running", "unknown", "open", "blocked"}
    assert first_rule(view) is None
    assert [c.task for c in ready(view)] == ["TASK-001"]


@pytest.mark.parametrize(
    ("status", "rule"),
    [
        ("done", "terminal"),
        ("failed:final", "terminal"),
        ("strange", "unknown"),
        ("todo", "open"),
        ("blocked:siyao:brief", "blocked"),
        ("ready", None),
    ],
)
def test_the_status_alone_names_its_rule(status, rule):
    assert first_rule(scene(make(status=status))) == rule


def test_a_running_task_says_who_runs_it():
    run = Run(
        run="r",
        attempt=1,
        agent="bot-1",
        executor="shell",
        device="d",
        started=TS,
        text=None,
        fields={},
        actor="daemon",
    )
    view = scene(make(status="running:bot-1:2026-11-20T11:00Z", run=run))

    assert first_rule(view) == "running"
    assert "bot-1" in why(view.world.named("TASK-001"), view).text


def clear(task, *others, **more):
    return why(task, scene(task, *others, **more)).clear


def test_what_no_task_can_clear_says_to_name_another():
    assert clear(make(status="blocked:task:TASK-999")) == (
        "name a task that exists instead of TASK-999",
        "taskboard ready TASK-001",
    )
    needs = make(fields={"needs": "TASK-002, TASK-999"})
    assert clear(needs, make("TASK-002", status="todo")) == (
        "TASK-002 is done",
        "name a task that exists instead of TASK-999",
    )


def test_what_waits_for_a_person_can_also_be_said_to_be_done():
    assert clear(make(status="blocked:siyao:brief")) == (
        "taskboard ready TASK-001",
        "taskboard done TASK-001",
    )
    for timed in ("until:2030-01-01T00:00Z", "retry:2030-01-01T00:00Z", "task:TASK-002"):
        assert "taskboard done TASK-001" not in clear(make(status=f"blocked:{timed}"))


def test_a_withdrawn_task_says_what_brings_it_back():
    gone = msgspec.structs.replace(make(), status=WITHDRAWN)
    assert clear(gone) == ("put a section `TASK-001 TASK-001` back",)


def test_ids_over_each_others_texts_are_to_be_put_back():
    task = make()
    assert clear(task, doubled=frozenset({"TASK-001"})) == ("give each text its own id",)
    exchanged = scene(task, doubled=frozenset({"TASK-001"}))
    exchanged.world.tangled = frozenset({"TASK-001"})
    assert why(task, exchanged).clear == ("put the ids back over their own texts",)


def test_a_word_on_the_board_that_is_no_state_keeps_a_ready_task_from_running():
    view = scene(make(), words={"id-TASK-001": read_status("wip")})

    assert first_rule(view) == "unknown"


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("TASK-001, TASK-002", ["TASK-001", "TASK-002"]),
        ("[RB-010]", ["RB-010"]),
        ("[A-1, A-2]", ["A-1", "A-2"]),
        ("[A-1], [A-2](#a-2)、[[A-3]]，`A-4`", ["A-1", "A-2", "A-3", "A-4"]),
        ("TASK-1 (Done), all of them", ["TASK-1 (Done)", "all of them"]),
        ("none", []),
        ("n/a", []),
        ("なし", []),
        ("-", []),
        ("", []),
    ],
)
def test_needs_are_ids_between_commas(text, ids):
    assert needs_of({"needs": text}) == ids
