"""Bad input of every kind: a clear error with a code, the good rest goes on, nothing is lost."""

from __future__ import annotations

import json

import pytest

GOOD = """# B

## TASK-001 Good
- status: ready
- run: echo fine > good.txt
- artifacts: good.txt
"""


# What is wrong with one task: it does not start, and the good one beside it does.

ONE_BAD = {
    "cycle": (
        "TB201",
        "- needs: TASK-003\n\n## TASK-003 C\n- status: ready\n- run: ok\n- needs: TASK-002",
    ),
    "unknown blocker": ("TB202", "- needs: TASK-999"),
    "unclear needs": ("TB203", "- needs: TASK-001 to TASK-009"),
    "unclosed quote": ("TB108", "- run: echo 'never closed"),
    "project outside": ("TB121", "- project: ../elsewhere"),
    "bad duration": ("TB118", "- timeout: soon"),
}


@pytest.mark.parametrize("what", ONE_BAD)
def test_a_bad_task_does_not_start_and_the_good_one_does(bench, what):
    code, bad = ONE_BAD[what]
    run = "" if "run:" in bad else "- run: touch bad.txt\n"
    bench.board.write_text(f"{GOOD}\n## TASK-002 Bad\n- status: ready\n{run}{bad}\n")

    bench.run("once", "--wait", "0s", code=0)

    assert bench.states()["TASK-001"] == "done"
    assert bench.states()["TASK-002"] == "ready"
    assert not (bench.folder / "bad.txt").exists()
    found = bench.json("check", code=1)["diagnoses"]
    assert (code, "TASK-002") in [(d["code"], d["task"]) for d in found]
    why = bench.json("why", "TASK-002")
    assert why["runnable"] is False
    assert why["rule"] == ("cycle" if what == "cycle" else "invalid")


def test_a_monstrous_title_or_field_stops_nothing_else(bench):
    bench.board.write_text(
        f"# B\n\n## TASK-002 {'x' * 70_000}\n- status: ready\n- run: echo\n\n"
        f"## TASK-003 F\n- status: ready\n- run: echo {'y' * 140_000}\n\n"
        f"## {'A-' * 40_000}9 I\n- status: ready\n- run: true\n\n"
        f"## TASK-004 S\n- status: blocked:{'z' * 70_000}:b\n\n{GOOD[5:]}"
    )
    text = bench.board.read_text()

    bench.run("once", "--wait", "0s", code=0)

    assert bench.states()["TASK-001"] == "done"
    assert bench.states()["TASK-002"] == "done"
    assert bench.states()["TASK-003"] == "ready"
    assert "TB123" in bench.codes(code=1)
    assert "x" * 70_000 in bench.board.read_text()
    assert len(bench.board.read_text()) > len(text)
    assert max(len(json.dumps(e)) for e in bench.events()) < 65_536
    bench.run("add", "w" * 70_000, code=0)


def test_doubled_ids_start_neither_and_name_both(bench):
    bench.board.write_text(
        f"{GOOD}\n## TASK-002 A\n- status: ready\n- run: touch bad.txt\n"
        "\n## TASK-002 B\n- status: ready\n- run: touch bad.txt\n"
    )

    bench.run("once", "--wait", "0s", code=0)

    assert bench.states()["TASK-001"] == "done"
    assert not (bench.folder / "bad.txt").exists()
    found = [d for d in bench.json("check", code=1)["diagnoses"] if d["severity"] == "error"]
    assert sorted(d["line"] for d in found if d["task"] == "TASK-002") == [9, 13]


def test_an_unknown_state_never_runs_and_stays_as_it_was_typed(bench):
    bench.board.write_text(
        f"{GOOD}\n## TASK-002 A\n- status: Ready for review\n- run: touch bad.txt\n"
    )

    bench.run("once", code=0)

    assert bench.states()["TASK-002"] == "unknown"
    assert "- status: Ready for review\n" in bench.board.read_text()
    assert not (bench.folder / "bad.txt").exists()


def test_a_time_in_the_future_is_flagged(bench):
    bench.board.write_text("# B\n\n## TASK-001 A\n- status: running:bot:2099-01-01T00:00Z\n")

    assert bench.codes() == {"TB116"}


def test_a_status_without_an_id_that_is_neither_ready_nor_blocked_is_no_task(bench):
    bench.board.write_text(f"{GOOD}\n## Thoughts\n- status: done\n")

    found = [(d["code"], d["line"]) for d in bench.json("check")["diagnoses"]]

    assert found == [("TB113", 8)]
    assert set(bench.states()) == {"TASK-001"}


def test_a_field_without_a_value_is_named(bench):
    bench.board.write_text(f"{GOOD}- needs:\n")

    assert [(d["code"], d["line"]) for d in bench.json("check")["diagnoses"]] == [("TB115", 7)]


def test_a_missing_artifact_refuses_and_a_missing_input_waits(bench):
    bench.board.write_text(
        "# B\n\n## TASK-001 A\n- status: ready\n- run: echo no\n- artifacts: out.txt\n"
        "- max-attempts: 1\n\n## TASK-002 B\n- status: ready\n- run: cat in.txt\n"
        "- inputs: in.txt\n- owner: siyao\n"
    )

    bench.run("once", "--wait", "0s", code=1)

    assert bench.states() == {"TASK-001": "failed:exhausted_retries", "TASK-002": "ready"}
    assert (bench.folder / "deadletter" / "TASK-001.md").exists()
    board = bench.board.read_text()
    assert "siyao" in board.split("- note:")[1]
    assert "in.txt" in board.split("- note:")[1]
    (bench.folder / "in.txt").write_text("here")
    bench.run("once", code=0)
    assert bench.states()["TASK-002"] == "done"


# What is wrong with the whole file: it is held, nothing starts, nothing is written.

BROKEN = {
    "utf-16": GOOD.encode("utf-16"),
    "nul": GOOD.encode() + b"\0",
    "empty": b"",
    "cut in a fence": (GOOD + "\n```\nnever closed\n").encode(),
    "cut in a character": GOOD.encode() + "é".encode()[:1],
    "conflict": (GOOD + "\n<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n").encode(),
    "over 16 MB": GOOD.encode() + b"x" * (16 << 20),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_board_is_held_and_not_written_and_goes_on_when_it_is_whole(bench, what):
    waiting = GOOD.replace("- status: ready", "- status: todo")
    bench.board.write_text(waiting)
    bench.run("once", code=0)
    bench.board.write_bytes(BROKEN[what])

    bench.run("once", "--wait", "0s")

    assert bench.board.read_bytes() == BROKEN[what]
    assert "claimed" not in [e["type"] for e in bench.events()]
    assert bench.json("status")["held"]
    refused = bench.run("add", "More", "--json", code=3)
    assert json.loads(refused.stderr)["error"]["code"] == "board_held"
    bench.board.write_text(GOOD)
    bench.run("once", code=0)
    assert bench.states()["TASK-001"] == "done"


def test_bytes_that_are_not_utf8_pass_through_untouched(bench):
    bad = GOOD.encode() + b"\n\xff\xfe caf\xe9 \xa0 text\n"
    bench.board.write_bytes(bad)

    bench.run("once", code=0)

    assert bench.board.read_bytes().endswith(b"\n\xff\xfe caf\xe9 \xa0 text\n")
    assert bench.states()["TASK-001"] == "done"
    assert any(d["severity"] == "warning" for d in bench.json("check")["diagnoses"])


def test_three_mistakes_in_the_settings_are_told_at_once_with_their_lines(bench):
    bench.board.write_text(GOOD)
    (bench.folder / "taskboard.toml").write_text('slot = 3\ndebounce = "soon"\nroots = ["/"]\n')

    done = bench.run("status", "--json", code=78)

    error = json.loads(done.stderr)["error"]
    assert error["code"] == "settings"
    for line in ("taskboard.toml:1", "taskboard.toml:2", "taskboard.toml:3"):
        assert line in error["message"]
    assert bench.board.read_text() == GOOD


def test_every_bad_ledger_is_refused_with_its_place_and_left_as_it_is(bench):
    bench.board.write_text(GOOD)
    bench.run("once", code=0)
    ledger = bench.folder / "events.jsonl"
    lines = ledger.read_bytes().split(b"\n")
    lines[3] = lines[3].replace(b'"task":"TASK-001"', b'"task":"TASK-002"')
    ledger.write_bytes(b"\n".join(lines))
    broken = ledger.read_bytes()

    assert bench.json("verify", code=65)["fault"]["line"] == 4
    for words in (("once",), ("list",), ("add", "x")):
        assert (
            json.loads(bench.run(*words, "--json", code=65).stderr)["error"]["code"] == "corrupt"
        )
    assert ledger.read_bytes() == broken


@pytest.mark.parametrize("project", ["link", ".taskboard"])
def test_a_project_that_a_link_leads_out_of_the_workspace_is_refused(
    bench, project, tmp_path_factory
):
    outside = tmp_path_factory.mktemp("outside")
    (bench.folder / "link").symlink_to(outside)
    bench.board.write_text(
        f"{GOOD}\n## TASK-002 A\n- status: ready\n- run: touch x\n- project: {project}\n"
    )

    bench.run("once", "--wait", "0s", code=0)

    assert bench.states()["TASK-002"] == "ready"
    assert not list(outside.iterdir())
    assert ("TB121", "TASK-002") in [
        (d["code"], d["task"]) for d in bench.json("check", code=1)["diagnoses"]
    ]


@pytest.mark.parametrize("time", ["2026-99-99T00:00Z", "2026-02-30T10:00Z"])
def test_an_impossible_time_is_no_state(bench, time):
    bench.board.write_text(f"# B\n\n## TASK-001 A\n- status: blocked:until:{time}\n")

    assert "TB112" in bench.codes()
    bench.run("block", "TASK-001", "until", time, code=2)
