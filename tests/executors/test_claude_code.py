from __future__ import annotations

import json
import shlex

import pytest
from msgspec.structs import replace

from taskboard.clock import SystemClock
from taskboard.core.outcome import Failed, NeedsInput, Succeeded, Unable
from taskboard.core.rights import Rights
from taskboard.run_bill import read_bill
from taskboard.testing.offline import tool_use

CANARY = "sk-canary-51c0ffee-never-to-be-seen"


class NoCage:
    """Stands where a confiner would."""

    name, lacks = "none", ()

    def wrap(self, argv, cage):
        del cage
        return list(argv)


@pytest.fixture
def claude(bench):
    return bench("claude", shell="always")


def test_what_a_run_had_used_when_it_was_ended_is_not_billed_to_the_next(claude):
    first = claude.order()
    claude.model.push(
        tool_use("Glob", {"pattern": "*"}, usage={"input_tokens": 50_000, "output_tokens": 100}),
        claude.report(commits=[], urls=[]),
        when={"has_tools": True},
    )
    file = first.folder / "bill.json"
    claude.cancel(first, file.exists, "the first answer's bill")
    assert read_bill(file.read_bytes()).used[0].input >= 50_000
    outcome = claude.run(claude.order("TASK-002", previous=first.folder, news="Go on."))
    assert isinstance(outcome, Succeeded), outcome
    assert outcome.bill.used[0].input < 50_000


def test_turns_that_are_used_up_are_told(claude):
    claude.options["max_turns"] = 1
    claude.model.push(tool_use("Bash", {"command": "true", "description": "x"}, times=None))
    outcome = claude.run(claude.order())
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason == "turns"


FOUND = "grep -ao 'sk-canary-51c0ffe[e]-never-to-be-seen'"
LOOK = (
    "env; p=$$; for up in 1 2 3; do cat /proc/$p/environ /proc/$p/cmdline; for f in /proc/$p/fd/*;"
    " do [ -f $f ] && head -c 100000 $f; [ -p $f ] && timeout 0.1 head -c 999 $f; done;"
    f" p=$(awk '/^PPid/ {{print $2}}' /proc/$p/status); done 2>&1 | {FOUND}; echo looked"
)
"""The environments and open files of the command and of those that it descends from."""


def test_its_tools_see_no_key_and_nothing_that_is_kept_holds_it(claude):
    claude.environ["ANTHROPIC_API_KEY"] = CANARY
    look = f"{LOOK}; find {claude.folder}/state -type f -exec cat {{}} + | {FOUND}"
    claude.model.push(tool_use("Bash", {"command": look, "description": "x"}), claude.report())
    outcome = claude.run(claude.order())
    assert isinstance(outcome, Succeeded), outcome
    told = claude.told()
    assert "looked" in told
    assert "TASKBOARD_RUN_ID" in told
    assert CANARY not in told
    assert CANARY not in claude.kept()
    assert not list((claude.folder / "state/claude-code/keys").iterdir())
    assert claude.model.requests[-1].headers["x-api-key"] == CANARY


def login(claude, hours):
    """What logging in leaves, good for so many hours."""
    mine = claude.folder / "home/.claude"
    mine.mkdir()
    until = (SystemClock().now().timestamp() + hours * 3600) * 1000
    words = {"accessToken": CANARY, "refreshToken": f"renew-{CANARY}", "expiresAt": until}
    (mine / ".credentials.json").write_text(json.dumps({"claudeAiOauth": words}))
    (mine.parent / ".claude.json").write_text("{}")
    claude.environ["ANTHROPIC_API_KEY"] = ""
    return mine


@pytest.mark.parametrize("how", ["login", "token"])
def test_a_subscriptions_token_reaches_the_service_and_no_tool(claude, how):
    if how == "login":
        login(claude, hours=1)
    else:
        claude.environ |= {"ANTHROPIC_API_KEY": "", "CLAUDE_CODE_OAUTH_TOKEN": CANARY}
    assert claude.executor().fitness().logged_in
    look = f"{LOOK}; find {claude.folder}/state -type f -exec cat {{}} + | {FOUND}"
    claude.model.push(tool_use("Bash", {"command": look, "description": "x"}), claude.report())
    outcome = claude.run(claude.order())
    assert isinstance(outcome, Succeeded), outcome
    asked = [r.headers["authorization"] for r in claude.model.requests]
    assert set(asked) == {f"Bearer {CANARY}"}
    assert "looked" in claude.told()
    assert CANARY not in claude.told()
    assert CANARY not in claude.kept()


def test_what_its_user_has_for_it_is_not_touched(claude):
    mine = login(claude, hours=1)
    before = {p: p.read_bytes() for p in mine.parent.rglob("*") if p.is_file()}
    look = 'echo "{}" >$CLAUDE_CONFIG_DIR/.claude.json; echo at $CLAUDE_CONFIG_DIR.'
    claude.model.push(tool_use("Bash", {"command": look, "description": "x"}), claude.report())
    assert isinstance(claude.run(claude.order()), Succeeded)
    assert f"at {claude.folder}/state/claude-code/tasks/" in claude.told()
    assert {p: p.read_bytes() for p in mine.parent.rglob("*") if p.is_file()} == before


def test_a_login_that_is_over_is_none(claude):
    login(claude, hours=-1)
    assert claude.executor().fitness().logged_in is False
    assert isinstance(claude.run(claude.order()), Unable)


def test_where_the_proxy_has_a_password_there_is_no_shell_unless_always(claude):
    claude.environ["HTTPS_PROXY"] = f"http://me:{CANARY}@127.0.0.1:9"
    claude.environ["NO_PROXY"] = "127.0.0.1"
    for wish, there in (("confined", False), ("always", True)):
        claude.options["shell"] = wish
        claude.confiner = NoCage()
        claude.model.push(claude.report())
        folder = claude.folder / "runs" / wish
        assert isinstance(claude.run(claude.order(folder=folder)), Succeeded)
        tools = [tool["name"] for tool in claude.model.requests[-1].body["tools"]]
        assert ("Bash" in tools) is there
    del claude.environ["HTTPS_PROXY"]
    claude.options["shell"] = "confined"
    claude.model.push(claude.report())
    assert isinstance(claude.run(claude.order(folder=claude.folder / "runs/last")), Succeeded)
    assert "Bash" in [tool["name"] for tool in claude.model.requests[-1].body["tools"]]


def test_what_a_tool_plants_in_its_folder_is_gone_the_next_time(claude):
    server = {"command": "/bin/sh", "args": ["-c", f"touch {claude.folder}/server-ran"]}
    hook = {"type": "command", "command": f"touch {claude.folder}/hook-ran"}
    files = {
        ".claude.json": json.dumps({"mcpServers": {"evil": server}}),
        "settings.json": json.dumps({"hooks": {"SessionStart": [{"hooks": [hook]}]}}),
    }
    plant = "; ".join(
        f"printf %s {shlex.quote(text)} >$CLAUDE_CONFIG_DIR/{n}" for n, text in files.items()
    )
    claude.model.push(
        tool_use("Bash", {"command": plant, "description": "x"}),
        claude.report(status="question", question="Which?"),
        claude.report(),
    )
    trusted = Rights(hooks=True)
    first = claude.order(rights=trusted)
    assert isinstance(claude.run(first), NeedsInput)
    folder = claude.folder / "runs/again"
    second = claude.order(rights=trusted, folder=folder, previous=first.folder, news="This.")
    assert isinstance(claude.run(second), Succeeded)
    assert "Do the work." in json.dumps(claude.model.requests[-1].body["messages"])
    assert not list(claude.folder.glob("*-ran"))


def test_nothing_that_lies_in_a_project_runs_by_itself(claude):
    order = claude.order()
    (order.project / ".claude").mkdir()
    hook = {"type": "command", "command": f"touch {claude.folder}/hook-ran"}
    hooks = {name: [{"hooks": [hook]}] for name in ("SessionStart", "UserPromptSubmit", "Stop")}
    (order.project / ".claude/settings.json").write_text(json.dumps({"hooks": hooks}))
    server = {"command": "/bin/sh", "args": ["-c", f"touch {claude.folder}/server-ran"]}
    (order.project / ".mcp.json").write_text(json.dumps({"mcpServers": {"evil": server}}))
    claude.model.push(claude.report(), claude.report())
    assert isinstance(claude.run(order), Succeeded)
    assert not list(claude.folder.glob("*-ran"))
    trusted = replace(order, rights=Rights(hooks=True), folder=claude.folder / "runs/trusted")
    assert isinstance(claude.run(trusted), Succeeded)
    assert (claude.folder / "hook-ran").exists(), "the test would not have noticed"


def test_control_files_are_refused_to_its_tools_and_a_stranger_gets_no_shell(claude):
    board = claude.folder / "project" / "task-board.md"
    order = claude.order(control=(board,), rights=Rights(network=False))
    board.write_text("mine")
    claude.model.push(
        tool_use("Read", {"file_path": str(board)}),
        tool_use("Write", {"file_path": str(board), "content": "forged"}),
        tool_use("Bash", {"command": "touch ran", "description": "x"}),
        claude.report(),
    )
    assert isinstance(claude.run(order), Succeeded)
    assert board.read_text() == "mine"
    assert "denied by your permission settings" in claude.told()
    assert not (order.project / "ran").exists()


def test_cancelled_in_a_tool_nothing_stays_behind(claude):
    order = claude.order()
    program = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"
    command = f'setsid nohup python3 -c "{program}" >/dev/null 2>&1 & python3 -c "{program}"'
    claude.model.push(tool_use("Bash", {"command": command, "description": "x"}))
    pid = order.project / "pid"
    claude.cancel(order, lambda: pid.exists() and pid.read_text(), "the tool")
    assert claude.edges().processes.identify(int(pid.read_text())) is None
    bill = read_bill((order.folder / "bill.json").read_bytes())
    assert [u.model for u in bill.used] == ["claude-sonnet-5-5"]
    assert bill.used[0].prompt > 1000
    assert bill.cost_usd is not None
