"""A ledger that was rolled back or came from elsewhere starts nothing; `fork` goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

BOARD = """\
# Board

## TASK-001 First
- status: ready
- run: echo first >> log.txt
- artifacts: log.txt

## TASK-002 Second
- status: todo
- run: echo second >> log.txt
"""
WRITING = [
    ["init"],
    ["run"],
    ["once"],
    ["add", "x"],
    ["ready", "TASK-002"],
    ["block", "TASK-002", "ada", "brief"],
    ["cancel", "TASK-002"],
    ["done", "TASK-002"],
    ["answer", "TASK-002", "yes"],
    ["pause"],
    ["resume"],
    ["claim", "TASK-002", "--agent", "me"],
    ["heartbeat", "TASK-001@1"],
    ["complete", "TASK-001@1"],
    ["fail", "TASK-001@1", "--reason", "x"],
    ["release", "TASK-001@1"],
    ["approve", "TASK-002"],
    ["accept"],
]
READING = [
    ["list"],
    ["list", "--next"],
    ["status"],
    ["show", "TASK-001"],
    ["why", "TASK-002"],
    ["tail"],
    ["trust"],
]


@pytest.fixture
def work(desk):
    """A workspace in which one task is done and another is open."""
    desk.write(BOARD)
    desk.ok("init")
    desk.ok("trust")
    assert desk.ok("once")["completed"] == ["TASK-001"]
    return desk


def ledger(desk) -> Path:
    return desk.folder / "events.jsonl"


def lines(desk) -> list[bytes]:
    return ledger(desk).read_bytes().splitlines(keepends=True)


def states(desk) -> dict[str, str]:
    return {t["task"]: t["state"] for t in desk.ok("list")["tasks"]}


def go(desk, monkeypatch, folder: Path):
    """The same person in another folder."""
    monkeypatch.chdir(folder)
    return type(desk)(folder, desk._capsys, monkeypatch)


def copied(desk, monkeypatch):
    shutil.copytree(desk.folder, desk.folder.parent / "copy")
    return go(desk, monkeypatch, desk.folder.parent / "copy")


def roll_back(desk, more=("add", "Third", "--run", "true")) -> bytes:
    """Go on a little, then restore the backup made before; the newer file."""
    backup = ledger(desk).read_bytes()
    desk.ok(*more)
    newer = ledger(desk).read_bytes()
    ledger(desk).write_bytes(backup)
    return newer


@pytest.fixture(params=["rolled back", "copied", "from another machine"])
def doubted(request, work, monkeypatch):
    """A workspace whose ledger may not be written to, and the error's code."""
    if request.param == "rolled back":
        roll_back(work)
        return work, "ledger_rollback"
    if request.param == "copied":
        work = copied(work, monkeypatch)
        work("trust")
    else:
        monkeypatch.setenv("XDG_STATE_HOME", str(work.folder.parent / "other-state"))
        work("trust")
    return work, "ledger_foreign"


@pytest.mark.parametrize("words", WRITING, ids=lambda words: words[0])
def test_whatever_would_append_is_refused_and_changes_nothing(doubted, words):
    desk, code = doubted
    (desk.folder / ".gitignore").touch()
    before = desk.files()
    said = desk(*words, "--json")
    assert (said.code, said.error["code"]) == (65, code)
    assert "taskboard fork" in said.error["hint"]
    assert desk.files() == before


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_what_only_reads_works_and_says_it_on_stderr(doubted, words):
    desk, _code = doubted
    before = desk.files()
    said = desk(*words)
    assert said.code == 0
    assert "events.jsonl" in said.err
    assert len(said.err.splitlines()) <= 4
    assert desk.files() == before
    assert desk(*words, "--json").err == ""


def test_the_trust_override_does_not_lift_it(doubted, monkeypatch):
    desk, code = doubted
    monkeypatch.setenv("TASKBOARD_TRUST", "1")
    assert desk("once", "--json").error["code"] == code


def test_status_check_and_doctor_name_it(doubted):
    desk, code = doubted
    number = "TB407" if code == "ledger_rollback" else "TB408"
    assert "events.jsonl" in desk.ok("status")["held"]
    said = desk("check", "--json")
    assert said.code == 1
    assert number in [d["code"] for d in said.json["diagnoses"]]
    checks = {c["name"]: c for c in desk("doctor", "--json").json["checks"]}
    assert not checks["ledger"]["ok"]
    assert "taskboard fork" in checks["ledger"]["hint"]
    assert checks["board"]["ok"]


def test_verify_proves_a_copy_whole_and_a_cut_not(doubted):
    desk, code = doubted
    said = desk("verify", "--json")
    if code == "ledger_foreign":
        assert (said.code, said.json["fault"]) == (0, None)
    else:
        fault = said.json["fault"]
        assert (said.code, said.json["ok"]) == (65, False)
        assert (fault["seq"], fault["byte"]) == (len(lines(desk)) + 1, ledger(desk).stat().st_size)


def test_a_fork_goes_on_with_every_task_as_it_was(doubted):
    desk, _code = doubted
    before, old = states(desk), ledger(desk).read_bytes()
    made = desk.ok("fork")
    first = json.loads(lines(desk)[0])
    named = {key: made["forked_from"][key] for key in ("ledger_id", "seq", "head")}
    assert first["data"] == {
        "ledger_id": made["ledger_id"],
        "board": "task-board.md",
        "forked_from": named,
    }
    assert named["seq"] == len(old.splitlines())
    assert named["head"] == json.loads(old.splitlines()[-1])["hash"]
    assert Path(made["forked_from"]["file"]).read_bytes() == old
    assert made["trusted"]
    now = states(desk)
    assert {name: now[name] for name in before} == before
    assert desk.ok("verify")["ok"]
    assert desk("doctor").code == 0
    desk.ok("ready", "TASK-002")
    ran = desk.ok("once")
    assert "TASK-001" not in ran["started"]
    assert "TASK-002" in ran["completed"]
    assert (desk.folder / "log.txt").read_text().splitlines().count("first") == 1


def test_the_history_of_a_task_is_still_there(work, monkeypatch):
    there = copied(work, monkeypatch)
    before = there.ok("show", "TASK-001")
    there.ok("fork")
    after = there.ok("show", "TASK-001")
    for key in ("text", "fields", "runs", "receipts"):
        assert after[key] == before[key]
    assert after["task"]["task_id"] == before["task"]["task_id"]
    assert after["task"]["attempt"] == 1


def test_the_newer_file_put_back_goes_on(work):
    newer = roll_back(work)
    assert work("once").code == 65
    ledger(work).write_bytes(newer)
    assert work.ok("once")["completed"] == ["TASK-003"]


def test_a_moved_folder_goes_on(work, monkeypatch):
    other = work.folder.parent / "elsewhere"
    work.folder.rename(other)
    there = go(work, monkeypatch, other)
    there.ok("add", "Third", "--status", "todo")
    assert there.task("TASK-003")["state"] == "open"
    other.rename(work.folder)
    assert go(work, monkeypatch, work.folder).ok("add", "Fourth")["task"] == "TASK-004"


def test_a_copy_whose_original_is_gone_goes_on(work, monkeypatch):
    there = copied(work, monkeypatch)
    assert there("pause").code == 65
    shutil.rmtree(work.folder)
    there.ok("pause")


def test_the_original_is_not_held_up_by_its_copy(work, monkeypatch):
    there = copied(work, monkeypatch)
    there.ok("fork")
    there.ok("add", "There", "--status", "todo")
    here = go(work, monkeypatch, work.folder)
    assert here.ok("add", "Here", "--status", "todo")["task"] == "TASK-003"
    assert here.task("TASK-003")["title"] == "Here"


def test_a_link_to_the_workspace_is_no_copy(work, monkeypatch):
    link = work.folder.parent / "link"
    link.symlink_to(work.folder)
    go(work, monkeypatch, link).ok("pause")


def test_a_fork_may_be_forked(work, monkeypatch):
    first = copied(work, monkeypatch)
    made = first.ok("fork")
    shutil.copytree(first.folder, first.folder.parent / "copy of copy")
    second = go(work, monkeypatch, first.folder.parent / "copy of copy")
    assert second("once", "--json").error["code"] == "ledger_foreign"
    again = second.ok("fork")
    assert again["forked_from"]["ledger_id"] == made["ledger_id"]
    assert len(list((second.folder / ".taskboard/quarantine").iterdir())) == 2
    assert states(second)["TASK-001"] == "done"


def test_a_sound_ledger_may_be_forked_deliberately(work):
    old = json.loads(lines(work)[0])["data"]["ledger_id"]
    assert work.ok("fork")["forked_from"]["ledger_id"] == old
    assert work.ok("once")["started"] == []


def test_ids_of_the_old_ledger_are_not_given_again(work, monkeypatch):
    work.ok("add", "Third", "--status", "todo")
    text = work.board.read_text()
    there = copied(work, monkeypatch)
    there.write(text[: text.index("## TASK-003")])
    there.ok("fork")
    assert there.ok("add", "Fourth", "--status", "todo")["task"] == "TASK-004"


def test_runs_of_the_original_are_handed_back_in_the_copy_and_go_on_where_they_are(
    work, monkeypatch
):
    work.ok("ready", "TASK-002")
    run = work.ok("claim", "TASK-002", "--agent", "me")
    there = copied(work, monkeypatch)
    there.ok("fork")
    there.ok("trust")
    task = there.task("TASK-002")
    assert (task["state"], task["attempt"], task["spent"]) == ("ready", 1, 0)
    assert there("complete", run["label"], "--json").error["code"] == "stale_run"
    assert there.ok("claim", "TASK-002", "--agent", "you")["attempt"] == 2
    here = go(work, monkeypatch, work.folder)
    done = here.ok("complete", run["label"], "--output", "x" * 60)
    assert done["state"] == "done"


def test_what_was_done_after_the_backup_stays_done_and_is_not_repeated(work):
    work.ok("ready", "TASK-002")
    backup = ledger(work).read_bytes()
    assert work.ok("once")["completed"] == ["TASK-002"]
    result = next(line for line in work.board.read_text().splitlines() if "ran (exit)" in line)
    ledger(work).write_bytes(backup)
    assert states(work)["TASK-002"] == "ready"
    made = work.ok("fork")
    assert made["held"] == []
    assert states(work)["TASK-002"] == "done"
    assert result in work.board.read_text()
    assert work.ok("once")["started"] == []
    assert (work.folder / "log.txt").read_text().splitlines().count("second") == 1


def test_what_had_failed_after_the_backup_is_held_for_a_person(work):
    work.write(work.board.read_text().replace("echo second >> log.txt", "exit 1"))
    work.ok("ready", "TASK-002")
    backup = ledger(work).read_bytes()
    run = work.ok("claim", "TASK-002", "--agent", "me")
    work.ok("fail", run["label"], "--reason", "no", "--final")
    ledger(work).write_bytes(backup)
    made = work.ok("fork")
    assert made["held"] == ["TASK-002"]
    assert "- status: blocked:ada:fork" in work.board.read_text()
    assert work.ok("once")["started"] == []
    assert work.ok("ready", "TASK-002")["state"] == "ready"


def test_what_was_running_after_the_backup_is_held_and_stays_held(work):
    work.write(work.board.read_text().replace("- status: todo", "- status: ready"))
    work.ok("pause")  # the save that says `ready` is the last that was read
    work.ok("resume")
    backup = ledger(work).read_bytes()
    work.ok("claim", "TASK-002", "--agent", "me")
    ledger(work).write_bytes(backup)
    assert work.ok("fork")["held"] == ["TASK-002"]
    for _ in range(2):
        assert work.ok("once")["started"] == []
        assert "- status: blocked:ada:fork" in work.board.read_text()
    assert work.ok("ready", "TASK-002")["state"] == "ready"


def test_what_is_typed_over_a_lost_run_is_still_read(work):
    work.write(work.board.read_text().replace("- status: todo", "- status: ready"))
    work.ok("pause")
    work.ok("resume")
    backup = ledger(work).read_bytes()
    work.ok("claim", "TASK-002", "--agent", "me")
    ledger(work).write_bytes(backup)
    shown = next(n for n in work.board.read_text().splitlines() if "running:me" in n)
    work.write(work.board.read_text().replace(shown, "- status: blocked:kim:brief"))
    work.ok("fork")
    assert "- status: blocked:kim:brief" in work.board.read_text()
    assert states(work)["TASK-002"] == "blocked:kim:brief"


def test_a_task_made_after_the_backup_is_read_from_the_board_again(work):
    roll_back(work, ("add", "Third", "--run", "echo third >> log.txt"))
    work.ok("fork")
    assert work.task("TASK-003")["state"] == "ready"
    assert work.ok("once")["completed"] == ["TASK-003"]


def test_a_task_made_and_done_after_the_backup_is_not_run_again(work):
    backup = ledger(work).read_bytes()
    work.ok("add", "Third", "--run", "echo third >> log.txt")
    assert work.ok("once")["completed"] == ["TASK-003"]
    ledger(work).write_bytes(backup)
    work.ok("fork")
    assert work.ok("once")["started"] == []
    assert work.task("TASK-003")["state"] == "done"
    assert (work.folder / "log.txt").read_text().splitlines().count("third") == 1


def test_without_the_machines_own_folder_the_ledger_is_still_known(work):
    shutil.rmtree(work.folder / ".taskboard")
    work.ok("add", "Third", "--run", "true")
    assert work.ok("once")["completed"] == ["TASK-003"]
    assert states(work)["TASK-001"] == "done"


def test_a_fork_needs_a_ledger(desk):
    desk.write(BOARD)
    said = desk("fork", "--json")
    assert (said.code, said.error["code"]) == (66, "no_workspace")
    assert not ledger(desk).exists()


def test_a_damaged_ledger_is_not_forked(work):
    data = ledger(work).read_bytes()
    ledger(work).write_bytes(data.replace(b"created", b"creatXd", 1))
    before = ledger(work).read_bytes()
    said = work("fork", "--json")
    assert (said.code, said.error["code"]) == (65, "corrupt")
    assert ledger(work).read_bytes() == before


def test_a_fork_that_others_could_write_to_is_refused(work):
    work.board.chmod(0o666)
    before = ledger(work).read_bytes()
    assert work("fork", "--json").error["code"] == "untrusted"
    assert ledger(work).read_bytes() == before


def test_a_fork_waits_for_no_daemon_and_takes_nothing_from_it(work):
    from tests.cli.test_daemon_command import running

    before = ledger(work).read_bytes()[:200]
    with running(work.folder) as daemon:
        daemon.until("Ctrl-C")
        said = work("fork", "--json")
        assert (said.code, said.error["code"]) == (4, "held")
        assert daemon.stop(signal.SIGTERM) == 0
    assert ledger(work).read_bytes()[:200] == before
    work.ok("fork")


def test_trust_in_another_ledger_is_no_trust_in_this_one(work, monkeypatch):
    other = work.folder.parent / "other"
    other.mkdir()
    there = go(work, monkeypatch, other)
    there.write("# Other\n")
    there.ok("init")
    shutil.copy(there.folder / "events.jsonl", ledger(work))
    (there.folder / "events.jsonl").unlink()
    here = go(work, monkeypatch, work.folder)
    checks = {c["name"]: c for c in here("doctor", "--json").json["checks"]}
    assert checks["ledger"]["ok"], "this machine made it, and its folder is gone"
    assert "another ledger" in checks["trust"]["message"]
    assert here("once", "--json").error["code"] == "untrusted"
    assert not here.ok("fork")["trusted"]


def test_a_fork_says_what_it_kept_and_what_comes_next(work, monkeypatch):
    there = copied(work, monkeypatch)
    said = there("fork")
    assert "A new ledger with 2 tasks goes on here." in said.out
    assert ".taskboard/quarantine/" in said.out
    assert "taskboard trust" in said.out
    assert said.err == ""


def test_a_state_folder_that_cannot_be_written_is_told_before_a_ledger_begins(desk, monkeypatch):
    blocked = desk.folder.parent / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", os.fspath(blocked))
    desk.write(BOARD)
    said = desk("add", "x", "--json")
    assert (said.code, said.error["code"]) == (75, "storage")
    assert "XDG_STATE_HOME" in said.error["hint"]
    assert ledger(desk).read_bytes() == b""
