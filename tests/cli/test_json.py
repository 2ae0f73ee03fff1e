"""The JSON of every command, key by key: programs rely on it."""

from __future__ import annotations

import pytest

T = set(
    "task task_id title state kind runnable why pending priority owner agent parent children "
    "needs run attempt spent max_attempts tier verified origin line updated".split()
)
R = set(
    "run attempt agent executor device started ended outcome reason exit_code duration_s cost_usd "
    "log steps".split()
)
E = {"tier", "run", "ok", "verified", "detail", "sha256"}
D = {"code", "severity", "file", "line", "column", "task", "message", "hint"}
CHANGE = {"task", "task_id", "run", "attempt", "state", "seq"}


def keys(document, kind, names):
    assert document["schema_version"] == 1
    assert document["kind"] == kind
    assert set(document) == {"schema_version", "kind", *names}


def claimed(board, **more):
    name = board.ok("add", "Work", *(f"--field={k}={v}" for k, v in more.items()))["task"]
    return board.ok("claim", name, "--agent", "robot")


def test_add_answers_with_the_new_task(board):
    made = board.ok("add", "Compare prices", "--run", "true")
    keys(made, "add", {"task", "task_id", "state"})
    assert (made["task"], made["state"]) == ("TASK-001", "ready")


def test_list_has_tasks_and_diagnoses_in_full(board):
    board.ok("add", "Parent", "--priority", "high", "--agent", "claude", "--owner", "siyao")
    board.write(board.board.read_text() + "\n## TASK-009 Broken\n- status: ready for review\n")
    found = board.ok("list")
    keys(found, "list", {"seq", "tasks", "diagnoses"})
    assert all(set(t) == T for t in found["tasks"])
    assert found["diagnoses"]
    assert all(set(d) == D for d in found["diagnoses"])
    first = found["tasks"][0]
    assert first["priority"] == "high"
    assert first["agent"] == "claude"
    assert first["owner"] == "siyao"
    assert first["line"] == 3


def test_an_unset_field_is_null_and_never_missing(board):
    board.ok("add", "Work", "--run", "true")
    task = board.task("TASK-001")
    assert [task[k] for k in ("priority", "agent", "parent", "run", "tier", "why")] == [None] * 6
    assert task["children"] == task["needs"] == []
    assert task["owner"] == "ada"


def test_a_parent_names_its_children_and_a_child_its_parent(board):
    board.write(
        "# Board\n\n## TASK-001 Top\n- status: ready\n\n### TASK-002 Part\n- status: todo\n"
    )
    first, second = board.ok("list")["tasks"]
    assert first["children"] == ["TASK-002"]
    assert second["parent"] == "TASK-001"


def test_show_has_the_whole_history(board):
    board.ok("add", "Work", "--run", "echo hello", "--body", "Be quick about it.")
    board.ok("once")
    found = board.ok("show", "TASK-001")
    keys(
        found,
        "show",
        {
            "task",
            "text",
            "fields",
            "next",
            "runs",
            "receipts",
            "questions",
            "decisions",
            "events",
        },
    )
    assert [d["action"] for d in found["decisions"]] == ["start"]
    assert set(found["decisions"][0]) == set(
        "seq at by action reason executor model fallback outdated cost_usd".split()
    )
    assert set(found["task"]) == T
    assert found["text"] == "Be quick about it."
    assert found["fields"] == {"run": "echo hello"}
    assert [set(r) for r in found["runs"]] == [R]
    assert [set(s) for s in found["runs"][0]["steps"]] == [{"step", "state", "started", "ended"}]
    assert found["runs"][0]["exit_code"] in (0, None)
    assert (board.folder / found["runs"][0]["log"]).read_text() == "hello\n"
    assert [set(e) for e in found["receipts"]] == [E]
    assert [e["type"] for e in found["events"]][:2] == ["created", "claimed"]
    assert {"from", "to", "seq", "hash", "prev"} <= set(found["events"][0])


def test_show_says_what_may_come_next(board):
    board.ok("add", "Work", "--status", "todo")
    assert "unblocked" in board.ok("show", "task-001")["next"]


def test_why_names_the_rule_and_what_clears_it(board):
    board.ok("add", "First", "--status", "todo")
    board.ok("add", "Second", "--run", "true", "--needs", "TASK-001")
    found = board.ok("why", "TASK-002")
    keys(found, "why", {"task", "runnable", "rule", "text", "clear"})
    assert (found["runnable"], found["rule"]) == (False, "needs")
    assert found["clear"] == ["TASK-001 is done"]


def test_why_of_what_may_run_has_no_rule(board):
    board.ok("add", "Work", "--run", "true")
    found = board.ok("why", "TASK-001")
    assert (found["runnable"], found["rule"], found["clear"]) == (True, None, [])


def test_claim_answers_with_the_lease(board):
    found = claimed(board)
    keys(
        found,
        "claim",
        {"task", "task_id", "run", "attempt", "label", "state", "agent", "lease"},
    )
    assert found["label"] == "TASK-001@1"
    assert found["state"].startswith("running:robot:")
    assert set(found["lease"]) == {"ttl_s", "expires"}
    assert found["lease"]["ttl_s"] == 900


def test_heartbeat_moves_the_end_of_the_claim(board):
    run = claimed(board)
    found = board.ok("heartbeat", run["label"])
    keys(found, "heartbeat", CHANGE)
    assert (found["run"], found["attempt"]) == (run["run"], 1)


def test_complete_says_how_strong_the_proof_is(board):
    run = claimed(board)
    (board.folder / "report.md").write_text("x")
    found = board.ok("complete", run["run"], "--artifact", "report.md")
    keys(
        found,
        "complete",
        {
            "success",
            "task",
            "task_id",
            "run",
            "state",
            "evidence_type",
            "evidence_count",
            "tier",
            "verified",
        },
    )
    assert found["success"] is True
    assert found["run"] == run["run"]
    assert (found["evidence_type"], found["evidence_count"]) == ("artifact", 1)
    assert (found["tier"], found["verified"], found["state"]) == ("artifact", True, "done")


@pytest.mark.parametrize(
    ("words", "state"),
    [(("fail", "--reason", "no access", "--final"), "failed:final"), (("release",), "ready")],
)
def test_an_ended_run_is_named_with_the_state_after_it(board, words, state):
    run = claimed(board)
    kind, *rest = words
    found = board.ok(kind, run["label"], *rest)
    keys(found, kind, CHANGE)
    assert (found["run"], found["attempt"], found["state"]) == (run["run"], 1, state)


@pytest.mark.parametrize(
    ("words", "state"),
    [
        (("ready", "TASK-001"), "ready"),
        (("block", "TASK-001", "siyao", "send-brief"), "blocked:siyao:send-brief"),
        (("cancel", "TASK-001"), "failed:cancelled"),
        (("done", "TASK-001"), "done"),
    ],
)
def test_what_a_person_says_answers_with_the_state_after_it(board, words, state):
    board.ok("add", "Work", "--status", "todo")
    found = board.ok(*words)
    keys(found, words[0], CHANGE)
    assert (found["task"], found["run"], found["state"]) == ("TASK-001", None, state)
    assert found["seq"] >= 3


def test_an_answer_leaves_the_state_to_who_says_ready(board):
    board.ok("add", "Work", "--status", "blocked:siyao:answer")
    found = board.ok("answer", "TASK-001", "The blue one.")
    keys(found, "answer", CHANGE)
    assert (found["task"], found["run"], found["state"]) == (
        "TASK-001",
        None,
        "blocked:siyao:answer",
    )


def test_once_sorts_what_it_ran_by_how_it_ended(board):
    board.ok("add", "Good", "--run", "true")
    board.ok("add", "Late", "--status", "blocked:until:2999-01-01T00:00Z")
    found = board.ok("once")
    keys(found, "once", {"started", "completed", "failed", "blocked", "waiting"})
    assert (found["started"], found["completed"]) == (["TASK-001"], ["TASK-001"])
    assert (found["failed"], found["blocked"]) == ([], [])
    assert found["waiting"] == [{"task": "TASK-002", "until": "2999-01-01T00:00Z"}]


def test_status_has_what_runs_what_waits_and_what_is_next(board):
    claimed(board)
    board.ok("add", "Mine", "--status", "blocked:ada:look-at-it")
    board.ok("add", "Theirs", "--status", "blocked:siyao:brief", "--owner", "siyao")
    board.ok("add", "Ahead", "--run", "true")
    found = board.ok("status")
    keys(
        found,
        "status",
        {
            *("daemon", "held", "paused", "counts", "running", "yours", "next"),
            *("cost_usd_today", "unpriced_tokens_today"),
        },
    )
    assert (found["daemon"], found["held"], found["paused"]) == (None, None, False)
    assert found["counts"] == {
        "open": 0,
        "unknown": 0,
        "ready": 1,
        "blocked": 2,
        "running": 1,
        "done": 0,
        "failed": 0,
        "withdrawn": 0,
    }
    for key, names in (("running", "TASK-001"), ("yours", "TASK-002"), ("next", "TASK-004")):
        assert [t["task"] for t in found[key]] == [names]
        more = {"asks", "clear"} if key == "yours" else set()
        assert all(set(t) == T | more for t in found[key])
    assert found["yours"][0]["clear"] == ["taskboard done TASK-002", "taskboard ready TASK-002"]
    assert found["cost_usd_today"] == 0


def test_without_a_command_it_is_status(board):
    assert board.ok()["kind"] == "status"


def test_check_lists_every_diagnosis(board):
    board.write("# Board\n\n## TASK-001 Odd\n- status: ready for review\n")
    said = board("check", "--json")
    keys(said.json, "check", {"diagnoses"})
    assert all(set(d) == D for d in said.json["diagnoses"])
    assert said.json["diagnoses"][0]["file"] == "task-board.md"
    assert said.json["diagnoses"][0]["line"] == 4


def test_verify_proves_the_ledger(board):
    found = board.ok("verify")
    keys(found, "verify", {"ok", "events", "seq", "head", "segments", "missing_objects", "fault"})
    assert (found["ok"], found["fault"], found["missing_objects"]) == (True, None, [])
    assert found["events"] == found["seq"] > 0
    assert len(found["head"]) == 64


def test_verify_names_the_byte_of_a_fault(board):
    board.ok("add", "Work")
    ledger = board.folder / "events.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"Work"', b'"Play"'))
    said = board("verify", "--json")
    assert said.code == 65
    assert said.err == ""
    assert set(said.json["fault"]) == {"file", "byte", "line", "seq", "reason"}


def test_doctor_lists_what_it_looked_at(board):
    found = board.ok("doctor")
    keys(found, "doctor", {"ok", "checks"})
    assert all(set(c) == {"name", "ok", "message", "hint", "warn"} for c in found["checks"])
    names = {c["name"] for c in found["checks"]}
    assert {
        "python",
        "packages",
        "workspace",
        "settings",
        "ownership",
        "trust",
        "locks",
        "write-back",
        "ledger",
        "board",
        "daemon",
        "executor shell",
    } <= names


def test_config_says_where_each_setting_comes_from(board):
    found = board.ok("config")
    keys(found, "config", {"settings"})
    assert all(set(s) == {"name", "value", "source", "where"} for s in found["settings"])
    by_name = {s["name"]: s for s in found["settings"]}
    assert by_name["owner"] == {
        "name": "owner",
        "value": "ada",
        "source": "environment",
        "where": "TASKBOARD_OWNER",
    }
    assert by_name["slots"]["where"] is None


@pytest.mark.parametrize("word", ["pause", "resume"])
def test_pause_and_resume_say_how_it_stands(board, word):
    found = board.ok(word)
    keys(found, word, {"paused", "seq"})
    assert found["paused"] is (word == "pause")
    assert board.ok("status")["paused"] is (word == "pause")


def test_init_and_trust_answer_in_json_too(desk):
    keys(
        desk.ok("init"),
        "init",
        {"board", "created", "ledger_id", "trusted", "ignored", "tasks"},
    )
    keys(desk.ok("trust"), "trust", {"path", "ledger_id", "tasks", "settings", "trusted"})
