"""Commits and pages as evidence: noted at the first claim, looked for by the host, judged by the
gate. The repository and the web are the test's; looking at real ones has tests of its own."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from taskboard.core.bill import NOTHING
from taskboard.core.finding import Commit, Nothing, Page, Refs
from taskboard.core.report import Report, outcome_of
from taskboard.core.task import Run
from taskboard.errors import Refused, Untrusted
from taskboard.loop import agents, find, judge, people, proofs
from taskboard.loop.absorb import absorb
from taskboard.loop.context import Memory

AGENT = "agent:bot-1"
URL = "https://site.dev/report"
PAGE = Page(url=URL, status=200, kind="text/html", bytes=12, sha256="a" * 64)
AWAY = Nothing(problem="site.dev could not be reached: no route", passing=True)


class Web:
    """Answers with what it was given, in turn; the last answer stays."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    async def fetch(self, url):
        self.asked.append(url)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Commits:
    """A repository with commits ``old`` and a HEAD; whatever else has 40 digits is new."""

    def __init__(self, *lines, head=None, repository="r"):
        self.refs = Refs(repository=repository, lines=lines)
        self.checked_out = head
        self.notes, self.asked = 0, []

    async def note(self, project):
        self.notes += 1
        return self.refs

    async def head(self, project):
        return self.checked_out

    async def find(self, project, commit, noted):
        self.asked.append((commit, noted))
        if noted.problem or commit in noted.lines:
            return Nothing(problem=noted.problem or "it was there already")
        return Commit(id=commit.ljust(40, "0"), sha256="b" * 64)


def equip(desk, web=None, commits=None):
    """A new process with these edges."""
    given = {"web": web, "commits": commits}
    desk.ctx = replace(desk.ctx, **{k: lambda v=v: v for k, v in given.items() if v is not None})


def claim(desk, name="TASK-001"):
    async def take(ctx):
        memory = Memory()
        await absorb(ctx, memory)
        return await agents.take(ctx, memory, name, "bot-1", AGENT)

    return desk.say(take)[1].label


def complete(desk, label, **evidence):
    async def finish(ctx):
        task = await find.find_run(ctx, label)
        return await agents.finish(ctx, task, label, agents.Evidence(**evidence), AGENT)

    return desk.say(finish)


def board(desk, *fields):
    lines = "".join(f"- {field}\n" for field in fields)
    desk.save(f"# B\n\n## TASK-001 One\n- status: ready\n{lines}\nDo it.\n")


def receipts(desk, kind="completed"):
    return next(e.data["receipts"] for e in reversed(desk.facts()) if e.type == kind)


# Outside agents.


def test_a_page_that_the_host_has_fetched_completes_a_task(desk):
    equip(desk, web=Web(PAGE))
    board(desk)
    verdict = complete(desk, claim(desk), url=URL)

    assert (verdict.tier, verdict.evidence_type, verdict.verified) == ("url", "url", True)
    kept = {"url": URL, "status": 200, "bytes": 12, "type": "text/html"}
    assert [(r["detail"], r["sha256"]) for r in receipts(desk)] == [(kept, "a" * 64)]
    assert "verified (url)" in desk.board


def test_a_commit_that_the_refs_did_not_lead_to_completes_a_task(desk):
    commits = Commits("0" * 40)
    equip(desk, commits=commits)
    board(desk)
    label = claim(desk)
    verdict = complete(desk, label, commit="abcdef1")

    assert (verdict.tier, verdict.verified) == ("commit", True)
    assert commits.asked == [("abcdef1", Refs(repository="r", lines=("0" * 40,)))]
    assert receipts(desk)[0]["detail"] == {"commit": "abcdef1" + "0" * 33}


def test_what_does_not_hold_refuses_names_itself_and_leaves_the_run(desk):
    equip(desk, web=Web(Nothing(problem="site.dev answered with status 404")), commits=Commits())
    board(desk)
    label = claim(desk)

    with pytest.raises(Refused) as caught:
        complete(desk, label, url=URL, output="x" * 60)

    assert (caught.value.code, caught.value.exit_code) == ("evidence_blocked", 3)
    assert f"url {URL}: site.dev answered with status 404" in caught.value.message
    assert desk.task("TASK-001").run is not None
    assert complete(desk, label, commit="1234567").ok


def test_what_nobody_could_reach_may_be_tried_again(desk):
    equip(desk, web=Web(AWAY, PAGE))
    board(desk)
    label = claim(desk)

    with pytest.raises(Refused) as caught:
        complete(desk, label, url=URL)
    assert "Try again" in caught.value.hint

    assert complete(desk, label, url=URL).ok


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "http://site.dev/", "https://u@site.dev/"])
def test_a_url_that_is_refused_by_its_shape_is_not_asked_for(desk, url):
    web = Web(PAGE)
    equip(desk, web=web)
    board(desk)

    with pytest.raises(Refused):
        complete(desk, claim(desk), url=url)
    assert web.asked == []


def test_a_commit_is_not_looked_for_where_nothing_is_trusted(desk):
    commits = Commits()
    equip(desk, commits=commits)
    board(desk)
    label = claim(desk)
    desk.untrusted = Untrusted("not trusted")

    with pytest.raises(Untrusted):
        complete(desk, label, commit="abcdef1")
    assert commits.asked == []


# What is noted, and when.


def test_refs_are_noted_once_in_a_round_and_anew_in_the_next(desk):
    commits = Commits("0" * 40)
    equip(desk, commits=commits)
    board(desk, "max-attempts: 2")

    async def fail(ctx, label):
        await agents.give_up(ctx, await find.find_run(ctx, label), label, "no", AGENT, final=False)

    label = claim(desk)
    desk.say(fail, label)
    desk.clock.advance(600)
    label = claim(desk)
    assert commits.notes == 1
    desk.say(fail, label)
    assert desk.state("TASK-001") == "failed:exhausted_retries"
    commits.refs = Refs(repository="r", lines=("1" * 40,))
    desk.retype("- status: failed:exhausted_retries", "- status: ready")
    desk.turn()
    claim(desk)

    assert commits.notes == 2
    assert desk.task("TASK-001").refs == {"repository": "r", "lines": ["1" * 40]}


def test_many_refs_are_an_object_and_not_an_event(desk):
    lines = tuple(f"{n:040x}" for n in range(5000))
    commits = Commits(*lines)
    equip(desk, commits=commits)
    board(desk)
    label = claim(desk)

    noted = desk.task("TASK-001").refs
    assert set(noted) == {"repository", "kept"}
    complete(desk, label, commit="abcdef1")
    assert commits.asked[0][1].lines == lines


def test_refs_that_could_not_be_noted_refuse_a_commit_and_say_why(desk):
    commits = Commits()
    commits.refs = Refs(problem="it has more than 200000 refs")
    equip(desk, commits=commits)
    board(desk)

    with pytest.raises(Refused) as caught:
        complete(desk, claim(desk), commit="abcdef1")
    assert "more than 200000 refs" in caught.value.message


def test_a_command_without_a_commit_to_show_has_nothing_noted(desk):
    commits = Commits()
    equip(desk, commits=commits)
    board(desk, "run: `ok`")
    desk.turn(start=True)

    assert desk.state("TASK-001") == "done"
    assert commits.notes == 0


# Demanded on the board.


def test_a_demanded_commit_is_found_by_the_host_when_a_command_has_made_it(desk):
    commits = Commits("0" * 40, head="1" * 40)
    equip(desk, commits=commits)
    board(desk, "run: `ok`", "evidence: commit")
    desk.turn(start=True)

    assert desk.state("TASK-001") == "done"
    assert [r["tier"] for r in receipts(desk)] == ["exit", "commit"]


def test_a_command_that_has_made_none_is_spent_and_told_so(desk):
    equip(desk, commits=Commits("0" * 40, head="0" * 40))
    board(desk, "run: `ok`", "evidence: commit", "max-attempts: 1")
    desk.turn(start=True)

    assert desk.state("TASK-001") == "failed:exhausted_retries"
    assert "it was there already" in desk.task("TASK-001").refusal


def test_an_outside_agent_need_not_name_a_demanded_commit(desk):
    equip(desk, commits=Commits("0" * 40, head="1" * 40))
    board(desk, "evidence: commit")

    assert complete(desk, claim(desk), output="x" * 60).tier == "commit"


def test_a_person_s_done_is_not_enough_where_a_commit_is_demanded(desk):
    equip(desk, commits=Commits("0" * 40, head="1" * 40))
    board(desk, "evidence: commit")
    desk.turn()
    desk.retype("- status: ready", "- status: done")
    desk.turn()

    assert desk.state("TASK-001") == "ready"
    assert "evidence of tier commit is demanded" in desk.board


def test_a_person_s_done_counts_with_a_commit_made_since_the_first_claim(desk):
    equip(desk, commits=Commits("0" * 40, head="1" * 40))
    board(desk, "evidence: commit")
    label = claim(desk)

    async def release(ctx):
        await agents.hand_back(ctx, await find.find_run(ctx, label), label, AGENT)

    desk.say(release)
    desk.retype("- status: ready", "- status: done")
    desk.turn()

    assert desk.state("TASK-001") == "done"


def test_where_nothing_is_trusted_a_person_s_word_has_no_commit_looked_for(desk):
    commits = Commits("0" * 40, head="1" * 40)
    equip(desk, commits=commits)
    board(desk, "evidence: commit")
    label = claim(desk)

    async def release(ctx):
        await agents.hand_back(ctx, await find.find_run(ctx, label), label, AGENT)

    desk.say(release)
    desk.untrusted = Untrusted("not trusted")
    task = desk.task("TASK-001")

    assert not desk.say(judge.judge_person, task, by="ann").ok
    with pytest.raises(Untrusted):
        desk.say(people.say_done, task, "ann")
    assert commits.asked == []


# Agents of the daemon.


def told(order, **offered):
    said = Report(
        status="done",
        summary="It is finished: all that was asked for is there, and was looked at.",
        **offered,
    )
    return outcome_of(said, NOTHING, run=order.run, sha256="0" * 64, log=order.log)


def test_an_agent_s_page_and_commit_go_through_the_same_gate(staff):
    desk = staff.desk
    equip(desk, web=Web(PAGE), commits=Commits("0" * 40))
    staff.code.say(lambda order: told(order, urls=(URL,), commits=("abcdef1",)))
    board(desk, "agent: claude-code", "evidence: url, commit")
    desk.turn(start=True)

    assert desk.state("TASK-001") == "done"
    assert {r["tier"] for r in receipts(desk)} == {"output", "commit", "url"}


@pytest.mark.parametrize("offered", [{"urls": (URL,)}, {"commits": ("0" * 40,)}])
def test_a_false_claim_of_an_agent_s_refuses_its_work_and_is_told_to_the_next_run(staff, offered):
    desk = staff.desk
    equip(desk, web=Web(Nothing(problem="is not there")), commits=Commits("0" * 40))
    staff.code.say(lambda order: told(order, **offered))
    board(desk, "agent: claude-code")
    desk.turn(start=True)

    assert desk.task("TASK-001").spent == 1
    desk.clock.advance(60)
    desk.turn()
    assert desk.state("TASK-001") == "done"
    assert "there" in staff.code.orders[1].prompt
    assert "was not accepted" in staff.code.orders[1].prompt


def test_a_page_that_is_away_for_a_moment_is_fetched_again_in_the_same_run(staff):
    desk = staff.desk
    web = Web(AWAY, AWAY, PAGE)
    equip(desk, web=web)
    staff.code.say(lambda order: told(order, urls=(URL,)))
    board(desk, "agent: claude-code", "evidence: url")
    desk.turn(start=True)

    assert desk.state("TASK-001") == "done"
    assert len(web.asked) == 3
    assert desk.task("TASK-001").spent == 0


def test_a_page_that_stays_away_spends_the_run_and_the_work_is_not_done_twice(staff):
    desk = staff.desk
    web = Web(AWAY)
    equip(desk, web=web)
    staff.code.say(lambda order: told(order, urls=(URL,)))
    board(desk, "agent: claude-code", "evidence: url")
    desk.turn(start=True)
    task = desk.task("TASK-001")
    assert (task.spent, task.status.text.partition("2")[0]) == (1, "blocked:retry:")

    web.answers = [PAGE]
    desk.clock.advance(60)
    desk.turn()

    assert desk.state("TASK-001") == "done"
    assert len(staff.code.orders) == 1
    assert "url" in {r["tier"] for r in receipts(desk)}


def test_nothing_is_fetched_for_a_task_that_no_person_wrote(staff):
    desk = staff.desk
    web = Web(PAGE)
    equip(desk, web=web)
    board(desk, "agent: claude-code", "max-attempts: 1", "not-before: 2030-01-01T00:00Z")
    desk.turn(start=True)
    task = desk.task("TASK-001")

    async def of_an_agent(ctx, origin):
        stranger = msgspec.structs.replace(task, origin=origin)
        run = agents_run(task)
        return await proofs.agent_receipts(ctx, stranger, run, commits=(), urls=(URL,))

    refused = desk.say(of_an_agent, "agent") + desk.say(of_an_agent, "git")
    allowed = desk.say(of_an_agent, "board")

    assert [r.ok for r in refused] == [False, False]
    assert "nothing fetched for it" in refused[0].problem
    assert [r.ok for r in allowed] == [True]
    assert web.asked == [URL]


def agents_run(task):
    return Run(
        run="r",
        attempt=1,
        agent="a",
        executor="claude-code",
        device="d",
        started=task.created,
        text=task.text,
        fields=task.fields,
        actor="daemon",
    )
