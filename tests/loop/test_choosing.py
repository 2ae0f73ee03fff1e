"""Deciding: who is asked and when, what an answer may do, and what stands in the ledger."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from taskboard.core.decision import Decision, Pick
from taskboard.loop import find, people
from taskboard.loop.context import Memory
from taskboard.loop.daemon import Daemon
from taskboard.loop.once import once
from taskboard.loop.tick import tick
from taskboard.testing.files import SimFiles


def board(*tasks):
    """A board; each task is its lines of fields."""
    sections = (
        f"\n## TASK-{n:03} Task {n}\n" + "".join(f"- {f}\n" for f in fields)
        for n, fields in enumerate(tasks, 1)
    )
    return "# B\n" + "".join(sections)


READY = ("status: ready", "run: ok")
IDLE = ("status: todo",)


class Hints:
    def start(self, folder, names, tell):
        self.tell = tell

    def stop(self):
        pass


def beside(staff, scene):
    """Run ``scene(daemon, save)`` beside a daemon, then stop it."""
    desk, hints = staff.desk, Hints()
    daemon = Daemon(desk.ctx, desk.memory, hints)

    def save(text):
        SimFiles(desk.files.disk).write(desk.workspace.board, text.encode())
        hints.tell("task-board.md")

    async def both():
        running = asyncio.create_task(daemon.run())
        await asyncio.sleep(0.5)
        try:
            return await scene(daemon, save)
        finally:
            daemon.stop()
            await running

    return desk.play(both())


async def kinds(staff, name=None):
    found = [event async for event, _line in staff.desk.ctx.history.read()]
    return [event.type for event in found if name is None or event.task == name]


def tick_again(staff, times=1):
    """Turns of the same process; what was started is left to go on."""

    async def turns():
        for _ in range(times):
            await tick(staff.desk.ctx, staff.desk.memory)
            for _ in range(3):
                await asyncio.sleep(0)

    staff.desk.play(turns())


# When somebody is asked.


def test_nobody_is_asked_when_nothing_may_run(staff):
    staff.desk.save(board(IDLE, ("status: blocked:ann:brief",)))
    staff.desk.turn(start=True)

    assert staff.mind.questions == []


def test_nobody_is_asked_while_every_slot_is_taken(staff):
    staff.set(slots=1)
    staff.desk.save(board(("status: ready", "run: sleep 60"), READY))

    async def scene(_daemon, _save):
        await asyncio.sleep(30)
        return len(staff.mind.questions)

    assert beside(staff, scene) == 1


def test_a_question_is_asked_once_and_its_answer_kept_while_nothing_changes(staff):
    staff.mind.say(staff.picks(("TASK-001", "skip")))
    staff.desk.save(board(READY))
    tick_again(staff, 5)

    assert len(staff.mind.questions) == 1
    assert len(staff.facts("decided")) == 1
    assert staff.desk.state("TASK-001") == "ready"


def test_a_task_left_alone_is_asked_about_again_ever_more_rarely(staff):
    for _ in range(40):
        staff.mind.say(staff.picks(("TASK-001", "skip")))
    staff.desk.save(board(READY))

    async def scene(_daemon, _save):
        began = staff.desk.ctx.clock.awake()
        times = []
        for _ in range(4 * 60 * 3):
            await asyncio.sleep(20)
            if len(staff.mind.questions) > len(times):
                times.append(round((staff.desk.ctx.clock.awake() - began) / 60))
        return times

    times = beside(staff, scene)

    assert times == [0, 10, 30, 70, 130, 190]  # minutes


def test_an_idle_daemon_is_not_woken_by_an_answer_about_what_is_over(staff):
    staff.mind.say(staff.picks(("TASK-001", "skip")))
    staff.desk.save(board(READY))

    async def scene(_daemon, save):
        await asyncio.sleep(5)
        save(board(IDLE))
        await asyncio.sleep(24 * 3600)
        return len(staff.mind.questions)

    assert beside(staff, scene) == 1


def test_what_the_runtime_writes_on_the_board_is_no_change(staff):
    staff.mind.say(staff.picks(("TASK-001", "flag", "looks odd"), ("TASK-001", "skip")))
    staff.desk.save(board(READY))
    tick_again(staff, 5)

    assert "TB313 looks odd" in staff.desk.board
    assert len(staff.mind.questions) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [("Task 1", "Task one"), ("- run: ok", "- run: ok more"), ("# B", "# B\n\nHurry up.")],
)
def test_another_text_is_another_question(staff, old, new):
    staff.mind.say(*[staff.picks(("TASK-001", "skip"))] * 2)
    staff.desk.save(board(READY))
    tick_again(staff)
    staff.desk.retype(old, new)
    tick_again(staff, 2)

    assert len(staff.mind.questions) == 2


def test_a_start_that_is_held_up_asks_nobody_again(staff):
    staff.desk.save(board(READY))
    desk = staff.desk
    held = desk.workspace.locks / "TASK-001@1"
    desk.files.make_folder(held)  # somebody else is just making a lease in it
    tick_again(staff)
    assert len(staff.mind.questions) == 1
    assert desk.memory.active == {}

    desk.clock.advance(5)
    tick_again(staff)

    assert len(staff.mind.questions) == 1
    assert [e for e in desk.events("TASK-001") if e == "claimed"] == ["claimed"]


def test_a_decider_is_asked_at_most_once_in_a_turn(staff):
    staff.set(slots=3)
    staff.desk.save(board(READY, READY, READY, READY))
    tick_again(staff)

    assert len(staff.mind.questions) == 1
    assert len(staff.mind.questions[0].candidates) == 4


# Somebody who thinks.


def test_a_save_is_recorded_and_leases_renewed_while_somebody_thinks(staff):
    staff.mind.takes = 30
    staff.set(slots=3)
    staff.desk.save(board(("status: ready", "run: sleep 200"), IDLE))

    async def scene(_daemon, save):
        await asyncio.sleep(40)  # the first is begun
        renewed = staff.desk.ctx.leases.find("TASK-001", 1).renewals
        save(staff.desk.board.replace("status: todo", "status: ready\n- run: ok"))
        await asyncio.sleep(15)  # the second settles, then somebody thinks about it
        save(staff.desk.board + "\nmore\n")
        before = len(staff.mind.questions)
        await asyncio.sleep(2.5)
        seen = (await kinds(staff))[-1]
        thinks = not staff.desk.memory.thought.job.done()
        await asyncio.sleep(22)
        later = staff.desk.ctx.leases.find("TASK-001", 1).renewals
        return before, seen, thinks, later - renewed

    asked, last, thinks, renewals = beside(staff, scene)

    assert asked == 2
    assert thinks
    assert last in ("edited", "file_changed_triggered")
    assert renewals >= 1


def test_an_answer_that_comes_too_late_is_recorded_with_its_cost_and_not_used(staff):
    staff.mind.takes, staff.mind.cost = 30, 0.25
    staff.desk.save(board(READY))

    async def scene(_daemon, save):
        await asyncio.sleep(10)
        save(board(IDLE))
        await asyncio.sleep(60)
        return await kinds(staff)

    assert "decided" in beside(staff, scene)  # and not only when it stops
    (said,) = staff.facts("decided")

    assert "claimed" not in staff.desk.events("TASK-001")
    assert said["outdated"]
    assert said["chosen"] == []
    assert said["cost_usd"] == 0.25


def test_a_late_answer_counts_for_what_is_as_it_was_and_the_rest_is_asked_about_anew(staff):
    staff.mind.takes = 30
    staff.desk.save(board(READY))

    async def scene(_daemon, save):
        await asyncio.sleep(10)
        save(board(READY, READY))
        await asyncio.sleep(90)

    beside(staff, scene)
    first, *_ = staff.facts("decided")

    assert first["outdated"]
    assert [pick["task"] for pick in first["chosen"]] == ["TASK-001"]
    assert [[c.task for c in q.candidates] for q in staff.mind.questions] == [
        ["TASK-001"],
        ["TASK-002"],
    ]
    assert staff.desk.state("TASK-002") == "done"


def test_a_late_answer_says_nothing_about_a_task_whose_text_was_changed(staff):
    staff.mind.takes = 30
    both = staff.picks(("TASK-001", "execute"), ("TASK-002", "execute"))
    staff.mind.say(both, *[staff.picks(("TASK-001", "skip"))] * 4)
    staff.desk.save(board(READY, READY))

    async def scene(_daemon, save):
        await asyncio.sleep(10)
        save(board((*READY, "measure: It is blue."), READY))
        await asyncio.sleep(90)

    beside(staff, scene)

    assert [pick["task"] for pick in staff.facts("decided")[0]["chosen"]] == ["TASK-002"]
    assert staff.desk.state("TASK-001") == "ready"


def test_somebody_who_keeps_saving_does_not_keep_work_from_starting(staff):
    staff.mind.takes = 8
    staff.desk.save(board(READY))

    async def scene(_daemon, save):
        for number in range(10):
            save(board(READY) + f"\n# Notes\n\nline {number}\n")
            await asyncio.sleep(6)

    beside(staff, scene)

    assert staff.desk.state("TASK-001") == "done"
    assert len(staff.mind.questions) == 1


def test_a_slot_that_falls_free_does_not_void_the_answer_on_its_way(staff):
    staff.set(slots=2)
    staff.code.say(lambda order: _slowly(staff, order))
    staff.desk.save(board(("status: ready", "agent: claude-code")))

    async def scene(_daemon, save):
        await asyncio.sleep(5)
        staff.mind.takes = 30
        save(staff.desk.board + "\n## TASK-002 Two\n- status: ready\n- run: ok\n")
        await asyncio.sleep(120)

    beside(staff, scene)

    assert [q.slots for q in staff.mind.questions] == [2, 1]
    assert [said.get("outdated") for said in staff.facts("decided")] == [None, True]
    assert staff.desk.state("TASK-002") == "done"


async def _slowly(staff, order):
    await asyncio.sleep(20)
    return staff.report(order)


def test_a_daemon_that_stops_cancels_the_question(staff):
    staff.mind.takes = 300
    staff.desk.save(board(READY))

    async def scene(_daemon, _save):
        await asyncio.sleep(5)

    beside(staff, scene)

    assert staff.mind.cancelled == 1
    assert staff.desk.events()[-1] == "daemon_stopped"
    assert "claimed" not in staff.desk.events()


def test_once_waits_for_somebody_who_thinks(staff):
    staff.mind.takes = 45
    staff.desk.save(board(READY))
    staff.desk.once(wait=5)

    assert staff.desk.state("TASK-001") == "done"


@pytest.mark.parametrize("who", ["thinks", "works"])
def test_what_ends_while_once_looks_whether_it_is_over_is_seen(staff, monkeypatch, who):
    """Between a turn and the question whether anything is left, once looks at the ledger: what
    ends meanwhile makes another turn, and does not let it leave."""
    staff.mind.takes = 2.0 if who == "thinks" else 0.0
    first = ("status: ready", "run: sleep 2" if who == "works" else "run: ok")
    staff.desk.save(board(first, (*READY, "needs: TASK-001")))
    ledger, looking = staff.desk.ctx.ledger, False
    look = ledger.look

    async def slow_look():
        nonlocal looking
        if looking:
            looking = False
            await asyncio.sleep(3)
        return await look()

    def progress():
        nonlocal looking
        looking = True

    monkeypatch.setattr(ledger, "look", slow_look)
    staff.desk.play(once(staff.desk.ctx, Memory(), wait=0, progress=progress))

    assert staff.desk.state("TASK-002") == "done"


def test_once_does_not_wait_for_what_the_decision_layer_leaves_alone(staff):
    staff.mind.say(staff.picks(("TASK-001", "skip")))
    staff.desk.save(board(READY))
    before = staff.desk.clock.awake()
    staff.desk.play(once(staff.desk.ctx, Memory(), wait=600))

    assert staff.desk.clock.awake() - before < 5


def test_a_decider_that_breaks_leaves_the_work_to_the_order_without_a_model(staff):
    def broken(_question):
        raise ValueError("a defect")

    staff.mind.say(broken)
    staff.desk.save(board(READY))
    staff.desk.turn(start=True)
    (said,) = staff.facts("decided")

    assert staff.desk.state("TASK-001") == "done"
    assert (said["by"], said["fallback"]) == ("priority", "error")


# What an answer may do.


def test_another_executor_and_model_are_taken_where_policy_allows_them(staff):
    staff.set(executors={"codex": {"models": ("fast",)}})
    more = {"executor": "codex", "model": "fast"}
    staff.mind.say(lambda q: [staff.pick(q, "TASK-001", **more)])
    staff.desk.save(board(("status: ready",)))
    staff.desk.turn(start=True)

    assert [order.model for order in staff.codex.orders] == ["fast"]
    assert staff.code.orders == []
    assert staff.mind.questions[0].models["codex"] == ("fast",)


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("agent: codex", {"executor": "gemini"}),
        ("run: ok", {"executor": "claude"}),
        ("agent: codex", {"model": "dear"}),
        ("agent: codex", {"executor": "nobody"}),
    ],
)
def test_what_policy_does_not_allow_starts_nothing_and_is_recorded(staff, field, more):
    staff.mind.say(lambda q: [staff.pick(q, "TASK-001", **more)])
    staff.desk.save(board(("status: ready", field)))
    tick_again(staff, 2)
    (said,) = staff.facts("decided")

    assert "claimed" not in staff.desk.events()
    assert said["dropped"] == 1
    assert said["chosen"] == []


def test_a_question_blocks_on_the_owner_and_is_kept(staff):
    staff.mind.say(staff.picks(("TASK-001", "ask", "Which colour?")))
    staff.desk.save(board((*READY, "owner: siyao")))
    staff.desk.turn(start=True)

    assert staff.desk.state("TASK-001") == "blocked:siyao:answer"
    assert "TB311 Which colour? Answer: taskboard answer TASK-001 TEXT" in staff.desk.board
    assert staff.desk.task("TASK-001").asked == "Which colour?"
    assert staff.desk.task("TASK-001").spent == 0


def test_a_decider_cannot_say_of_itself_what_is_recorded_of_it(staff):
    more = {"by": "somebody", "chosen": "all", "questions": 7, "asked": "board"}

    def answer(question):
        found = [staff.pick(question, "TASK-001", "ask", "Which?")]
        return Decision(picks=tuple(found), by="mind", data=more)

    staff.mind.say(answer)
    staff.desk.save(board(READY))
    tick_again(staff)
    (said,) = staff.facts("decided")

    assert (said["by"], said["chosen"], said["asked"]) == ("mind", [], "board")
    assert said["questions"] == [{"task": "TASK-001", "reason": "Which?"}]


def test_an_answered_task_is_asked_about_anew_and_the_answer_told(staff):
    staff.mind.say(staff.picks(("TASK-001", "ask", "Which colour?")))
    staff.desk.save(board(READY))
    tick_again(staff)
    before = staff.desk.board.replace("blocked:ann:answer", "ready").partition("- note")[0]

    async def say(ctx):
        task = await find.find_task(ctx, "TASK-001")
        await people.say_answer(ctx, task, "Blue.", "command:ann")
        await people.say_ready(ctx, task, "command:ann")

    staff.desk.say(say)
    assert staff.desk.board == before  # nothing on it tells that this is another question
    tick_again(staff, 2)

    assert staff.desk.state("TASK-001") == "done"
    assert "TASK-001 asked: Which colour? Answer: Blue." in staff.mind.questions[1].history


def test_a_flag_is_said_once(staff):
    staff.mind.say(*[staff.picks(("TASK-001", "flag", "Twice the same."))] * 3)
    staff.desk.save(board(READY))
    tick_again(staff, 2)
    staff.desk.retype("# B", "# C")
    tick_again(staff, 2)

    assert staff.desk.events("TASK-001").count("anomaly_flagged") == 1
    assert staff.desk.board.count("TB313 Twice the same.") == 1


def test_a_decision_says_by_whom_what_of_whom_and_for_how_much(staff):
    def answer(question):
        chosen = [
            staff.pick(question, "TASK-002", reason="first things first"),
            staff.pick(question, "TASK-001", "skip", "can wait"),
            staff.pick(question, "nobody"),
        ]
        more = {"fallback": "", "data": {"model": "some-model", "request": "r-1"}}
        return Decision(picks=tuple(chosen), by="mind", bill=staff.bill(0.5), **more)

    staff.set(slots=1)
    staff.mind.say(answer)
    staff.desk.save(board(READY, READY))
    tick_again(staff)
    (said,) = staff.facts("decided")

    assert said["by"] == "mind"
    assert said["chosen"] == [
        {"task": "TASK-002", "executor": "shell", "reason": "first things first"}
    ]
    assert said["skipped"] == [{"task": "TASK-001", "reason": "can wait"}]
    assert (said["slots"], said["candidates"], said["dropped"]) == (1, 2, 1)
    assert said["cost_usd"] == 0.5
    assert said["usage"][0] == {
        "model": "some-model",
        "input": 1000,
        "output": 0,
        "cache_read": 0,
        "cache_write": 0,
        "cache_write_1h": 0,
    }
    assert len(said["inputs"]) == 64
    assert said["request"] == "r-1"
    assert "fallback" not in said


def test_a_model_without_a_price_costs_null_and_never_nothing(staff):
    staff.mind.cost = None
    staff.desk.save(board(READY))
    staff.desk.turn(start=True)
    said = staff.facts("decided")[0]

    assert said["cost_usd"] is None
    assert said["usage"][0]["input"] == 1000


def test_a_decision_without_a_model_costs_nothing(staff):
    staff.desk.ctx = replace(staff.desk.ctx, decider=staff.desk.ctx.fallback)
    staff.desk.save(board(READY))
    staff.desk.turn(start=True)
    said = staff.facts("decided")[0]

    assert (said["by"], said["cost_usd"]) == ("priority", 0.0)
    assert "usage" not in said
    assert "fallback" not in said


def test_when_the_day_is_spent_the_order_without_a_model_decides(staff):
    staff.set(budget_usd_day=0.01)
    staff.desk.save(board(READY))
    staff.desk.turn(start=True)
    staff.desk.save(staff.desk.board + board(READY)[3:].replace("001", "002"))
    staff.desk.turn()
    first, second = staff.facts("decided")

    assert len(staff.mind.questions) == 1
    assert first["by"] == "mind"
    assert (second["by"], second["fallback"]) == ("priority", "budget")
    assert staff.desk.state("TASK-002") == "done"


@pytest.mark.parametrize("action", ["execute", "skip", "ask"])
def test_however_much_is_said_the_event_fits_into_its_line(staff, action):
    long = "\N{CROSS MARK}" * 300
    count = 60
    staff.set(slots=count)
    staff.mind.say(lambda q: [staff.pick(q, c.task, action, long) for c in q.candidates])
    staff.desk.save(board(*[READY] * count))
    tick_again(staff)
    (said,) = staff.facts("decided")

    assert (said["candidates"], said["dropped"]) == (count, 0)
    kinds = {str(staff.desk.task(f"TASK-{n:03}").kind) for n in range(1, count + 1)}
    wanted = {"execute": {"running", "done"}, "skip": {"ready"}, "ask": {"blocked"}}
    assert kinds <= wanted[action]


MIXED = (
    READY,
    ("status: ready", "agent: codex"),
    ("status: blocked:ann:brief", "run: ok"),
    IDLE,
    ("status: ready", "run: ok", "needs: TASK-004"),
    ("status: ready", "run: ok", "inputs: nowhere.md"),
    ("status: failed:final", "run: ok"),
)
ANSWERS = st.lists(
    st.tuples(
        st.sampled_from([*(f"TASK-{n:03}" for n in range(1, 9)), "", "nobody", "#"]),
        st.sampled_from(["execute", "skip", "flag", "ask", "promote", "done", "", "withdraw"]),
        st.sampled_from(["because", "", "\u202eno\n- status: done", "x" * 5000]),
        st.sampled_from(["", "shell", "codex", "gemini", "nobody", "../claude"]),
        st.sampled_from(["", "fast", "dear"]),
    ),
    max_size=12,
)


@given(ANSWERS)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_answered_only_what_may_run_is_begun(another_staff, answer):
    staff = another_staff()
    staff.set(slots=2, executors={"codex": {"models": ("fast",)}})

    staff.mind.say([], [])
    staff.desk.save(board(*MIXED))
    staff.desk.turn(start=True)
    known = {f"TASK-{n:03}": staff.desk.task(f"TASK-{n:03}").task_id for n in range(1, 8)}

    def say(question):
        return [
            staff.pick(question, known.get(task, task), action, why, executor=who, model=model)
            for task, action, why, who, model in answer
        ]

    staff.mind.lines = [say]
    staff.desk.retype("# B", "# C")

    async def one_turn():
        await tick(staff.desk.ctx, staff.desk.memory)
        await asyncio.gather(*(a.job for a in staff.desk.memory.active.values()))

    staff.desk.play(one_turn())
    claimed = [e for e in staff.desk.facts() if e.type == "claimed"]

    assert {e.task for e in claimed} <= {"TASK-001", "TASK-002"}
    assert len(claimed) <= 2
    for event in claimed:
        allowed = {"TASK-001": ("shell", {None}), "TASK-002": ("codex", {None, "fast"})}
        executor, models = allowed[event.task]
        assert event.data["executor"] == executor
        assert event.data.get("model") in models
    kept = {f"TASK-{n:03}": staff.desk.state(f"TASK-{n:03}") for n in range(3, 8)}
    assert kept == {
        "TASK-003": "blocked:ann:brief",
        "TASK-004": "open",
        "TASK-005": "ready",
        "TASK-006": "ready",
        "TASK-007": "failed:final",
    }
    for name in ("TASK-001", "TASK-002"):
        assert staff.desk.state(name).partition(":")[0] in ("ready", "done", "blocked", "running")


# What typed states make possible without a model.


@pytest.mark.parametrize(("promote", "state"), [("auto", "done"), ("ask", "blocked:ann:promote")])
def test_a_task_that_waits_for_what_is_done_already_is_noticed(staff, promote, state):
    staff.set(promote=promote)
    staff.desk.save(board(READY))
    staff.desk.once()
    staff.desk.save(
        staff.desk.board + "\n## TASK-002 Two\n- status: blocked:task:TASK-001\n- run: ok\n"
    )
    staff.desk.once()

    assert staff.desk.state("TASK-002") == state


PROMOTABLE = "\n## TASK-002 Two\n- status: blocked:task:TASK-001\n- run: ok\n"


def promotion(question):
    return [Pick(task_id=t, action="promote", reason="It is done.") for t in question.promotable]


def test_where_the_decision_layer_may_say_that_a_wait_is_over_it_does(staff):
    staff.set(promote="decide")
    staff.desk.save(board(READY))
    staff.desk.once()
    staff.mind.say(promotion)
    staff.desk.save(staff.desk.board + PROMOTABLE)
    staff.desk.once()

    assert "unblocked" in staff.desk.events("TASK-002")
    assert staff.desk.state("TASK-002") == "done"


def test_where_it_says_nothing_of_it_the_owner_is_asked(staff):
    staff.set(promote="decide")
    staff.desk.save(board(READY))
    staff.desk.once()
    staff.desk.save(staff.desk.board + PROMOTABLE)
    staff.desk.once()

    assert staff.mind.questions[-1].names == {staff.mind.questions[-1].promotable[0]: "TASK-002"}
    assert staff.desk.state("TASK-002") == "blocked:ann:promote"


def test_where_the_owner_is_to_be_asked_the_decision_layer_cannot_promote(staff):
    staff.set(promote="ask")
    staff.desk.save(board(READY))
    staff.desk.once()
    staff.mind.say(promotion, promotion)
    staff.desk.save(staff.desk.board + PROMOTABLE)
    staff.desk.once()

    assert all(question.promotable == () for question in staff.mind.questions)
    assert staff.desk.state("TASK-002") == "blocked:ann:promote"


def test_missing_inputs_keep_a_task_from_everybody_until_they_are_there(staff):
    staff.desk.save(board((*READY, "inputs: a.md, b/c.md", "owner: siyao")))

    async def scene(_daemon, _save):
        await asyncio.sleep(5)
        asked, shown = len(staff.mind.questions), staff.desk.board
        staff.desk.files.write(staff.desk.workspace.root / "a.md", b"x")
        staff.desk.files.make_folder(staff.desk.workspace.root / "b")
        staff.desk.files.write(staff.desk.workspace.root / "b/c.md", b"x")
        await asyncio.sleep(10)
        return asked, shown

    asked, shown = beside(staff, scene)

    assert asked == 0
    assert "TB131 siyao: missing input a.md, b/c.md." in shown
    assert staff.desk.state("TASK-001") == "done"


def test_the_question_names_what_is_there_and_what_is_wrong_on_the_board(staff):
    wrong = ("status: running:ada:2031-01-01T09:00Z",)
    text = board((*READY, "measure: It is blue.", "inputs: task-board.md"), wrong)
    staff.desk.save(text)
    size = len(text)
    staff.desk.turn(start=True)
    question = staff.mind.questions[0]

    assert any(said.startswith("TASK-002: TB116 ") for said in question.diagnoses)
    assert question.candidates[0].measure == "It is blue."
    assert question.candidates[0].inputs == (f"task-board.md ({size} bytes)",)
    assert "## TASK-001 Task 1" in question.candidates[0].text
