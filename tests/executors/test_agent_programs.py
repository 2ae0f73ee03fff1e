"""What is the same with every program, whatever it says and however it is asked."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime

from taskboard.clock import SystemClock
from taskboard.core.outcome import Failed, NeedsInput, Snoozed, Succeeded, Tier, Unable
from taskboard.testing.offline import error, text
from taskboard.testing.rig import Witness


def test_a_task_is_done_and_its_report_bill_and_session_are_kept(agent):
    order = agent.order()
    agent.model.push(agent.writes(order.project / "a.txt", "hello"), agent.report())
    witness = Witness()
    outcome = agent.run(order, witness)
    assert isinstance(outcome, Succeeded), outcome
    assert (order.project / "a.txt").read_text().strip() == "hello"
    assert (outcome.output, outcome.artifacts) == ("Wrote it.", ("a.txt",))
    assert [r.tier for r in outcome.receipts] == [Tier.OUTPUT]
    assert [u.model for u in outcome.bill.used] == [agent.of.model]
    cost = outcome.bill.cost_usd
    assert cost > 0 if agent.of.priced else cost is None
    assert any(agent.of.shows in said and "a.txt" in said for said in witness.texts)
    kept = json.loads((order.folder / "session.json").read_text())
    assert kept["program"] == agent.name
    assert kept["session"] in (order.folder / order.log).read_text()
    assert sorted(p.name for p in order.folder.iterdir()) == [
        "bill.json",
        "output.log",
        "session.json",
        "stderr.log",
    ]


def test_after_an_answer_the_same_session_goes_on_and_only_the_new_is_billed(agent):
    first = agent.order()
    agent.model.push(agent.report(status="question", question="Which colour?"), agent.report())
    asked = agent.run(first)
    assert isinstance(asked, NeedsInput), asked
    assert asked.question == "Which colour?"
    again = agent.folder / "runs/again"
    second = agent.order(folder=again, previous=first.folder, news="The answer: blue.")
    outcome = agent.run(second)
    assert isinstance(outcome, Succeeded), outcome
    assert "Do the work." in agent.conversation()
    assert "The answer: blue." in agent.conversation()
    assert "begun anew" not in (second.folder / second.log).read_text()
    sessions = [json.loads((o.folder / "session.json").read_text()) for o in (first, second)]
    assert sessions[0]["session"] == sessions[1]["session"]
    answers = [o.bill.used[0].output for o in (asked, outcome)]
    assert answers[1] <= answers[0] * 1.5, "the second run pays for the first again"


def test_a_session_that_is_gone_begins_anew_with_the_whole_prompt(agent):
    gone = agent.folder / "gone"
    gone.mkdir()
    data = {"program": agent.name, "session": "01a1fb03-b0c7-4741-9022-c195f44203b7"}
    (gone / "session.json").write_text(json.dumps(data))
    agent.model.push(agent.report())
    order = agent.order(previous=gone, news="Go on.")
    assert isinstance(agent.run(order), Succeeded)
    assert "begun anew" in (order.folder / order.log).read_text()
    assert "Do the work." in agent.conversation()


def test_a_refused_key_is_unable_and_says_how_to_log_in(agent):
    agent.model.push(error(401, times=None))
    outcome = agent.run(agent.order())
    assert isinstance(outcome, Unable), outcome
    assert outcome.reason == "authentication"
    assert agent.of.login in outcome.hint


def test_nobody_logged_in_is_unable(agent):
    agent.environ |= dict.fromkeys(agent.of.keys, "")
    fitness = agent.executor().fitness()
    assert not fitness.usable
    assert fitness.logged_in is False
    assert agent.of.login in fitness.hint
    outcome = agent.run(agent.order())
    assert isinstance(outcome, Unable), outcome
    assert outcome.reason == "authentication"
    assert agent.of.login in outcome.hint


def snoozed(agent, order):
    """Within seconds, for as long as the service has said."""
    outcome = asyncio.run(asyncio.wait_for(agent.executor().execute(order, Witness()), 20))
    assert isinstance(outcome, Snoozed), outcome
    ahead = datetime.fromisoformat(outcome.until) - SystemClock().now()
    assert agent.of.quota - 20 < ahead.total_seconds() <= agent.of.quota, outcome


def test_a_quota_is_waited_for_elsewhere(agent):
    agent.model.push(error(429, times=None, retry_after=3600))
    snoozed(agent, agent.order())


def test_a_quota_in_the_midst_of_its_work_is_waited_for_and_the_work_goes_on(agent):
    first = agent.order()
    agent.model.push(agent.writes(first.project / "a.txt", "hello"))
    agent.model.push(error(429, times=None, retry_after=3600))
    snoozed(agent, first)
    assert (first.project / "a.txt").read_text().strip() == "hello"
    agent.model.script.clear()
    agent.model.push(agent.report())
    second = agent.order(folder=agent.folder / "runs/again", previous=first.folder, news="Go on.")
    outcome = agent.run(second)
    assert isinstance(outcome, Succeeded), outcome
    assert "Do the work." in agent.conversation()


def test_without_a_report_it_is_asked_once_more_and_then_fails(agent):
    agent.model.push(text("I think that I am done.", times=None))
    order = agent.order()
    outcome = agent.run(order)
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason == "verdict"
    assert (order.folder / order.log).read_text().count("asked for it once more") == 1


def test_doctor_is_told_version_and_login(agent):
    fitness = asyncio.run(agent.executor().examine())
    assert (fitness.usable, fitness.logged_in) == (True, True)
    assert fitness.version.count(".") == 2
