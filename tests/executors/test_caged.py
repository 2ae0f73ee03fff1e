"""The three programs where this machine can confine: they work, and the home is out of sight."""

from __future__ import annotations

import json
import os

import pytest

from taskboard.confiners.find import find_confiner
from taskboard.core.outcome import Succeeded
from taskboard.testing.offline import text, tool_use

SECRET = "in-the-home-51c0ffee"
REPORT = {"status": "done", "summary": "Wrote it.", "artifacts": ["a.txt"], "question": ""}


@pytest.fixture
def caged(bench):
    def make(name, command, **options):
        confiner = find_confiner(os.environ).confiner
        if confiner is None:
            pytest.skip("nothing confines here: taskboard doctor says why")
        found = bench(name, command, confiner=confiner, options=options)
        (found.folder / "home/secret").write_text(SECRET)
        (found.folder / "project").mkdir()
        (found.folder / "project/task-board.md").write_text("mine")
        return found

    return make


def order_of(desk):
    return desk.order(control=(desk.folder / "project/task-board.md",))


def held(desk, outcome):
    assert isinstance(outcome, Succeeded), (outcome, desk.kept()[-3000:])
    assert (desk.folder / "project/a.txt").read_text() == "hello\n"
    assert (desk.folder / "project/task-board.md").read_text() == "mine"
    assert SECRET not in desk.told()


def look(desk):
    secret = desk.folder / "home/secret"
    forge = 'python3 -c \'open(chr(116) + "ask-board.md", "w")\''  # past its own rules
    return f"cat {secret}; {forge}; echo hello >a.txt; echo looked"


def test_claude_code_has_a_shell_in_a_cage(caged):
    desk = caged("claude_code", "claude")
    desk.model.push(
        tool_use("Bash", {"command": look(desk), "description": "x"}),
        tool_use("StructuredOutput", REPORT),
    )
    held(desk, desk.run(order_of(desk)))
    assert "looked" in desk.told()


def test_codex_confines_its_commands_itself_with_its_state_in_the_home(caged):
    desk = caged("codex", "codex", model="gpt-6.1-sol")
    desk.state = desk.folder / "home/.local/state/taskboard"
    desk.state.mkdir(parents=True)
    (desk.state / "codex").mkdir()
    (desk.state / "codex/auth.json").write_text(json.dumps({"OPENAI_API_KEY": SECRET}))
    secrets = f"cat {desk.state}/codex/auth.json; "
    desk.model.push(
        tool_use("exec_command", {"cmd": secrets + look(desk)}), text(json.dumps(REPORT))
    )
    held(desk, desk.run(order_of(desk)))
    assert "looked" in desk.told()


def test_gemini_works_in_a_cage(caged):
    desk = caged("gemini", "gemini", model="gemini-2.5-flash")
    at = str(desk.folder / "project/a.txt")
    desk.model.push(
        tool_use("write_file", {"file_path": at, "content": "hello\n"}), text(json.dumps(REPORT))
    )
    held(desk, desk.run(order_of(desk)))
