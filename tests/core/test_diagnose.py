import re
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskboard.core.codes import CODES
from taskboard.core.diagnose import diagnose
from taskboard.core.field_rules import open_quote
from taskboard.core.parse import parse
from taskboard.core.state import READY, WITHDRAWN, Kind, Status

NOW = datetime(2026, 4, 20, 15, 25, tzinfo=UTC)


def found(text, **more):
    data = text if isinstance(text, bytes) else text.encode()
    return diagnose(parse(data), now=NOW, **more)


def codes(text, **more):
    return [d.code for d in found(text, **more)]


def task(*lines, name="A-1", status="ready"):
    return f"## {name} x\n- status: {status}\n" + "".join(f"- {line}\n" for line in lines)


def test_a_sound_board_has_no_diagnoses():
    fields = (
        "run: `echo \"it's fine\" && make # don't stop`", "timeout: 90s",
        "not-before: 2026-04-20T15:25Z",
        "max-attempts: 3", "budget: $2.50", "priority: High", "evidence: check, commit",
        "project: sites/one/../two", "needs: B-1", "measure: `a` and `b`",
    )  # fmt: skip
    assert codes(task(*fields) + task(name="B-1", status="running:ada:2026-04-20T15:25Z")) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("verify:", "TB115"),
        ("run: echo 'almost", "TB108"),
        ('verify: echo "almost', "TB108"),
        ("run: echo almost\\", "TB108"),
        ("measure: `make test", "TB109"),
        ("verify: `make test` passes", "TB124"),
        ("timeout: soon", "TB118"),
        ("timeout: 3600", "TB118"),
        ("not-before: tomorrow", "TB118"),
        ("not-before: 2026-13-01T00:00Z", "TB118"),
        ("max-attempts: 0", "TB118"),
        ("max-attempts: many", "TB118"),
        ("budget: cheap", "TB118"),
        ("steps: ../../.., generate", "TB118"),
        ("steps: analyze, output.log", "TB118"),
        ("priority: urgent", "TB125"),
        ("evidence: check, screenshot", "TB119"),
        ("project: ../other", "TB121"),
        ("project: a/../../other", "TB121"),
        ("project: /etc", "TB121"),
        ("project: ~/x", "TB121"),
        ("state: done", "TB114"),
        (f"measure: {'x' * 17000}", "TB123"),
        ("needs: B-1 - B-5", "TB203"),
        ("needs: B-*", "TB203"),
        ("needs: all", "TB203"),
        ("needs: B-1 (preferably)", "TB203"),
        ("needs: B-9", "TB202"),
        ("needs: A-1", "TB201"),
        ("needs: TASK-0801 and Phase 7. Unblocked.", "TB203"),
        ("needs: CG-001-CG-012", "TB203"),
        ("needs: B-1..B-5", "TB203"),
        ("needs: B-1–B-5", "TB203"),
        ("needs: ET-*", "TB203"),
        ("needs: 1.2 (ترجیحاً)", "TB203"),
        ("needs: B-1 preferably", "TB203"),
        ("needs: after the launch", "TB203"),
    ],
)
def test_a_field_that_cannot_be_obeyed_is_diagnosed_on_its_line(line, code):
    (diagnosis,) = found(task("owner: ada", line) + task(name="B-1", status="todo"))
    assert diagnosis.code == code
    assert diagnosis.task == "A-1"
    assert diagnosis.line in (1, 4)
    assert diagnosis.severity == CODES[code].severity
    assert diagnosis.message
    assert diagnosis.hint


@pytest.mark.parametrize(
    "text",
    ["Depends on: TASK-052 (Done), TASK-053 (Done)", "Blocked by: All CG, ET", "依赖：所有, 一切"],
)
def test_every_unclear_word_is_named(text):
    words = [word.strip() for word in re.split("[:：]", text)[1].split(",")]
    said = {d.message.partition(" in ")[0] for d in found(task(text)) if d.code == "TB203"}
    assert said == {repr(word) for word in words}


def test_a_range_that_is_somebodys_id_is_an_id():
    text = task("needs: CG-001-CG-012")
    assert codes(text + task(name="CG-001-CG-012", status="todo")) == []


def test_a_task_waits_for_every_field_that_says_so():
    text = task("needs: B-1", "Blocked by: B-2") + task(name="B-1", status="todo")
    assert codes(text) == ["TB202"]
    assert parse(text.encode()).items[0].values()["needs"] == "B-1, B-2"


def test_columns_count_characters_from_one():
    (diagnosis,) = found(task("**Timeout:** soon"))
    assert (diagnosis.line, diagnosis.column) == (3, 16)


def test_a_project_beneath_a_permitted_root_is_fine():
    text = task("project: /srv/work/site")
    assert codes(text, roots=("/srv/work/",)) == []
    assert codes(text, roots=("/srv/wor",)) == ["TB121"]
    assert codes(task("project: /srv/work/../x"), roots=("/srv/work",)) == ["TB121"]


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("Ready for review", "alone"),
        ("redy", "'ready'"),
        ("completed", "'done'"),
        ("in progress", "claim"),
        ("waiting on legal", "blocked:"),
        ("cancelled", "failed:cancelled"),
        ("🔴", "ready, done"),
        ("blocked:until:tomorrow", "blocked:"),
        ("✅ Completed (March 1, 2026)", "'done'"),
        ("done by Antigravity (2026-02-04)", "'done'"),
        ("✅", "'done'"),
        ("✅ Ready for review", "'ready' alone"),
        ("**ready**", "'ready' alone"),
        ("🟡 CLAIMED by Oracle1 🔮 | **Posted:** 2026-04-11", "claim"),
        ("[IN PROGRESS - 40%]", "claim"),
        ("🔄", "claim"),
        ("in_progress", "claim"),
        ("⬜ PENDING", "Write 'pending', alone"),
        ("⏳ planned", "Write 'planned', alone"),
        ("BLOCKED by TASK-7", "blocked:task:TASK-7"),
        ("blocked:nosql", "blocked:ada:review"),
        ("⛔", "blocked:"),
        ("In review", "blocked:ada:review"),
        ("needs-human", "blocked:"),
        ("deferred to Q3", "'later'"),
        ("won’t do", "failed:cancelled"),
        ("❌", "failed:"),
        ("[-]", "failed:"),
    ],
)
def test_an_unknown_status_is_shown_with_the_nearest_word(word, hint):
    (diagnosis,) = found(task(status=word))
    assert diagnosis.code == "TB112"
    assert hint in diagnosis.hint


def test_a_run_that_began_in_the_future_is_flagged():
    assert codes(task(status="running:ada:2026-04-20T15:26Z")) == []
    assert codes(task(status="running:ada:2026-04-20T17:25Z")) == ["TB116"]
    assert codes(task(status="blocked:until:2030-04-20T17:25Z")) == []


def test_every_copy_of_an_id_is_named():
    diagnoses = found(task() + task(name="B-1") + task())
    assert [(d.code, d.line, d.task) for d in diagnoses] == [
        ("TB111", 1, "A-1"),
        ("TB111", 5, "A-1"),
    ]


def test_a_circle_is_shown_with_its_path_from_every_member():
    text = task("needs: B-1") + task("needs: C-1", name="B-1")
    text += task(name="C-1", status="blocked:task:A-1")
    assert [(d.code, d.message) for d in found(text)] == [
        ("TB201", "A-1 -> B-1 -> C-1 -> A-1"),
        ("TB201", "B-1 -> C-1 -> A-1 -> B-1"),
        ("TB201", "C-1 -> A-1 -> B-1 -> C-1"),
    ]


def test_a_parent_waits_for_its_child_so_the_child_may_not_need_it():
    text = task() + "### A-2 y\n- status: ready\n- needs: A-1\n"
    assert {d.message for d in found(text)} == {"A-1 -> A-2 -> A-1", "A-2 -> A-1 -> A-2"}


def test_a_circle_with_a_finished_task_is_none():
    text = task("needs: B-1") + task("needs: A-1", name="B-1", status="done")
    assert codes(text) == []
    assert codes(text, known={"B-1": READY}) == ["TB201", "TB201"]


def test_a_long_chain_and_a_large_circle_are_bounded():
    chain = "".join(task(f"needs: A-{n + 1}", name=f"A-{n}") for n in range(3000))
    assert codes(chain + task(name="A-3000")) == []
    ring = found(chain + task("needs: A-0", name="A-3000"))
    assert len(ring) == 3001
    assert all(len(d.message) < 300 for d in ring)


def test_a_lost_blocker_is_reported_on_every_waiter():
    text = task("needs: B-1") + task(name="C-1", status="blocked:task:B-1")
    failed = Status(Kind.FAILED, "final")
    assert codes(text) == ["TB202", "TB202"]
    assert codes(text, known={"B-1": failed}) == ["TB204", "TB204"]
    assert codes(text, known={"B-1": WITHDRAWN}) == ["TB205", "TB205"]
    assert codes(text, known={"B-1": READY}) == []
    assert codes(text + task(name="B-1", status="failed:final")) == ["TB204", "TB204"]


def test_a_blocker_without_a_status_is_no_task():
    diagnoses = found(task("needs: B-1") + "## B-1 y\n")
    assert [d.code for d in diagnoses] == ["TB202", "TB117"]
    assert "that is a task" in diagnoses[0].message


def test_nobody_is_needed_by_a_dash():
    for word in ("none", "None", "-", "—"):
        assert codes(task(f"needs: {word}")) == []


def test_an_open_task_inside_a_done_one_is_no_child():
    text = task(status="done") + "### A-2 y\n- status: ready\n"
    assert codes(text) == ["TB120"]
    assert codes(text.replace("ready", "done")) == []
    assert codes(text, known={"A-1": READY}) == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("run: rm x\n", [3]),
        ("**verify:** true\n", [3]),
        ("+ run: rm x\n", [3]),
        ("run：rm x\n", [3]),
        ("**Run:** rm x\n- owner: ada\n**Agent**: b\n* needs: A-1\nProject: z", [3, 5, 7]),
        ("\n- run: late\n", [4]),
        ("Owner: ann\nrun: rm x\n", [4]),
        ("\nProse first.\n\nrun: rm x\n", []),
        ("\nWe run: a lot\n", []),
    ],
)
def test_an_executable_key_in_another_form_or_place_is_told(text, lines):
    board = parse(("## A-1 x\n- status: ready\n" + text).encode())
    found = diagnose(board, now=NOW)
    assert [d.line for d in found if d.code == "TB122"] == lines
    assert "run" not in board.items[0].values()


@pytest.mark.parametrize(
    ("data", "code", "severity"),
    [
        (b"", "TB104", "error"),
        ("# B\n".encode("utf-16"), "TB102", "error"),
        (b"# B\0\n", "TB103", "error"),
        (b" " * (16 * 1024 * 1024 + 1), "TB105", "error"),
        (b"# B\n<<<<<<< a\n>>>>>>> b\n", "TB106", "error"),
        (b"# B\n```\n", "TB107", "warning"),
        (b"# B \xff\n", "TB101", "warning"),
        (b"## x\n- status: todo\n", "TB113", "warning"),
        (b"## A-1 x\n", "TB117", "info"),
    ],
)
def test_what_is_wrong_with_the_text_itself_is_diagnosed(data, code, severity):
    assert [(d.code, d.severity) for d in found(data)] == [(code, severity)]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.text(max_size=60))
def test_no_text_makes_a_rule_raise(data, value):
    diagnose(parse(data), now=NOW)
    fields = ("run", "needs", "timeout", "evidence", "project", "status", "priority")
    for diagnosis in found(
        "".join(task(f"{key}: {value}") for key in fields).encode("utf-8", "replace")
    ):
        assert diagnosis.code in CODES


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab '\"\\`$()#;", max_size=12))
def test_a_command_called_unclosed_is_refused_by_the_shell(command):
    if open_quote(command) is not None:
        answer = subprocess.run(["/bin/sh", "-n", "-c", command], check=False, capture_output=True)
        assert answer.returncode != 0 or command.endswith("\\")


@pytest.mark.parametrize(
    "command",
    [
        "echo it\\'s", "echo \"it's\"", "echo 'say \"x'", 'echo "$(echo "x")"', "make # don't",
        "echo \"$(echo 'a\"b')\"", "echo `date`", "echo \"`echo 'x'`\"", "(cd a && b)", "echo \\`",
    ],
)  # fmt: skip
def test_a_command_that_the_shell_takes_is_not_called_unclosed(command):
    assert open_quote(command) is None


def test_every_code_is_complete_and_in_order():
    assert list(CODES) == sorted(CODES)
    assert len({row.name for row in CODES.values()}) == len(CODES)
    for row in CODES.values():
        assert row.severity in ("error", "warning", "info")
        assert row.meaning.endswith(".")
        assert row.cure.endswith(".") or row.cure.endswith(").")
