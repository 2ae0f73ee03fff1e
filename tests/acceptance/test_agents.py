"""What agents may do through the real program."""

from __future__ import annotations

import sys


def test_a_task_that_a_run_adds_is_an_agents_and_its_exit_status_proves_nothing(bench):
    bench.board.write_text(
        f"# B\n\n## TASK-001 Plan\n- status: ready\n"
        f"- run: {sys.executable} -m taskboard add More --run true\n"
    )
    bench.run("once", code=0)

    added = next(t for t in bench.json("list")["tasks"] if t["task"] == "TASK-002")
    assert added["origin"] == "agent"
    assert added["state"].endswith(":evidence")
