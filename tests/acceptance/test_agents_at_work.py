"""All of it with a real agent program: a save, a decision, a run, proof. The model is ours."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = os.pathsep.join((str(ROOT / ".venv/agents/node_modules/.bin"), os.environ["PATH"]))


@pytest.fixture
def agents(bench, tmp_path_factory):
    shutil.copytree(ROOT / "examples/agents", bench.folder, dirs_exist_ok=True)
    before, _, rest = bench.board.read_text().partition("## TASK-002")
    bench.board.write_text(before + rest[rest.index("## TASK-003") :])
    home = tmp_path_factory.mktemp("home")
    for name in ("TASKBOARD_EXECUTOR", "TASKBOARD_DECIDER"):
        bench.environ.pop(name)
    state = tmp_path_factory.mktemp("state")
    bench.environ |= {"HOME": str(home), "PATH": PROGRAMS, "XDG_STATE_HOME": str(state)}
    return bench


@pytest.mark.skipif(
    shutil.which("claude", path=PROGRAMS) is None,
    reason="Claude Code is not installed: python3 dev.py agents fetches it",
)
def test_claude_code_completes_a_task_and_asks_about_another(agents):
    agents.environ["TASKBOARD_EXECUTOR"] = "claude-code"
    agents.run("once", "--offline-model", code=0)

    states = agents.states()
    assert states["TASK-001"] == "done"
    assert states["TASK-003"] == "blocked:ada:answer"
    assert states["TASK-004"] == "ready"
    done = next(e for e in agents.events() if e["type"] == "completed")
    assert done["agent"].startswith("claude-code-")
    assert done["data"]["verified"]
    assert [r["tier"] for r in done["data"]["receipts"]].count("artifact") == 1
    worked = [
        e for e in agents.events() if e["type"] == "step_completed" and e["step"] == "generate"
    ]
    assert all(e["data"]["usage"][0]["output"] > 0 for e in worked)
    assert {e["data"]["cost_usd"] for e in worked} == {0.0}  # it is the offline model
    decided = next(e for e in agents.events() if e["type"] == "decided")
    assert decided["data"]["by"] == "claude"
    assert decided["data"]["usage"][0]["output"] > 0

    agents.run("answer", "TASK-003", "On Monday.", code=0)
    agents.run("ready", "TASK-003", code=0)
    agents.run("once", "--offline-model", code=0)
    assert agents.states()["TASK-003"] == "done"
