from __future__ import annotations

import asyncio
import json

import pytest
from msgspec.structs import replace

from taskboard.core.outcome import Failed, NeedsInput, Snoozed, Succeeded, Unable
from taskboard.core.rights import Rights
from taskboard.testing.offline import error, text, tool_use
from taskboard.testing.rig import Witness, until

CANARY = "AIza-canary-51c0ffee-never-to-be-seen"
REPORT = {
    "status": "done",
    "summary": "Wrote it.",
    "question": "",
    "artifacts": ["a.txt"],
    "commits": [],
    "urls": [],
}


def report(**more):
    return text(json.dumps({**REPORT, **more}))


@pytest.fixture
def gemini(bench):
    return bench("gemini", "gemini", options={"model": "gemini-2.5-flash"})


def test_a_task_is_done_its_control_files_stay_and_no_key_is_kept(gemini):
    gemini.environ["GEMINI_API_KEY"] = CANARY
    board = gemini.folder / "project" / "task-board.md"
    order = gemini.order(control=(board,), rights=Rights(network=False))
    board.write_text("mine")
    (order.project / ".env").write_text("GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:9\n")
    gemini.model.push(
        tool_use("write_file", {"file_path": str(order.project / "a.txt"), "content": "hello"}),
        tool_use("write_file", {"file_path": str(board), "content": "forged"}),
        report(),
    )
    witness = Witness()
    outcome = gemini.run(order, witness)
    assert isinstance(outcome, Succeeded), outcome
    assert (order.project / "a.txt").read_text() == "hello"
    assert board.read_text() == "mine"
    assert (outcome.output, outcome.artifacts) == ("Wrote it.", ("a.txt",))
    assert [u.model for u in outcome.bill.used] == ["gemini-2.5-flash"]
    assert any("write_file" in said for said in witness.texts)
    assert "run_shell_command" not in str(gemini.model.requests[0].body.get("tools"))
    assert CANARY not in gemini.told()
    assert CANARY not in gemini.kept()
    assert sorted(p.name for p in order.folder.iterdir()) == [
        "bill.json",
        "output.log",
        "session.json",
        "stderr.log",
    ]


def test_after_an_answer_the_same_session_goes_on(gemini):
    first = gemini.order()
    gemini.model.push(report(status="question", question="Which colour?"), report())
    assert isinstance(gemini.run(first), NeedsInput)
    second = gemini.order("TASK-002", previous=first.folder, news="The answer: blue.")
    outcome = gemini.run(second)
    assert isinstance(outcome, Succeeded), outcome
    last = json.dumps(gemini.model.requests[-1].body["contents"])
    assert "Do the work." in last
    assert "The answer: blue." in last
    assert "begun anew" not in (second.folder / second.log).read_text()


def test_a_session_that_it_cannot_go_on_with_begins_anew(gemini):
    """After a tool it says the tool's answer twice when it goes on, which its service refuses."""
    first = gemini.order()
    at = str(first.project / "a.txt")
    gemini.model.push(
        tool_use("write_file", {"file_path": at, "content": "hello"}),
        report(status="question", question="Which colour?"),
    )
    assert isinstance(gemini.run(first), NeedsInput)
    gemini.model.push(report(), when=lambda ask: "Everything, the answer too." in ask.last_user)
    second = gemini.order("TASK-002", previous=first.folder, news="The answer: blue.")
    outcome = gemini.run(replace(second, prompt="Everything, the answer too."))
    assert isinstance(outcome, Succeeded), outcome


def test_a_session_that_is_gone_begins_anew_with_the_whole_prompt(gemini):
    gone = gemini.folder / "gone"
    gone.mkdir()
    data = {"program": "gemini", "session": "a0405029-6544-4590-91d0-c3437085a62e"}
    (gone / "session.json").write_text(json.dumps(data))
    gemini.model.push(report())
    order = gemini.order(previous=gone, news="Go on.")
    assert isinstance(gemini.run(order), Succeeded)
    assert "begun anew" in (order.folder / order.log).read_text()
    assert "Do the work." in gemini.told()


def test_only_control_files_themselves_are_refused_however_they_are_spelled(gemini):
    root = gemini.folder / "project"
    names = ("task-board.md", ".git/hooks", ".git/config", ".git/modules", ".taskboard")
    order = gemini.order(control=tuple(root / name for name in names))
    free = [
        "config/app.yaml",
        "src/hooks/useX.ts",
        f"{root}/src/modules/a.ts",
        "./my-task-board.md",
    ]
    held = [
        *("task-board.md", "./task-board.md", "././task-board.md", f"{root}/task-board.md"),
        *("x/../task-board.md", f"{root}//task-board.md", f"{root}/../project/task-board.md"),
        *(".git/hooks/pre-commit", f"{root}/.git/config", ".git/./config", ".taskboard/trust"),
        'x"/../task-board.md',
    ]
    (root / ".git/hooks").mkdir(parents=True)
    gemini.model.push(
        *[tool_use("write_file", {"file_path": path, "content": "by it"}) for path in free + held],
        report(),
    )
    outcome = gemini.run(order)
    assert isinstance(outcome, Succeeded), outcome
    written = [p.relative_to(root) for p in root.rglob("*") if p.is_file()]
    assert sorted(map(str, written)) == [
        "config/app.yaml",
        "my-task-board.md",
        "src/hooks/useX.ts",
        "src/modules/a.ts",
    ]


def test_a_refused_key_and_no_key_are_unable(gemini):
    gemini.model.push(error(401, times=None))
    outcome = gemini.run(gemini.order())
    assert isinstance(outcome, Unable), outcome
    assert outcome.reason == "authentication"
    gemini.environ["GEMINI_API_KEY"] = ""
    assert not gemini.executor().fitness().usable
    outcome = gemini.run(gemini.order("TASK-002"))
    assert isinstance(outcome, Unable), outcome
    assert "GEMINI_API_KEY" in outcome.hint


def test_a_quota_is_waited_for_elsewhere(gemini):
    gemini.model.push(error(429, times=None))
    outcome = gemini.run(gemini.order())
    assert isinstance(outcome, Snoozed), outcome


def test_prose_instead_of_a_report_is_asked_about_once_and_then_fails(gemini):
    gemini.model.push(text("I think that I am done.", times=None))
    order = gemini.order()
    outcome = gemini.run(order)
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason == "verdict"
    assert (order.folder / order.log).read_text().count("asked for it once more") == 1


def test_where_a_project_has_settings_it_does_not_work(gemini):
    order = gemini.order()
    (order.project / ".gemini").mkdir()
    outcome = gemini.run(order)
    assert isinstance(outcome, Unable)
    assert outcome.reason == "capability"
    assert gemini.model.requests == ()


def test_cancelled_while_it_waits_nothing_stays_behind(gemini):
    gemini.model.push(text("never", delay=60.0))

    async def cancel():
        witness = Witness()
        work = asyncio.create_task(gemini.executor().execute(gemini.order(), witness))
        await until(lambda: bool(gemini.model.requests) or work.done(), "the request")
        work.cancel()
        outcome = (await asyncio.gather(work, return_exceptions=True))[0]
        assert isinstance(outcome, asyncio.CancelledError), outcome
        return witness.groups

    for group in asyncio.run(cancel()):
        assert not gemini.edges().processes.alive(group)


def test_doctor_is_told_version_and_login(gemini):
    fitness = asyncio.run(gemini.executor().examine())
    assert (fitness.usable, fitness.logged_in) == (True, True)
    assert fitness.version.count(".") == 2
