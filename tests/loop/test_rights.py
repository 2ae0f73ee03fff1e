"""What a run is allowed follows from where its task's text came from."""

from __future__ import annotations

from msgspec.structs import replace

from taskboard.core.rights import rights_of
from taskboard.loop.command import add

AGENT = "# B\n\n## TASK-001 One\n- status: ready\n- agent: claude-code\n"


def test_what_stands_on_the_board_has_a_persons_rights(staff):
    staff.desk.save(AGENT)
    staff.desk.once()

    assert staff.code.orders[0].rights == rights_of("board")
    assert staff.code.orders[0].rights.network


def test_what_a_command_adds_has_a_persons_rights_and_what_an_agent_adds_has_not(staff):
    desk = staff.desk
    desk.save("# B\n")
    desk.turn(start=True)
    for title, actor in (("By hand", "command"), ("By an agent", "agent:claude-a4b")):
        agent = (("agent", "claude-code"),)
        added = add(
            desk.ctx, desk.memory, title, status="ready", fields=agent, body="", actor=actor
        )
        desk.play(added)
    desk.once()

    by_hand, by_agent = (order.rights for order in staff.code.orders)
    assert by_hand == rights_of("command")
    assert by_agent == rights_of("agent")
    assert (by_agent.network, by_agent.closed) == (False, True)


def test_control_files_of_an_order_are_all_that_steers_the_runtime(staff):
    deciders = {"claude": {"prompt": "deciding.md"}}
    staff.desk.settings = replace(staff.desk.settings, deciders=deciders)
    staff.open()
    staff.desk.save(AGENT)
    staff.desk.once()

    root = staff.desk.workspace.root
    names = {str(path.relative_to(root)) for path in staff.code.orders[0].control}
    assert names >= {
        "task-board.md",
        "events.jsonl",
        "taskboard.toml",
        ".taskboard",
        "deadletter",
        ".git/hooks",
        "deciding.md",
    }
