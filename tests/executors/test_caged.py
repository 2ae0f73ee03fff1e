"""The three programs where this machine can confine: they work, and the home is out of sight."""

from __future__ import annotations

import json
import os

import pytest

from taskboard.confiners.find import find_confiner
from taskboard.core.outcome import Succeeded
from taskboard.testing.offline import tool_use

SECRET = "in-the-home-51c0ffee"


@pytest.fixture
def caged(bench):
    def make(command):
        confiner = find_confiner(os.environ).confiner
        if confiner is None:
            pytest.skip("nothing confines here: taskboard doctor says why")
        found = bench(command, confiner=confiner)
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
    desk = caged("claude")
    desk.model.push(
        tool_use("Bash", {"command": look(desk), "description": "x"}),
        desk.report(),
    )
    held(desk, desk.run(order_of(desk)))
    assert "looked" in desk.told()


def test_claude_code_sees_nothing_of_another_tasks_sessions_and_keys(caged):
    desk = caged("claude")
    desk.state = desk.folder / "home/.local/state/agents"
    other = desk.state / "claude-code"
    for place in ("keys/run-of-another", "tasks/another/projects/p"):
        (other / place).mkdir(parents=True)
        (other / place / "it").write_text(SECRET)
    look = f"{{ find {desk.folder}/home -type f -exec cat {{}} +; ls {other}/* ; }} 2>&1"
    spoil = f"echo x >{other}/tasks/another/projects/p/it"
    desk.model.push(
        tool_use("Bash", {"command": f"{spoil}; {look}; echo looked", "description": "x"}),
        desk.report(artifacts=[]),
    )
    outcome = desk.run(order_of(desk))
    assert isinstance(outcome, Succeeded), outcome
    assert "looked" in desk.told()
    assert SECRET not in desk.told()
    assert "run-of-another" not in desk.told().partition("tool_result")[2]
    assert (other / "tasks/another/projects/p/it").read_text() == SECRET


def test_codex_confines_its_commands_itself_with_its_state_in_the_home(caged):
    desk = caged("codex")
    desk.state = desk.folder / "home/.local/state/taskboard"
    desk.state.mkdir(parents=True)
    (desk.state / "codex").mkdir()
    (desk.state / "codex/auth.json").write_text(json.dumps({"OPENAI_API_KEY": SECRET}))
    secrets = f"cat {desk.state}/codex/auth.json; "
    desk.model.push(tool_use("exec_command", {"cmd": secrets + look(desk)}), desk.report())
    held(desk, desk.run(order_of(desk)))
    assert "looked" in desk.told()


def test_gemini_works_in_a_cage(caged):
    desk = caged("gemini")
    desk.model.push(desk.writes(desk.folder / "project/a.txt", "hello\n"), desk.report())
    held(desk, desk.run(order_of(desk)))
