"""What `check` and the settings say, once and with a step that a user has."""

from __future__ import annotations


def test_a_project_outside_is_one_mistake_and_is_told_once(board):
    board.write("# B\n\n## TASK-001 A\n- status: ready\n- project: ../x\n")
    found = board("check", "--json").json["diagnoses"]
    assert [(d["code"], d["line"]) for d in found] == [("TB121", 5)]


def test_a_project_that_a_link_leads_outside_is_told_too(board):
    (board.folder / "x").symlink_to(board.folder.parent)
    board.write("# B\n\n## TASK-001 A\n- status: ready\n- project: x\n")
    found = board("check", "--json").json["diagnoses"]
    assert [(d["code"], d["line"]) for d in found] == [("TB121", 3)]


def test_ids_that_changed_places_are_to_be_put_back(board):
    apples = "## TASK-001 Apples\n- status: ready\n\nRed.\n"
    pears = "## TASK-002 Pears\n- status: ready\n\nGreen.\n"
    text = f"# B\n\n{apples}\n{pears}"
    board.write(text)
    board.ok("pause")
    board.write(text.replace("001", "x").replace("002", "001").replace("x", "002"))
    board.ok("resume")
    found = board("check", "--json").json["diagnoses"]
    assert {d["code"] for d in found} == {"TB110"}
    assert {d["hint"] for d in found} == {"Put the two ids back, each over its own text."}
    assert board.ok("why", "TASK-001")["clear"] == ["put the ids back over their own texts"]


def test_mistakes_in_settings_point_to_what_a_user_has(board):
    (board.folder / "taskboard.toml").write_text("nonsense = 1\n")
    error = board("list", "--json").error
    assert "docs/" not in error["message"] + error["hint"]
    assert "`taskboard config` lists them." in error["message"]
    assert "taskboard config" in error["hint"]
