from __future__ import annotations

from datetime import datetime

import pytest
from msgspec.structs import replace

from taskboard.clock import SystemClock
from taskboard.core.outcome import NeedsInput, Snoozed, Succeeded, Unable
from taskboard.core.rights import Rights
from taskboard.testing.offline import error, text, tool_use

CANARY = "AIza-canary-51c0ffee-never-to-be-seen"


@pytest.fixture
def gemini(bench):
    return bench("gemini")


def test_its_control_files_stay_and_no_key_is_kept(gemini):
    gemini.environ["GEMINI_API_KEY"] = CANARY
    board = gemini.folder / "project" / "task-board.md"
    order = gemini.order(control=(board,), rights=Rights(network=False))
    board.write_text("mine")
    (order.project / ".env").write_text("GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:9\n")
    gemini.model.push(
        tool_use("write_file", {"file_path": str(order.project / "a.txt"), "content": "hello"}),
        tool_use("write_file", {"file_path": str(board), "content": "forged"}),
        gemini.report(),
    )
    outcome = gemini.run(order)
    assert isinstance(outcome, Succeeded), outcome
    assert (order.project / "a.txt").read_text() == "hello"
    assert board.read_text() == "mine"
    assert "run_shell_command" not in str(gemini.model.requests[0].body.get("tools"))
    assert CANARY not in gemini.told()
    assert CANARY not in gemini.kept()


def test_a_session_that_it_cannot_go_on_with_begins_anew(gemini):
    """After a tool it says the tool's answer twice when it goes on, which its service refuses."""
    first = gemini.order()
    at = str(first.project / "a.txt")
    gemini.model.push(
        tool_use("write_file", {"file_path": at, "content": "hello"}),
        gemini.report(status="question", question="Which colour?"),
    )
    assert isinstance(gemini.run(first), NeedsInput)
    gemini.model.push(
        gemini.report(), when=lambda ask: "Everything, the answer too." in ask.last_user
    )
    second = gemini.order("TASK-002", previous=first.folder, news="The answer: blue.")
    outcome = gemini.run(replace(second, prompt="Everything, the answer too."))
    assert isinstance(outcome, Succeeded), outcome


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
        gemini.report(),
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


def test_where_a_project_has_settings_it_does_not_work(gemini):
    order = gemini.order()
    (order.project / ".gemini").mkdir()
    outcome = gemini.run(order)
    assert isinstance(outcome, Unable)
    assert outcome.reason == "capability"
    assert gemini.model.requests == ()


def test_cancelled_while_it_waits_nothing_stays_behind(gemini):
    gemini.model.push(text("never", delay=60.0))
    gemini.cancel(gemini.order(), lambda: gemini.model.requests, "the request")


def test_it_is_not_waited_for_when_its_service_says_to_try_again_in_two_minutes(gemini):
    gemini.model.push(error(429, times=None, retry_after=120))
    outcome = gemini.run(gemini.order(timeout=20.0))
    assert isinstance(outcome, Snoozed), outcome
    ahead = datetime.fromisoformat(outcome.until) - SystemClock().now()
    assert 90 < ahead.total_seconds() < 180  # it adds a little of its own
