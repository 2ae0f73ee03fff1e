"""The command of setting ``notify``, as the machine really runs it."""

from __future__ import annotations

import asyncio
import json
import os

from taskboard.clock import SystemClock
from taskboard.config import load
from taskboard.core.event import Event
from taskboard.core.notice import Outbox, single, summary
from taskboard.core.redact import Redactor
from taskboard.disk import DiskFiles
from taskboard.loop.bell import CommandBell
from taskboard.processes import SystemProcesses
from taskboard.workspace import Workspace

SECRET = "hunter2-hunter2"
FACTS = {"TASKBOARD_TASK": "TASK-001", "TASKBOARD_TITLE": "$(touch pwned) `id`; \"'\n\0x"}


def bell_in(folder, command, **more):
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "MY_TOKEN": SECRET, "OPEN": "yes"}
    made = {"environ": environ, "names": ("OPEN",), "redactor": Redactor([SECRET]), **more}
    return CommandBell(
        command,
        workspace=Workspace(folder / "task-board.md"),
        files=DiskFiles(),
        clock=SystemClock(),
        processes=SystemProcesses(),
        **made,
    )


def ring(folder, command, document=None, variables=FACTS, **more):
    return asyncio.run(bell_in(folder, command, **more).ring(variables, document or {}))


def test_a_script_gets_the_facts_as_variables_and_as_json_on_its_input(tmp_path):
    script = tmp_path / "tell.sh"
    script.write_text('#!/bin/sh\ncat > got.json\nprintf "%s" "$TASKBOARD_TITLE" > title.txt\n')
    script.chmod(0o755)
    assert ring(tmp_path, "./tell.sh", {"title": "Wörk"}) == ("", "")
    assert json.loads((tmp_path / "got.json").read_text()) == {"title": "Wörk"}
    assert (tmp_path / "title.txt").read_text() == FACTS["TASKBOARD_TITLE"].replace("\0", "")
    assert not (tmp_path / "pwned").exists(), "no word of a task becomes part of the command"


def test_its_environment_is_that_of_a_run_and_it_is_no_run(tmp_path):
    assert ring(tmp_path, "env > env.txt") == ("", "")
    found = dict(
        line.split("=", 1)
        for line in (tmp_path / "env.txt").read_text().splitlines()
        if "=" in line
    )
    assert found["TASKBOARD_BOARD"] == str(tmp_path / "task-board.md")
    assert found["OPEN"] == "yes"
    assert "MY_TOKEN" not in found
    assert "TASKBOARD_RUN" not in found


def test_a_failure_says_how_it_failed_and_the_end_of_what_was_said_without_secrets(tmp_path):
    said = (
        f"i=0; while [ $i -lt 200 ]; do echo chatter $i; i=$((i+1)); done; echo {SECRET}; exit 7"
    )
    rung = ring(tmp_path, said)
    assert rung.problem == "exit status 7"
    assert rung.said.endswith("[redacted]")
    assert SECRET not in rung.said
    assert len(rung.said) <= 500


def test_it_is_ended_when_it_takes_too_long_with_all_it_has_started(tmp_path):
    rung = ring(tmp_path, "sleep 1000 & echo $! > pid; sleep 1000", patience=0.5)
    assert rung.problem == "it was ended after 0s"
    assert SystemProcesses().identify(int((tmp_path / "pid").read_text())) is None


def test_a_command_that_is_not_there_is_a_problem_and_no_exception(tmp_path):
    rung = ring(tmp_path, "./nowhere")
    assert rung.problem in ("exit status 127", "exit status 126")
    (tmp_path / ".taskboard" / "notify.json").unlink()
    (tmp_path / ".taskboard" / "notify.json").mkdir()
    assert ring(tmp_path, "true").problem.startswith("it cannot be started")


def test_only_one_process_tells(tmp_path):
    one, two = bell_in(tmp_path, "true"), bell_in(tmp_path, "true")
    assert one.take()
    assert one.take()
    assert not two.take()
    one.leave()
    assert two.take()
    two.leave()


def event(**more):
    known = dict.fromkeys(Event.__struct_fields__)
    known |= {
        "v": 1, "seq": 7, "ts": "2026-11-20T12:00:00.000000Z", "type": "completed",
        "task": "TASK-001", "from_": "running:x:2026-11-20T11:00Z", "to": "done",
        "actor": "daemon", "device": "desk", "task_id": "id-1", "id": "e-7",
        "data": {"tier": "exit"}, "more": 0,
        "run": "r-1", "prev": "", "hash": "",
    }  # fmt: skip
    return Event(**{**known, **more})


def test_no_fact_is_taken_for_a_setting_by_commands_within(tmp_path):
    box = Outbox(0)
    box.take(event())
    for notice in (single(event(), None), summary(box, {})):
        load(Workspace(tmp_path / "task-board.md"), {"HOME": str(tmp_path), **notice.variables})
